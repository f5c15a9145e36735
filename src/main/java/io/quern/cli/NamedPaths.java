package io.quern.cli;

import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.Preset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * What {@code report --paths} names: recipes, such as {@code best}; recipes with switches of
 * calibration added, such as {@code plain+observer:mse}; and switches alone, such as {@code
 * +equalise}, which are added to the path before.
 */
final class NamedPaths {
  /** The passes of the two best recipes, one more in every path. */
  private static final List<String> PASSES =
      List.of(
          "plain",
          "+silence-idle",
          "+fill-depthwise",
          "+split-channels",
          "+learn-rounding",
          "+fit-logits",
          "per-tensor",
          "+equalise",
          "+absorb-bias",
          "+correct-bias:empirical");

  private NamedPaths() {}

  /**
   * The options of every path, by its name: as it was written, or in full where that name is taken.
   *
   * @throws Usage if a recipe, a switch or a value is unknown
   */
  static Map<String, CalibrationOptions> of(List<String> names, int threads) {
    Map<String, CalibrationOptions> r = new LinkedHashMap<>();
    String before = null;
    for (String name : expanded(names)) {
      if (name.startsWith("+") && before == null) {
        throw new Usage("--paths: " + name + " adds to the path before it, and there is none");
      }
      String full = name.startsWith("+") ? before + name : name;
      CalibrationOptions o = options(full, threads);
      r.putIfAbsent(r.containsKey(name) ? full : name, o);
      before = full;
    }
    return r;
  }

  private static List<String> expanded(List<String> names) {
    List<String> r = new ArrayList<>();
    for (String name : names) {
      switch (name) {
        case "all" -> Arrays.stream(Preset.values()).map(Preset::label).forEach(r::add);
        case "passes" -> r.addAll(PASSES);
        default -> r.add(name);
      }
    }
    return r;
  }

  private static CalibrationOptions options(String name, int threads) {
    String[] parts = name.split("\\+", -1);
    if (Arrays.stream(Preset.values()).noneMatch(p -> p.label().equals(parts[0]))) {
      String known =
          Arrays.stream(Preset.values()).map(Preset::label).collect(Collectors.joining(", "));
      throw new Usage(
          "--paths: unknown recipe '" + parts[0] + "'; known are all, passes, " + known);
    }
    List<String> arguments = new ArrayList<>(List.of("--recipe=" + parts[0]));
    for (String part : Arrays.asList(parts).subList(1, parts.length)) {
      arguments.add("--" + part.replaceFirst(":", "="));
    }
    try {
      CalibrationFlags flags =
          CommandLine.populateCommand(new CalibrationFlags(), arguments.toArray(String[]::new));
      return flags.builder(threads).build();
    } catch (ParameterException | Usage e) {
      throw new Usage("--paths: " + name + ": " + e.getMessage());
    }
  }
}
