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
import picocli.CommandLine.Option;

/** How files become inputs. */
final class DataFlags {
  @Option(
      names = "--mean",
      paramLabel = "M",
      split = ",",
      description = "x = (pixel - mean) / std with pixels 0..255: one number, or one per channel.")
  private List<Float> mean;

  @Option(
      names = "--std",
      paramLabel = "S",
      split = ",",
      description = "Standard deviation: one number, or one per channel.")
  private List<Float> std;

  @Option(
      names = "--range",
      paramLabel = "LOW,HIGH",
      split = ",",
      description =
          "Instead of --mean and --std: pixel 0 becomes LOW, pixel 255 becomes HIGH, such as --range=-1,1.")
  private List<Float> range;

  @Option(
      names = "--resize",
      paramLabel = "HOW",
      defaultValue = "none",
      description =
          "Images of another size or depth: none (an error), stretch, or crop (scale, then cut at the centre). Default:"
              + " ${DEFAULT-VALUE}.")
  private Image.Resize resize;

  @Option(
      names = "--raw-type",
      paramLabel = "TYPE",
      description =
          "Elements of .bin files: float32, int8, uint8, int32 (little endian). Default: the model's own type.")
  private DataType rawType;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "Labels of an IDX or .bin file: IDX, or text with one label a line. Default for IDX: the file beside it.")
  private Path labels;

  Preprocessing preprocessing(Console console) {
    if (range != null) {
      if (mean != null || std != null) {
        throw new Usage("--range excludes --mean and --std");
      }
      if (range.size() != 2) {
        throw new Usage("--range takes two numbers, such as --range=-1,1");
      }
      return usage("--range", () -> Preprocessing.range(range.get(0), range.get(1)));
    }
    if (mean == null && std == null) {
      return null;
    }
    float[] m = mean == null ? new float[] {0} : floats(mean);
    float[] s = std == null ? new float[] {1} : floats(std);
    if (std != null && mean != null && max(m) <= 1 && max(s) <= 1) {
      console.say(
          "--mean and --std are in units of pixels (0..255); these look as if they were for pixels of 0..1");
    }
    return usage("--mean, --std", () -> new Preprocessing(m, s));
  }

  private static <T> T usage(String flags, java.util.function.Supplier<T> s) {
    try {
      return s.get();
    } catch (IllegalArgumentException e) {
      throw new Usage(flags + ": " + e.getMessage());
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
    return InputFormat.of(graph, preprocessing(console), resize);
  }

  DataOptions options(Graph graph, int limit) {
    if (limit < 0) {
      throw new Usage("--limit must not be negative, is " + limit);
    }
    return new DataOptions(
        labels, ModelMetadata.of(graph).labels(), rawType, DataOptions.Part.ALL, limit);
  }
}
