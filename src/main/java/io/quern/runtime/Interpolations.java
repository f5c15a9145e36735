package io.quern.runtime;

import io.quern.kernels.FixedInterpolation;
import io.quern.kernels.FloatInterpolation;
import io.quern.quant.Rounding;

/**
 * Where the positions of a resampled dimension lie in the input, as TensorFlow Lite rounds it.
 *
 * <p>{@code alignCorners} maps the last position to the last one; {@code halfPixelCenters} maps the
 * centres of positions instead of their beginnings.
 */
final class Interpolations {
  private Interpolations() {}

  /** The nearest input position for each output position. */
  static int[] nearest(int in, int out, boolean alignCorners, boolean halfPixelCenters) {
    float scale = scale(in, out, alignCorners);
    float offset = halfPixelCenters ? 0.5f : 0;
    int[] positions = new int[out];
    for (int i = 0; i < out; i++) {
      float at = (i + offset) * scale;
      int nearest = alignCorners ? Rounding.toInt(at) : (int) Math.floor(at);
      positions[i] = Math.max(0, Math.min(nearest, in - 1));
    }
    return positions;
  }

  /** Neighbours and distances in float. */
  static FloatInterpolation inFloat(
      int in, int out, boolean alignCorners, boolean halfPixelCenters) {
    float scale = scale(in, out, alignCorners);
    int[] lower = new int[out];
    int[] upper = new int[out];
    float[] fraction = new float[out];
    for (int i = 0; i < out; i++) {
      float at = halfPixelCenters ? (i + 0.5f) * scale - 0.5f : i * scale;
      lower[i] = Math.max((int) Math.floor(at), 0);
      upper[i] = Math.min((int) Math.ceil(at), in - 1);
      fraction[i] = at - lower[i];
    }
    return new FloatInterpolation(lower, upper, fraction);
  }

  private static float scale(int in, int out, boolean alignCorners) {
    return alignCorners && out > 1 ? (float) (in - 1) / (out - 1) : (float) in / out;
  }

  /** Neighbours and distances in fixed point. */
  static FixedInterpolation fixed(int in, int out, boolean alignCorners, boolean halfPixelCenters) {
    int one = 1 << FixedInterpolation.BITS;
    int scale =
        alignCorners && out > 1
            ? (one * (in - 1) + (out - 1) / 2) / (out - 1)
            : (one * in + out / 2) / out;
    int[] lower = new int[out];
    int[] upper = new int[out];
    int[] fraction = new int[out];
    for (int i = 0; i < out; i++) {
      int at = halfPixelCenters ? i * scale + scale / 2 - one / 2 : i * scale;
      lower[i] = Math.max(at / one, 0);
      upper[i] = Math.min((at + one - 1) / one, in - 1);
      fraction[i] = at - lower[i] * one;
    }
    return new FixedInterpolation(lower, upper, fraction);
  }
}
