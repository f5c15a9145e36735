package io.quern.data;

import java.util.Arrays;
import java.util.Locale;

/**
 * From a pixel (0..255) to what a network was trained on: {@code x = (pixel - mean[c]) / std[c]}.
 * Immutable.
 *
 * <p>One mean and standard deviation for all channels, or one of each per channel. Both are in
 * pixel units.
 */
public final class Preprocessing {
  private final float[] mean;
  private final float[] std;

  /**
   * Copies the arrays.
   *
   * @param mean 1 or as many as channels, finite
   * @param std 1 or as many as channels, finite and positive
   * @throws IllegalArgumentException if a value is outside its range, or both have more than one
   *     entry and differ in length
   */
  public Preprocessing(float[] mean, float[] std) {
    if (mean.length == 0
        || std.length == 0
        || (mean.length != std.length && mean.length != 1 && std.length != 1)) {
      throw new IllegalArgumentException(
          mean.length + " means for " + std.length + " standard deviations");
    }
    for (float m : mean) {
      if (!Float.isFinite(m)) {
        throw new IllegalArgumentException("mean must be finite, is " + m);
      }
    }
    for (float s : std) {
      if (!(s > 0) || !Float.isFinite(s)) {
        throw new IllegalArgumentException(
            "standard deviation must be positive and finite, is " + s);
      }
    }
    this.mean = mean.clone();
    this.std = std.clone();
  }

  /** Pixel 0 becomes {@code low}, pixel 255 becomes {@code high}. */
  public static Preprocessing range(float low, float high) {
    if (!(low < high)) {
      throw new IllegalArgumentException(
          "range must go from a smaller to a larger number, is " + low + "," + high);
    }
    double std = 255.0 / ((double) high - low);
    return new Preprocessing(new float[] {(float) (0 - low * std)}, new float[] {(float) std});
  }

  /** Mean of a channel, in pixel units. */
  public float mean(int channel) {
    return mean[mean.length == 1 ? 0 : channel];
  }

  /** Standard deviation of a channel, in pixel units. */
  public float std(int channel) {
    return std[std.length == 1 ? 0 : channel];
  }

  /** Number of channels that this is for; 0 when it serves any number. */
  public int channels() {
    int n = Math.max(mean.length, std.length);
    return n == 1 ? 0 : n;
  }

  /** A copy of the means as given: one, or one per channel. */
  public float[] means() {
    return mean.clone();
  }

  /** A copy of the standard deviations as given: one, or one per channel. */
  public float[] stds() {
    return std.clone();
  }

  /**
   * {@code out[i] = (pixels[i] - mean[c]) / std[c]}, in float arithmetic, with c the innermost
   * index.
   *
   * @param pixels [H, W, C], each byte as 0..255
   * @param out [H, W, C]
   */
  public void apply(byte[] pixels, int channelCount, float[] out) {
    for (int c = 0; c < channelCount; c++) {
      float m = mean(c);
      float s = std(c);
      for (int i = c; i < pixels.length; i += channelCount) {
        out[i] = ((pixels[i] & 255) - m) / s;
      }
    }
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Preprocessing p && Arrays.equals(mean, p.mean) && Arrays.equals(std, p.std);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(mean) + Arrays.hashCode(std);
  }

  /** Such as {@code (pixel - 127.5) / 127.5}. */
  @Override
  public String toString() {
    return "(pixel - " + text(mean) + ") / " + text(std);
  }

  private static String text(float[] v) {
    return v.length == 1
        ? String.format(Locale.ROOT, "%.6g", v[0]).replaceAll("\\.?0+$", "")
        : Arrays.toString(v);
  }
}
