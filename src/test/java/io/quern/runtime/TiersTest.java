package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quern.kernels.Tier;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which tiers there are, and why one is missing. */
class TiersTest {
  @Test
  void everyMissingTierSaysWhyInOneLine() {
    List<String> available = Tiers.available();
    for (String name : Tiers.NAMES) {
      String reason = Tiers.whyMissing(name);
      if (available.contains(name)) {
        assertNull(reason, name);
      } else {
        assertFalse(reason.isBlank() || reason.contains("\n"), name + ": " + reason);
        IllegalArgumentException e =
            assertThrows(IllegalArgumentException.class, () -> Tiers.order(name));
        assertEquals("tier " + name + " is not available: " + reason, e.getMessage());
      }
    }
  }

  @Test
  void oldJavaHasNoMachineCode() {
    int release = Runtime.version().feature();
    List<String> order = Tiers.order("auto").stream().map(Tier::name).toList();
    if (release < 22) {
      assertEquals("it needs JDK 22 or newer, this is " + release, Tiers.whyMissing("asm"));
      assertFalse(order.contains("asm"), order.toString());
    }
    assertEquals("reference", order.get(order.size() - 1));
  }
}
