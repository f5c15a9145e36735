package io.quern.cli;

import io.quern.data.Json;
import io.quern.report.CostModel;
import io.quern.report.CostModel.Cost;
import io.quern.report.TextTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern cost}. */
@Command(
    name = "cost",
    description =
        "Multiply-accumulates and weights of a model, or of a layer that does not exist yet, beside the standard convolution.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern cost model.tflite",
      "  quern cost --input 416x416x50 --filters 10 --kernel 3x3",
      "  quern cost --input 112x112x64 --filters 128 --kernel 3x3 --width 0.5 --resolution 0.714 --json",
      "",
      "Biases are left out. A separable layer costs 1/N + 1/k^2 of the standard one (N filters of k x k)."
    })
final class CostCommand extends BaseCommand {
  @Parameters(arity = "0..1", paramLabel = "MODEL", description = "A .tflite file.")
  private Path model;

  @Option(
      names = "--input",
      paramLabel = "HxWxC",
      description = "Positions (of the output) and channels of a hypothetical layer.")
  private String input;

  @Option(
      names = "--filters",
      paramLabel = "N",
      defaultValue = "0",
      description = "Its output channels.")
  private int filters;

  @Option(
      names = "--kernel",
      paramLabel = "KxK",
      defaultValue = "3x3",
      description = "Its kernel; 3 is 3x3. Default: ${DEFAULT-VALUE}.")
  private String kernel;

  @Option(
      names = "--width",
      paramLabel = "A",
      defaultValue = "1",
      description = "Width multiplier: scales channels and filters.")
  private double width;

  @Option(
      names = "--resolution",
      paramLabel = "R",
      defaultValue = "1",
      description = "Resolution multiplier: scales height and width.")
  private double resolution;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void execute() throws Exception {
    if ((model == null) == (input == null)) {
      throw new Usage(
          model == null ? "give a model, or --input and --filters" : "a model excludes --input");
    }
    if (model != null) {
      ofModel();
    } else {
      ofLayer();
    }
  }

  private void ofLayer() {
    int[] in = numbers("--input", input, 3);
    int[] k = numbers("--kernel", kernel.contains("x") ? kernel : kernel + "x" + kernel, 2);
    if (filters < 1) {
      throw new Usage("--filters must be at least 1, is " + filters);
    }
    for (double m : new double[] {width, resolution}) {
      if (!(m > 0 && m <= 16)) {
        throw new Usage("multipliers must be more than 0 and at most 16, one is " + m);
      }
    }
    CostModel.Layer layer;
    try {
      layer =
          new CostModel.Layer(in[0], in[1], in[2], filters, k[0], k[1]).scaled(width, resolution);
    } catch (IllegalArgumentException e) {
      throw new Usage(e.getMessage());
    }
    if (json) {
      console()
          .json(
              Json.object(
                  "schema", 1,
                  "layer",
                      Json.object(
                          "height",
                          layer.height(),
                          "width",
                          layer.width(),
                          "channels",
                          layer.channels(),
                          "filters",
                          layer.filters(),
                          "kernelH",
                          layer.kernelH(),
                          "kernelW",
                          layer.kernelW()),
                  "standard", cost(layer.standard()),
                  "depthwise", cost(layer.depthwise()),
                  "pointwise", cost(layer.pointwise()),
                  "separable", cost(layer.separable()),
                  "ratio", layer.ratio()));
      return;
    }
    TextTable t = new TextTable(1, "form", "MACs", "weights", "of standard");
    row(t, "standard", layer.standard(), layer.standard());
    row(t, "depthwise", layer.depthwise(), layer.standard());
    row(t, "pointwise", layer.pointwise(), layer.standard());
    row(t, "separable", layer.separable(), layer.standard());
    console()
        .out()
        .printf(
            Locale.ROOT,
            "%dx%dx%d, %d filters of %dx%d%n%s1/N + 1/k^2 = %.3f%n",
            layer.height(),
            layer.width(),
            layer.channels(),
            layer.filters(),
            layer.kernelH(),
            layer.kernelW(),
            t,
            layer.ratio());
  }

  private void ofModel() throws Exception {
    if (width != 1 || resolution != 1 || filters != 0) {
      throw new Usage("--filters, --width and --resolution are for --input");
    }
    List<CostModel.Row> rows = CostModel.of(ModelFiles.read(model));
    Cost own = new Cost(0, 0);
    Cost standard = new Cost(0, 0);
    Cost pair = new Cost(0, 0);
    TextTable t =
        new TextTable(
            2, "operator", "form", "output", "MACs", "weights", "standard MACs", "of standard");
    List<Object> list = new ArrayList<>();
    for (CostModel.Row r : rows) {
      own = own.plus(r.cost());
      boolean first = r.form().equals("depthwise");
      pair = first || r.standard() == null ? r.cost() : pair.plus(r.cost());
      Cost equivalent = r.standard() == null ? r.cost() : r.standard();
      standard =
          r.standard() == null
              ? standard.plus(r.cost())
              : standard.plus(r.standard()).plus(minus(r.cost(), pair));
      t.row(
          r.name(),
          r.form(),
          r.output().toString(),
          number(r.cost().macs()),
          number(r.cost().weights()),
          r.standard() == null ? "-" : number(equivalent.macs()),
          r.standard() == null ? "-" : ratio(pair.macs(), equivalent.macs()));
      Map<String, Object> m =
          Json.object(
              "name",
              r.name(),
              "form",
              r.form(),
              "output",
              Json.array(r.output().toArray()),
              "macs",
              r.cost().macs(),
              "weights",
              r.cost().weights());
      m.put("standard", r.standard() == null ? null : cost(r.standard()));
      m.put("ratio", r.standard() == null ? null : (double) pair.macs() / r.standard().macs());
      list.add(m);
    }
    if (json) {
      console()
          .json(
              Json.object(
                  "schema",
                  1,
                  "model",
                  ModelFiles.name(model),
                  "macs",
                  own.macs(),
                  "weights",
                  own.weights(),
                  "standard",
                  cost(standard),
                  "operators",
                  list));
      return;
    }
    t.row(
        "total",
        "",
        "",
        number(own.macs()),
        number(own.weights()),
        number(standard.macs()),
        ratio(own.macs(), standard.macs()));
    console().out().print(t);
  }

  /**
   * What is left of the pair when its last part is taken away, negated: the depthwise part was
   * counted already.
   */
  private static Cost minus(Cost last, Cost pair) {
    return new Cost(last.macs() - pair.macs(), last.weights() - pair.weights());
  }

  private static void row(TextTable t, String name, Cost c, Cost standard) {
    t.row(name, number(c.macs()), number(c.weights()), ratio(c.macs(), standard.macs()));
  }

  private static Object cost(Cost c) {
    return Json.object("macs", c.macs(), "weights", c.weights());
  }

  private static String number(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  private static String ratio(long a, long b) {
    return String.format(Locale.ROOT, "%.3f", (double) a / b);
  }

  private static int[] numbers(String flag, String text, int count) {
    Matcher m = Pattern.compile("[0-9]{1,9}(x[0-9]{1,9}){" + (count - 1) + "}").matcher(text);
    if (!m.matches()) {
      throw new Usage(flag + ": expected " + count + " numbers joined by x, found " + text);
    }
    String[] parts = text.split("x");
    int[] r = new int[count];
    for (int i = 0; i < count; i++) {
      r[i] = Integer.parseInt(parts[i]);
    }
    return r;
  }
}
