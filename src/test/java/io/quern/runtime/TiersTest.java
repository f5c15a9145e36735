package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quern.kernels.Tier;
import io.quern.testing.FreshJava;
import java.lang.ProcessBuilder.Redirect;
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

  /** Prints why the vector tier is missing. */
  public static void main(String[] args) {
    System.out.print(Tiers.whyMissing("vector"));
  }

  /** As in 32-bit Java on Arm. */
  @Test
  void shortVectors() throws Exception {
    String reason =
        FreshJava.printed(
            TiersTest.class,
            Redirect.DISCARD,
            "-XX:MaxVectorSize=8",
            "--add-modules=jdk.incubator.vector");
    assertEquals("vectors have 64 bits here, 128 are needed", reason);
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
