package io.quern.cli;

import io.quern.data.Json;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.report.Printable;
import io.quern.report.TextTable;
import io.quern.runtime.Costs;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanStep;
import io.quern.runtime.Planner;
import io.quern.runtime.TensorSlot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern inspect}. */
@Command(
    name = "inspect",
    description =
        "Shows a model's plan: operators, shapes, MACs, parameters, where every tensor lies in memory and for how long.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern inspect model.tflite",
      "  quern inspect model-int8.tflite --tier portable --json"
    })
final class InspectCommand extends BaseCommand {
  @Parameters(paramLabel = "MODEL", description = "A .tflite file, float or int8.")
  private Path model;

  private final RunOptions run = new RunOptions();

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void addOptions(CommandSpec spec) {
    run.addTo(spec);
  }

  @Override
  void execute() throws Exception {
    Graph g = ModelFiles.read(model);
    Plan plan = Planner.plan(g, run.plan());
    if (json) {
      console().json(document(g, plan));
    } else {
      console().out().print(text(g, plan));
    }
  }

  private String text(Graph g, Plan plan) throws java.io.IOException {
    StringBuilder s = new StringBuilder();
    s.append("model       ").append(ModelFiles.name(model));
    s.append(String.format(Locale.ROOT, " (%,d bytes)%n", Files.size(model)));
    for (int t : g.inputs()) {
      s.append("input       ").append(Printable.line(g.tensor(t).toString())).append('\n');
    }
    for (int t : g.outputs()) {
      s.append("output      ").append(Printable.line(g.tensor(t).toString())).append('\n');
    }
    for (Map.Entry<String, String> e : new TreeMap<>(g.metadata()).entrySet()) {
      String v = Printable.withoutPadding(e.getValue());
      String shown = v.length() > 100 ? v.substring(0, 100) + "..." : v;
      s.append("metadata    ")
          .append(Printable.line(e.getKey()))
          .append(" = ")
          .append(Printable.line(shown))
          .append('\n');
    }
    s.append(
        String.format(
            Locale.ROOT,
            "operators   %d in %d steps%n",
            g.operators().size(),
            plan.steps().size()));
    s.append(String.format(Locale.ROOT, "parameters  %,d%n", Costs.parameters(g)));
    s.append(String.format(Locale.ROOT, "MACs        %,d", Costs.macs(g)));
    if (plan.macs() < Costs.macs(g)) {
      s.append(
          String.format(
              Locale.ROOT,
              ", %,d computed: the others are of channels that no input changes",
              plan.macs()));
    }
    s.append(String.format("%n"));
    s.append(String.format(Locale.ROOT, "arena       %,d bytes at its peak%n", plan.arenaBytes()));
    s.append(
        String.format(
            Locale.ROOT,
            "scratch     %,d bytes for %d thread%s%n%n",
            plan.scratchBytes(),
            plan.options().threads(),
            plan.options().threads() == 1 ? "" : "s"));
    Graph planned = plan.graph();
    TextTable steps =
        new TextTable(
            4, "step", "operators", "tier", "kernel", "output", "MACs", "parameters", "units");
    for (int i = 0; i < plan.steps().size(); i++) {
      PlanStep p = plan.steps().get(i);
      long parameters = 0;
      for (int o : p.operators()) {
        parameters += Costs.parameters(planned, o);
      }
      Operator last = planned.operators().get(p.operators().get(p.operators().size() - 1));
      Tensor out = planned.tensor(last.firstOutput());
      steps.row(
          Integer.toString(i),
          p.name(),
          p.tier(),
          p.microKernel(),
          out.type().name().toLowerCase(Locale.ROOT) + " " + out.shape(),
          String.format(Locale.ROOT, "%,d", p.macs()),
          String.format(Locale.ROOT, "%,d", parameters),
          Integer.toString(p.units()));
    }
    s.append(steps).append('\n');
    TextTable slots =
        new TextTable(
            3, "tensor", "name", "type and shape", "array", "offset", "length", "bytes", "steps");
    for (TensorSlot t : sorted(plan)) {
      Tensor tensor = planned.tensor(t.tensor());
      slots.row(
          Integer.toString(t.tensor()),
          Printable.line(shorten(tensor.name())),
          tensor.type().name().toLowerCase(Locale.ROOT) + " " + tensor.shape(),
          array(t),
          Integer.toString(t.offset()),
          Integer.toString(t.length()),
          String.format(Locale.ROOT, "%,d", bytes(t)),
          lifetime(t, plan, tensor) + (t.aliasOf() >= 0 ? " (same as " + t.aliasOf() + ")" : ""));
    }
    s.append(slots);
    return s.toString();
  }

  private static String lifetime(TensorSlot t, Plan plan, Tensor tensor) {
    if (tensor.isConstant()) {
      return "always";
    }
    return (t.firstUse() < 0 ? "in" : Integer.toString(t.firstUse()))
        + ".."
        + (t.lastUse() >= plan.steps().size() ? "out" : Integer.toString(t.lastUse()));
  }

  private static List<TensorSlot> sorted(Plan plan) {
    return plan.slots().stream()
        .sorted(Comparator.comparingInt(TensorSlot::firstUse).thenComparingInt(TensorSlot::tensor))
        .toList();
  }

  private static String array(TensorSlot t) {
    return switch (t.type()) {
      case FLOAT32 -> "floats";
      case INT32, INT64 -> "ints";
      default -> "bytes";
    };
  }

  private static long bytes(TensorSlot t) {
    return (long) t.length() * (array(t).equals("bytes") ? 1 : 4);
  }

  private static String shorten(String name) {
    return name.length() <= 40 ? name : "..." + name.substring(name.length() - 37);
  }

  private Object document(Graph g, Plan plan) throws java.io.IOException {
    List<Object> operators = new ArrayList<>();
    for (int i = 0; i < g.operators().size(); i++) {
      Operator op = g.operators().get(i);
      operators.add(
          Json.object(
              "operator", i,
              "name", g.operatorName(i),
              "kind", op.kind(),
              "inputs", new ArrayList<Object>(op.presentInputs()),
              "outputs", new ArrayList<Object>(op.outputs()),
              "macs", Costs.macs(g, i),
              "parameters", Costs.parameters(g, i)));
    }
    List<Object> steps = new ArrayList<>();
    for (PlanStep p : plan.steps()) {
      steps.add(
          Json.object(
              "name", p.name(),
              "operators", new ArrayList<Object>(p.operators()),
              "tier", p.tier(),
              "kernel", p.microKernel(),
              "units", p.units(),
              "macs", p.macs(),
              "parallel", p.parallel()));
    }
    List<Object> slots = new ArrayList<>();
    for (TensorSlot t : sorted(plan)) {
      slots.add(
          Json.object(
              "tensor", t.tensor(),
              "array", array(t),
              "offset", t.offset(),
              "length", t.length(),
              "bytes", bytes(t),
              "firstUse", t.firstUse(),
              "lastUse", t.lastUse(),
              "aliasOf", t.aliasOf() < 0 ? null : t.aliasOf()));
    }
    List<Object> tensors = new ArrayList<>();
    for (Tensor t : g.tensors()) {
      tensors.add(tensor(t));
    }
    return Json.object(
        "schema",
        1,
        "model",
        ModelFiles.name(model),
        "modelBytes",
        Files.size(model),
        "tier",
        plan.tier(),
        "threads",
        plan.options().threads(),
        "macs",
        Costs.macs(g),
        "computedMacs",
        plan.macs(),
        "parameters",
        Costs.parameters(g),
        "arenaBytes",
        plan.arenaBytes(),
        "scratchBytes",
        plan.scratchBytes(),
        "inputs",
        new ArrayList<Object>(g.inputs()),
        "outputs",
        new ArrayList<Object>(g.outputs()),
        "metadata",
        metadata(g),
        "operators",
        operators,
        "steps",
        steps,
        "tensors",
        tensors,
        "slots",
        slots);
  }

  private static Map<String, Object> metadata(Graph g) {
    Map<String, Object> m = new TreeMap<>();
    g.metadata().forEach((k, v) -> m.put(k, Printable.withoutPadding(v)));
    return m;
  }

  private static Object tensor(Tensor t) {
    Map<String, Object> m =
        Json.object(
            "name",
            t.name(),
            "type",
            t.type().name(),
            "shape",
            Json.array(t.shape().toArray()),
            "constant",
            t.isConstant());
    if (t.quantization() != null) {
      float[] scales = new float[t.quantization().channels()];
      int[] zeroPoints = new int[scales.length];
      for (int c = 0; c < scales.length; c++) {
        scales[c] = t.quantization().scale(c);
        zeroPoints[c] = t.quantization().zeroPoint(c);
      }
      m.put("scales", Json.array(scales));
      m.put("zeroPoints", Json.array(zeroPoints));
    }
    return m;
  }
}
