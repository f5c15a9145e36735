package io.quern.bench.peers;

import io.quern.data.Json;
import io.quern.report.TextTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Results of all networks as a table or as JSON. Ratios are a peer's time over ours on as many
 * threads: above 1 we are faster. All ratios are medians of those of each round.
 */
final class Results {
  private final List<Result> all = new ArrayList<>();
  private final List<String> peers;

  /**
   * @param peers names, in the order of columns
   */
  Results(List<String> peers) {
    this.peers = peers;
  }

  void add(List<Result> results) {
    all.addAll(results);
  }

  private Result find(String network, String name, int threads) {
    return first(
        r ->
            r.network().equals(network)
                && r.entrant().name().equals(name)
                && r.entrant().threads() == threads);
  }

  private Result first(Predicate<Result> wanted) {
    return all.stream().filter(wanted).findFirst().orElse(null);
  }

  private List<Result> own() {
    return all.stream().filter(r -> r.entrant().own()).toList();
  }

  /** The peer's time over ours, or NaN. */
  private double ratio(Result own, String peer) {
    Result other = find(own.network(), peer, own.entrant().threads());
    return other == null ? Double.NaN : Result.ratio(other.rounds(), own.rounds());
  }

  /** Our time on one thread over ours, or NaN. */
  private double speedUp(Result own) {
    Result one = find(own.network(), own.entrant().name(), 1);
    return one == null ? Double.NaN : Result.ratio(one.rounds(), own.rounds());
  }

  /** The same of as many processes with one thread at once: what the machine has to give. */
  private double atOnce(Result own) {
    Result one = find(own.network(), own.entrant().name(), 1);
    return one == null || own.atOnce() == null
        ? Double.NaN
        : Result.ratio(one.rounds(), own.atOnce());
  }

  /** The table, its geometric means at the end. */
  String text() {
    List<String> header = new ArrayList<>(List.of("network", "tier", "threads"));
    header.addAll(List.of("us", "GMAC/s", "of peak", "x 1 thread", "at once"));
    peers.forEach(p -> header.add(p + " us (x)"));
    TextTable table = new TextTable(2, header.toArray(String[]::new));
    for (Result r : own()) {
      List<String> row = new ArrayList<>(List.of(r.network(), r.entrant().name()));
      row.add("" + r.entrant().threads());
      row.add(number("%.0f", r.micros()));
      row.add(number("%.1f", r.macsPerSecond() / 1e9));
      row.add(r.peak() == 0 ? "-" : number("%.0f %%", 100 * r.macsPerSecond() / r.peak()));
      row.add(number("%.2f", speedUp(r)));
      row.add(number("%.2f", atOnce(r)));
      for (String p : peers) {
        Result other = find(r.network(), p, r.entrant().threads());
        row.add(
            other == null ? "-" : number("%.0f", other.micros()) + number(" (%.2f)", ratio(r, p)));
      }
      table.row(row.toArray(String[]::new));
    }
    means(table);
    return table.toString();
  }

  private void means(TextTable table) {
    Map<String, Result> configurations = new LinkedHashMap<>();
    own().forEach(r -> configurations.putIfAbsent(configuration(r), r));
    configurations.forEach(
        (configuration, r) -> {
          List<String> row = new ArrayList<>(List.of("geometric mean", r.entrant().name()));
          row.addAll(List.of("" + r.entrant().threads(), "", "", ""));
          row.add(number("%.2f", mean(configuration, this::speedUp)));
          row.add(number("%.2f", mean(configuration, this::atOnce)));
          peers.forEach(p -> row.add(number("(%.2f)", mean(configuration, own -> ratio(own, p)))));
          table.row(row.toArray(String[]::new));
        });
  }

  private static String configuration(Result own) {
    return own.entrant().name() + " " + own.entrant().threads();
  }

  private double mean(String configuration, java.util.function.ToDoubleFunction<Result> ratio) {
    return Math.exp(
        own().stream()
            .filter(r -> configuration(r).equals(configuration))
            .mapToDouble(ratio)
            .filter(x -> !Double.isNaN(x))
            .map(Math::log)
            .average()
            .orElse(Double.NaN));
  }

  private static String number(String format, double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
  }

  /** Largest differences of the peers' outputs. */
  String differences() {
    StringBuilder s = new StringBuilder();
    for (String p : peers) {
      s.append(s.isEmpty() ? "" : ", ").append(p);
      all.stream()
          .filter(r -> r.entrant().name().equals(p))
          .mapToDouble(Result::largestDifference)
          .max()
          .ifPresent(d -> s.append(' ').append(number("%.4g", d)));
    }
    return s.toString();
  }

  /** One document. */
  String json(Object machine) {
    List<Object> list = new ArrayList<>();
    for (Result r : all) {
      Map<String, Object> o =
          Json.object(
              "network", r.network(),
              "runtime", r.entrant().own() ? "quern" : r.entrant().name(),
              "threads", r.entrant().threads(),
              "medianMicros", r.micros(),
              "macs", r.macs(),
              "macsPerSecond", Math.rint(r.macsPerSecond()),
              "peakMacsPerSecond", Math.rint(r.peak()),
              "largestDifference", r.largestDifference());
      if (r.entrant().own()) {
        Map<String, Object> ratios = new LinkedHashMap<>();
        peers.stream()
            .filter(p -> !Double.isNaN(ratio(r, p)))
            .forEach(p -> ratios.put(p, ratio(r, p)));
        o.put("tier", r.entrant().name());
        o.put("peerTimeOverOurs", ratios);
        if (!Double.isNaN(speedUp(r))) {
          o.put("timesOneThread", speedUp(r));
        }
        if (!Double.isNaN(atOnce(r))) {
          o.put("timesOneThreadAtOnce", atOnce(r));
        }
      }
      list.add(o);
    }
    return Json.writePretty(Json.object("schema", 1, "machine", machine, "results", list));
  }
}
