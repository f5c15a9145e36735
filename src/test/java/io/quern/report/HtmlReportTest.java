package io.quern.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import io.quern.testing.Chromium;
import io.quern.testing.Pages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page as a browser shows it. Without Chromium these tests are left out, and say so. */
class HtmlReportTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"390,light", "390,dark", "1000,light", "1400,dark"})
  void pageFitsItsWindow(int width, String scheme) throws Exception {
    Pages.assertReadable(HtmlReport.write(crowded()), width, scheme, folder, "crowded");
  }

  @Test
  void headersHaveTwoLinesAtMost() {
    assertEquals("plan\u00a0+ 1st\u00a0run\u00a0ms", HtmlReport.twoLines("plan + 1st run ms"));
    assertEquals("median us", HtmlReport.twoLines("median us"));
    assertEquals("path", HtmlReport.twoLines("path"));
    assertEquals("", HtmlReport.twoLines(""));
  }

  /** Of a page that is wrong in every way the same looks must find everything. */
  @Test
  void controlPageIsFoundWrong() throws Exception {
    String text =
        "<text class='label' x='1' y='20'>one</text><text class='label' x='2' y='21'>two</text>";
    String page =
        "<!DOCTYPE html><main><img src='http://quern.invalid/x.png'><svg width='60' height='30'>"
            + text
            + "<text x='50' y='20'>too long for it</text></svg><div class='scroll' aria-label='wide' style='overflow-x:auto'><div"
            + " style='width:900px'>x</div></div><div style='width:900px'>x</div></main>";
    Chromium.Seen seen = Chromium.orAbort().open(page, 390, 800, false, folder);
    assertTrue(seen.findings().matches("wide=[1-9].* drawings=1 .*"), seen.findings());
    assertTrue(seen.findings().contains("outside=[too long for it]"), seen.findings());
    assertTrue(seen.findings().contains("overlaps=[one/two]"), seen.findings());
    assertTrue(seen.findings().endsWith("scrolls=[wide]"), seen.findings());
    assertTrue(seen.requests().contains("http://quern.invalid/x.png"), "" + seen.requests());
  }

  // ---- a document that is hard to draw ----

  /** Twenty paths close together, long and hostile names, a graph with branches. */
  private static ReportDocument crowded() {
    SplittableRandom random = new SplittableRandom(5);
    Graph g = branches();
    List<PathResult> paths = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      String name = i == 3 ? "<b>x</b>&'\"" + "long-name-".repeat(12) : "path-number-" + i;
      int right = i == 7 ? 100 : 930 + random.nextInt(15);
      List<Variant> variants = new ArrayList<>();
      for (String tier : List.of("asm", "portable", "vector", "reference")) {
        double fastest = 800 + random.nextInt(60);
        // The slowest make 50 ms stand at the right edge.
        double micros = tier.equals("reference") ? 42_000 : fastest * (1 + variants.size());
        Speed speed = new Speed(100, micros, micros, 2 * micros, 0, 1e9);
        variants.add(new Variant(tier, 1, speed, 40_000, 3, i == 0 ? 310 : Double.NaN, null));
      }
      Estimate e = Estimate.ofShare(right, 1000);
      OutputMetrics.Outcome o =
          new OutputMetrics.Outcome(1000, 1000, e, e, e, 20, Estimate.NONE, "00", new BitSet());
      paths.add(new PathResult(name, g, 100_000, o, variants, i < 4 ? layers(g) : List.of()));
    }
    ModelledTarget board =
        new ModelledTarget(
            "board", "A board", List.of(new ModelledTarget.Rate("portable", 1.5, "a reason")));
    String path = "/a/long/path/without/any/space".repeat(6);
    return new ReportDocument("model.tflite", path, path, "a machine", paths, board);
  }

  private static List<LayerError> layers(Graph g) {
    List<LayerError> r = new ArrayList<>();
    for (int i = 0; i < g.operators().size(); i++) {
      LayerError.Figures f = new LayerError.Figures(30 - i, 0.3, 2, 0.01, 0.999);
      ActivationHistogram h =
          new ActivationHistogram(-1.5, 2.25, new long[] {0, 3, 90, 5, 1, 0}, 4, -1, 2);
      Sensitivity.Effect effect =
          new Sensitivity.Effect(30, Estimate.ofShare(9, 10), Estimate.NONE);
      String tensor = "a/very/long/tensor/name/".repeat(5) + i;
      r.add(
          new LayerError(
              i,
              g.operatorName(i),
              tensor,
              0.1,
              i == 2 ? null : f,
              f,
              f,
              0.01,
              i == 3 ? null : h,
              new Sensitivity(effect, effect)));
    }
    return r;
  }

  /** Two residual blocks, one inside the other. */
  private static Graph branches() {
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      tensors.add(Tensor.activation("t" + i, DataType.FLOAT32, Shape.of(1, 4), null));
    }
    List<Operator> operators = new ArrayList<>();
    operators.add(new Operator.Softmax(0, 1, 1));
    operators.add(new Operator.Softmax(1, 2, 1));
    operators.add(new Operator.Softmax(2, 3, 1));
    operators.add(new Operator.Binary(Operator.Binary.Function.ADD, 2, 3, 4, Activation.NONE));
    operators.add(new Operator.Binary(Operator.Binary.Function.ADD, 1, 4, 5, Activation.NONE));
    operators.add(new Operator.Softmax(5, 6, 1));
    return new Graph("branches", tensors, operators, List.of(0), List.of(6), Map.of());
  }

  /** Three points close together: each label is nearest to its own point, or a line joins them. */
  @Test
  void labelsBelongToTheirPoints() {
    double[][] points = {{60, 50}, {68, 49}, {77, 50}, {78, 58}};
    Labels labels = new Labels(54, 0, 400, 300);
    for (double[] p : points) {
      labels.avoid(p[0], p[1]);
    }
    List<Labels.Place> places = new ArrayList<>();
    for (double[] p : points) {
      Labels.Place place = labels.place(p[0], p[1], 90);
      for (double[] other : points) {
        boolean nearer = distance(place, other) < distance(place, p);
        assertTrue(!nearer || place.far(), place + " of " + p[0] + " is nearer to " + other[0]);
      }
      for (Labels.Place earlier : places) {
        boolean sameLine = Math.abs(earlier.y() - place.y()) < 13;
        double gap = Math.abs(earlier.x() - place.x()) - 90;
        assertTrue(!sameLine || gap >= 4, place + " beside " + earlier);
      }
      places.add(place);
    }
    Labels alone = new Labels(54, 0, 400, 300);
    alone.avoid(60, 50);
    assertEquals(new Labels.Place(68, 50, 90, false), alone.place(60, 50, 90));
  }

  private static double distance(Labels.Place p, double[] point) {
    double dx = Math.max(0, Math.max(p.x() - point[0], point[0] - p.x() - p.width()));
    return Math.hypot(dx, Math.max(0, Math.abs(p.y() - point[1]) - 6.5));
  }

  @Test
  void lanesRunBesideWhatTheyPass() {
    Lanes l = new Lanes(branches());
    assertEquals(3, l.count());
    assertEquals(
        List.of(0, 1, 2, 1, 0, 0), List.of(l.of(0), l.of(1), l.of(2), l.of(3), l.of(4), l.of(5)));
    assertTrue(l.edges().contains(new Lanes.Edge(0, 0, 4, 0)), l.edges().toString());
  }
}
