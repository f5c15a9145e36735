package io.quern.cli;

import io.quern.data.DataOptions;
import io.quern.data.Image;
import io.quern.data.InputFormat;
import io.quern.data.ModelMetadata;
import io.quern.data.Preprocessing;
import io.quern.model.DataType;
import io.quern.model.Graph;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** How files become inputs. */
final class DataFlags {
  private final OptionSpec mean =
      numbers("--mean")
          .paramLabel("M")
          .description(
              "x = (pixel - mean) / std with pixels 0..255: one number, or one per channel.")
          .build();

  private final OptionSpec std =
      numbers("--std")
          .paramLabel("S")
          .description("Standard deviation: one number, or one per channel.")
          .build();

  private final OptionSpec range =
      numbers("--range")
          .paramLabel("LOW,HIGH")
          .description(
              "Instead of --mean and --std: pixel 0 becomes LOW, pixel 255 becomes HIGH, such as --range=-1,1.")
          .build();

  private final OptionSpec resize =
      OptionSpec.builder("--resize")
          .paramLabel("HOW")
          .type(Image.Resize.class)
          .defaultValue("none")
          .description(
              "Images of another size or depth: none (an error), stretch, or crop (scale, then cut at the centre). Default:"
                  + " ${DEFAULT-VALUE}.")
          .build();

  private final OptionSpec rawType =
      OptionSpec.builder("--raw-type")
          .paramLabel("TYPE")
          .type(DataType.class)
          .description(
              "Elements of .bin files: float32, int8, uint8, int32 (little endian). Default: the model's own type.")
          .build();

  private final OptionSpec labels =
      OptionSpec.builder("--labels")
          .paramLabel("FILE")
          .type(Path.class)
          .description(
              "Labels of an IDX or .bin file: IDX, or text with one label a line. Default for IDX: the file beside it.")
          .build();

  private static OptionSpec.Builder numbers(String name) {
    return OptionSpec.builder(name).type(List.class).auxiliaryTypes(Float.class).splitRegex(",");
  }

  void addTo(CommandSpec spec) {
    spec.addOption(mean).addOption(std).addOption(range);
    spec.addOption(resize).addOption(rawType).addOption(labels);
  }

  Preprocessing preprocessing(Console console) {
    List<Float> bounds = range.getValue();
    List<Float> means = mean.getValue();
    List<Float> stds = std.getValue();
    if (bounds != null) {
      if (means != null || stds != null) {
        throw new Usage("--range excludes --mean and --std");
      }
      if (bounds.size() != 2) {
        throw new Usage("--range takes two numbers, such as --range=-1,1");
      }
      try {
        return Preprocessing.range(bounds.get(0), bounds.get(1));
      } catch (IllegalArgumentException e) {
        throw new Usage("--range: " + e.getMessage());
      }
    }
    if (means == null && stds == null) {
      return null;
    }
    float[] m = means == null ? new float[] {0} : floats(means);
    float[] s = stds == null ? new float[] {1} : floats(stds);
    if (stds != null && means != null && max(m) <= 1 && max(s) <= 1) {
      console.say(
          "--mean and --std are in units of pixels (0..255); these look as if they were for pixels of 0..1");
    }
    try {
      return new Preprocessing(m, s);
    } catch (IllegalArgumentException e) {
      throw new Usage("--mean, --std: " + e.getMessage());
    }
  }

  private static float[] floats(List<Float> l) {
    float[] r = new float[l.size()];
    for (int i = 0; i < r.length; i++) {
      r[i] = l.get(i);
    }
    return r;
  }

  private static float max(float[] v) {
    float m = 0;
    for (float x : v) {
      m = Math.max(m, Math.abs(x));
    }
    return m;
  }

  InputFormat format(Graph graph, Console console) {
    return InputFormat.of(graph, preprocessing(console), resize.getValue());
  }

  DataOptions options(Graph graph, int limit) {
    if (limit < 0) {
      throw new Usage("--limit must not be negative, is " + limit);
    }
    return new DataOptions(
        labels.getValue(),
        ModelMetadata.of(graph).labels(),
        rawType.getValue(),
        DataOptions.Part.ALL,
        limit);
  }
}
