package io.quern.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.runtime.Tiers;
import java.util.ArrayList;
import java.util.List;

/** The tiers that this JVM must be able to run; that one cannot is a failure, not a skip. */
final class TiersThatMustRun {
  private TiersThatMustRun() {}

  /** Their names, {@code reference} first. */
  static List<String> find() {
    List<String> tiers = new ArrayList<>(List.of("reference"));
    for (String name : List.of("portable", "vector", "asm")) {
      String reason = Tiers.whyMissing(name);
      if (reason == null) {
        tiers.add(name);
      } else {
        assertTrue(mayBeMissing(name), "tier " + name + " should run here: " + reason);
        System.out.println("*** tier " + name + " does not run: " + reason + " ***");
      }
    }
    return tiers;
  }

  private static boolean mayBeMissing(String name) {
    String type = "io.quern.kernels." + name + "." + Character.toUpperCase(name.charAt(0));
    try {
      Class.forName(
          type + name.substring(1) + "Tier", false, TiersThatMustRun.class.getClassLoader());
    } catch (ClassNotFoundException | UnsupportedClassVersionError e) {
      return true; // not built, or built for a newer JDK
    }
    if (name.equals("vector")) {
      return System.getProperty("os.arch").equals("arm"); // its JDK has the module, but no vectors
    }
    String machine = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    return name.equals("asm") && !machine.equals("Linux amd64");
  }
}
