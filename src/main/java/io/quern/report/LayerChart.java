package io.quern.report;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The graph of a path, an operator a row, with local and accumulated SQNR as bars beside it and the
 * worst layers marked.
 */
final class LayerChart {
  private static final int ROW = 20;
  private static final int TOP = 18;
  private static final int LANE = 11;
  private static final int NAME = 146;
  private static final int FIGURES = 78;
  private static final int WORST = 3;
  private static final double FULL_DB = 60;

  private final PathResult path;
  private final Map<Integer, LayerError> errors = new HashMap<>();
  private final Set<Integer> worst;
  private final Lanes lanes;
  private final int width;
  private final int namesAt;
  private final int barsAt;

  LayerChart(PathResult path, int width) {
    this.path = path;
    this.width = width;
    path.layers().forEach(e -> errors.put(e.operator(), e));
    this.worst = new HashSet<>(worst(path).stream().map(LayerError::operator).toList());
    this.lanes = new Lanes(path.graph());
    this.namesAt = LANE * Math.min(lanes.count(), 8) + 6;
    this.barsAt = namesAt + NAME;
  }

  /** The layers with the lowest local SQNR, the worst first. */
  static List<LayerError> worst(PathResult p) {
    return p.layers().stream()
        .filter(e -> e.local() != null && Double.isFinite(e.local().sqnrDb()))
        .sorted(Comparator.comparingDouble(e -> e.local().sqnrDb()))
        .limit(WORST)
        .toList();
  }

  String draw(String cssClass) {
    int rows = path.graph().operators().size();
    Svg s =
        new Svg(
            cssClass,
            width,
            TOP + ROW * rows + 4,
            "Graph of "
                + Svg.cut(path.name(), 40)
                + " with the SQNR of each layer; the table below has the figures");
    s.text("tick", width - 2, 11, "end", "dB: local / accumulated");
    lanes.edges().forEach(e -> edge(s, e));
    for (int i = 0; i < rows; i++) {
      row(s, i);
    }
    return s.toString();
  }

  private double x(int lane) {
    return LANE * (Math.min(lane, 7) + 0.5);
  }

  private static double y(int row) {
    return TOP + ROW * (row + 0.5);
  }

  private void edge(Svg s, Lanes.Edge e) {
    double from = e.from() < 0 ? TOP - 6 : y(e.from());
    double to = y(e.to());
    double turn = to - ROW;
    s.path(
        "edge",
        Svg.point('M', x(e.fromLane()), from)
            + Svg.point('L', x(e.fromLane()), Math.max(from, turn))
            + Svg.point(
                'C',
                x(e.fromLane()),
                Math.max(from, turn) + ROW / 2.0,
                x(e.toLane()),
                to - ROW / 2.0,
                x(e.toLane()),
                to));
  }

  private void row(Svg s, int i) {
    LayerError e = errors.get(i);
    boolean bad = worst.contains(i);
    String name = path.graph().operatorName(i);
    s.marker(bad ? "bad" : "node", bad ? 3 : 0, x(lanes.of(i)), y(i), bad ? 4.5 : 3.5, name);
    s.text(bad ? "bad strong" : "", namesAt, y(i) + 4, "start", Svg.cut(name, 22));
    if (e == null) {
      return;
    }
    double local = e.local() == null ? Double.NaN : e.local().sqnrDb();
    double accumulated = e.accumulated().sqnrDb();
    s.rect(bad ? "bad" : "local", barsAt, y(i) - 7, length(local), 6);
    s.rect("accumulated", barsAt, y(i) + 1, length(accumulated), 6);
    s.text(
        bad ? "bad strong" : "",
        width - 2,
        y(i) + 4,
        "end",
        Tables.decibel(local) + " / " + Tables.decibel(accumulated));
  }

  private double length(double db) {
    double share = Double.isNaN(db) ? 0 : Math.max(0.01, Math.min(1, db / FULL_DB));
    return share * (width - barsAt - FIGURES);
  }
}
