package io.quern.target;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What {@code quern targets} prints. */
public final class BoardText {
  private BoardText() {}

  /** A table of all boards. */
  public static String list(List<Board> boards) {
    StringBuilder out = new StringBuilder();
    String line = "%-15s %-31s %-12s %3s %5s %6s  %-8s  %s%n";
    out.append(
        String.format(
            Locale.ROOT,
            line,
            "TARGET",
            "BOARD",
            "CORE",
            "N",
            "MHZ",
            "MIB",
            "JAVA",
            "TIERS (newest Java)"));
    for (Board b : boards) {
      int newest = b.jdks().get(b.jdks().size() - 1);
      out.append(
          String.format(
              Locale.ROOT,
              line,
              b.id(),
              b.name(),
              b.core(),
              b.cores(),
              b.clockMhz(),
              b.ramMib(),
              join(b.jdks()),
              String.join(" ", b.tiers(newest))));
    }
    return out.toString();
  }

  /** All that is known about one board, and why. */
  public static String explain(Board b) {
    StringBuilder out = new StringBuilder();
    out.append(b.name()).append(" (").append(b.id());
    for (String alias : b.aliases()) {
      out.append(", ").append(alias);
    }
    out.append(")\n");
    row(
        out,
        "processor",
        b.chip() + ": " + b.cores() + " x " + b.core() + " at " + b.clockMhz() + " MHz");
    StringBuilder caches = new StringBuilder();
    b.caches()
        .forEach(
            (name, kib) ->
                caches
                    .append(caches.length() == 0 ? "" : ", ")
                    .append(name)
                    .append(" ")
                    .append(kib)
                    .append(" KiB"));
    row(out, "caches", caches.toString());
    row(out, "instructions", String.join(" ", b.isa()));
    row(out, "", b.isaNote());
    row(out, "memory", b.ramMib() + " MiB (the smallest on sale)");
    for (String system : b.systems()) {
      row(out, "system", system);
    }
    row(out, "budget", b.residentMib() + " MiB resident, of which heap " + b.heapMib() + " MiB");
    row(out, "threads", b.threads() + ": " + b.threadsReason());
    out.append("\n  tiers, first to last\n");
    for (int jdk : b.jdks()) {
      out.append("    Java ")
          .append(jdk)
          .append(": ")
          .append(String.join(", ", b.tiers(jdk)))
          .append("\n");
    }
    out.append(
        "\n  one core, GMAC/s (modelled on the inner loop alone, unless it says measured)\n");
    b.throughput()
        .forEach(
            (tier, t) ->
                out.append(
                    String.format(
                        Locale.ROOT,
                        "    %-10s %5.1f%s%n               %s%n",
                        tier,
                        t.gmacs(),
                        Double.isNaN(t.cyclesPerMac())
                            ? ""
                            : String.format(
                                Locale.ROOT, "   %.3g cycles per MAC", t.cyclesPerMac()),
                        t.reason())));
    out.append("\n  JVM flags\n");
    for (Board.Flag f : b.flags()) {
      out.append("    ").append(f.value());
      out.append(f.release() == 0 ? "" : "   (Java " + f.release() + " and later)");
      out.append(f.until() == Integer.MAX_VALUE ? "" : "   (Java " + f.until() + " and earlier)");
      out.append("\n        ").append(f.reason()).append("\n");
    }
    return out.toString();
  }

  /** All boards as a JSON list. */
  public static String json(List<Board> boards) {
    List<Object> out = new ArrayList<>();
    for (Board b : boards) {
      out.add(map(b));
    }
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < out.size(); i++) {
      text.append(i == 0 ? "\n" : ",\n").append(Json.write(out.get(i)).strip());
    }
    return text.append("\n]\n").toString();
  }

  static Map<String, Object> map(Board b) {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("id", b.id());
    m.put("name", b.name());
    m.put("aliases", b.aliases());
    m.put("arch", b.arch());
    m.put("chip", b.chip());
    m.put("core", b.core());
    m.put("cores", b.cores());
    m.put("clockMhz", b.clockMhz());
    m.put("cachesKib", b.caches());
    m.put("isa", b.isa());
    m.put("ramMib", b.ramMib());
    m.put("jdks", b.jdks());
    m.put("threads", b.threads());
    m.put("residentMib", b.residentMib());
    m.put("heapMib", b.heapMib());
    Map<String, Object> tiers = new LinkedHashMap<>();
    b.tiers().forEach((jdk, names) -> tiers.put(String.valueOf(jdk), names));
    m.put("tiers", tiers);
    Map<String, Object> flags = new LinkedHashMap<>();
    b.flags()
        .forEach(f -> flags.put(f.value(), Map.of("release", f.release(), "reason", f.reason())));
    m.put("flags", flags);
    Map<String, Object> model = new LinkedHashMap<>();
    b.throughput()
        .forEach(
            (tier, t) -> {
              Map<String, Object> one = new LinkedHashMap<>();
              one.put("gmacsPerCore", t.gmacs());
              one.put("cyclesPerMac", t.cyclesPerMac());
              one.put("derivation", t.reason());
              model.put(tier, one);
            });
    m.put("modelledThroughput", model);
    return m;
  }

  private static void row(StringBuilder out, String key, String value) {
    if (!value.isEmpty()) {
      out.append(String.format(Locale.ROOT, "  %-13s %s%n", key, value));
    }
  }

  private static String join(List<Integer> values) {
    StringBuilder out = new StringBuilder();
    for (int v : values) {
      out.append(out.length() == 0 ? "" : " ").append(v);
    }
    return out.toString();
  }
}
