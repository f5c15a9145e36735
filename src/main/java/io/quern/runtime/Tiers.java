package io.quern.runtime;

import io.quern.kernels.Tier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The kernel tiers of this JVM. Tiers that need more than plain Java are found by name, once, when
 * they are first asked for; the reason why one is missing is kept.
 */
public final class Tiers {
  /** All tiers, the most demanding first. */
  public static final List<String> NAMES = List.of("asm", "vector", "portable", "reference");

  private static final Map<String, Loaded> LOADED = new HashMap<>();

  /** A tier, or why it is missing. */
  private record Loaded(Tier tier, Throwable failure) {}

  private Tiers() {}

  private static synchronized Loaded load(String name) {
    Loaded known = LOADED.get(name);
    if (known == null) {
      known = find(name);
      LOADED.put(name, known);
    }
    return known;
  }

  private static Loaded find(String name) {
    try {
      Class<?> c =
          Class.forName(
              "io.quern.kernels."
                  + name
                  + "."
                  + Character.toUpperCase(name.charAt(0))
                  + name.substring(1)
                  + "Tier");
      return new Loaded((Tier) c.getDeclaredConstructor().newInstance(), null);
    } catch (ReflectiveOperationException | LinkageError e) {
      return new Loaded(null, e);
    }
  }

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
    return NAMES.stream().filter(name -> load(name).tier() != null).toList();
  }

  /** One line that says why a tier cannot run here; null when it can. */
  public static String whyMissing(String name) {
    if (!NAMES.contains(name) || load(name).failure() == null) {
      return null;
    }
    return reason(name, load(name).failure());
  }

  /**
   * Refuses what is no tier, whether or not this JVM could run it.
   *
   * @param name {@code auto} or a tier's name
   * @throws IllegalArgumentException if there is no such tier
   */
  public static void requireKnown(String name) {
    if (!name.equals("auto") && !NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "unknown tier '" + name + "'; known are auto, " + String.join(", ", NAMES));
    }
  }

  /**
   * The tiers to ask for a kernel, in order: the named one and those below it.
   *
   * @param name {@code auto} or a tier's name
   * @throws IllegalArgumentException if there is no such tier, or this JVM cannot run it
   */
  public static List<Tier> order(String name) {
    requireKnown(name);
    if (!name.equals("auto") && whyMissing(name) != null) {
      throw new IllegalArgumentException("tier " + name + " is not available: " + whyMissing(name));
    }
    List<Tier> order = new ArrayList<>();
    boolean from = name.equals("auto");
    for (String candidate : NAMES) {
      from |= candidate.equals(name);
      if (from && load(candidate).tier() != null) {
        order.add(load(candidate).tier());
      }
    }
    return order;
  }
}
