package io.quern.runtime;

import io.quern.kernels.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The kernel tiers of this JVM. Tiers that need more than plain Java are found by name, once, when
 * this class is first used; the reason why one is missing is kept.
 */
public final class Tiers {
  /** All tiers, the most demanding first. */
  public static final List<String> NAMES = List.of("asm", "vector", "portable", "reference");

  /**
   * Tiers that are used only when asked for by name. The vector tier's bytes are right, but the
   * JVM's compilers do not yet keep all of its vectors in registers: it allocates on some layers,
   * which a run must not.
   */
  private static final List<String> ON_REQUEST = List.of("vector");

  private static final Map<String, Tier> AVAILABLE = new LinkedHashMap<>();
  private static final Map<String, String> MISSING = new LinkedHashMap<>();

  static {
    for (String name : NAMES) {
      try {
        Class<?> c =
            Class.forName(
                "io.quern.kernels."
                    + name
                    + "."
                    + Character.toUpperCase(name.charAt(0))
                    + name.substring(1)
                    + "Tier");
        AVAILABLE.put(name, (Tier) c.getDeclaredConstructor().newInstance());
      } catch (ReflectiveOperationException | LinkageError e) {
        MISSING.put(name, reason(name, e));
      }
    }
  }

  private Tiers() {}

  private static String reason(String name, Throwable e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    if (cause instanceof UnsupportedOperationException) {
      return cause.getMessage();
    }
    if (name.equals("vector") && ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      return "the module jdk.incubator.vector is not loaded; start java with --add-modules jdk.incubator.vector";
    }
    if (name.equals("asm") && Runtime.version().feature() < 22) {
      return "it needs JDK 22 or newer, this is " + Runtime.version().feature();
    }
    return e instanceof ClassNotFoundException
        ? "this build does not contain it"
        : cause.toString();
  }

  /** Names of the tiers that this JVM can run, the fastest first. */
  public static List<String> available() {
    return List.copyOf(AVAILABLE.keySet());
  }

  /** Whether {@code auto} may choose a tier. */
  public static boolean isAutomatic(String name) {
    return !ON_REQUEST.contains(name);
  }

  /** One line that says why a tier cannot run here; null when it can. */
  public static String whyMissing(String name) {
    return MISSING.get(name);
  }

  /**
   * The tiers to ask for a kernel, in order: the named one and those below it. The vector tier only
   * takes part when named.
   *
   * @param name {@code auto} or a tier's name
   * @throws IllegalArgumentException if there is no such tier, or this JVM cannot run it
   */
  public static List<Tier> order(String name) {
    if (!name.equals("auto")) {
      if (!NAMES.contains(name)) {
        throw new IllegalArgumentException(
            "unknown tier " + name + "; known are auto, " + String.join(", ", NAMES));
      }
      if (MISSING.containsKey(name)) {
        throw new IllegalArgumentException(
            "tier " + name + " is not available: " + MISSING.get(name));
      }
    }
    List<Tier> order = new ArrayList<>();
    boolean from = name.equals("auto");
    for (Map.Entry<String, Tier> e : AVAILABLE.entrySet()) {
      boolean named = e.getKey().equals(name);
      from |= named;
      if (from && (named || !ON_REQUEST.contains(e.getKey()))) {
        order.add(e.getValue());
      }
    }
    return order;
  }
}
