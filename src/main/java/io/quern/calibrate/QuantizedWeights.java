package io.quern.calibrate;

import io.quern.model.Graph;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.Arrays;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/**
 * Weights of one layer as int8 with zero point 0: {@code w = scales[c] * values[i]}, c the output
 * channel of element i.
 *
 * @param values in [-127, 127], in the order of the float weights
 * @param scales one per output channel, or a single one
 */
record QuantizedWeights(byte[] values, float[] scales) {
  /** Smallest scale: keeps input scale times weight scale normal. */
  private static final float SMALLEST_SCALE = 0x1p-96f;

  private static final int MSE_STEPS = 80;

  /** Quantizes with freshly chosen scales, rounding to nearest. */
  static QuantizedWeights of(
      Graph g, Layer layer, WeightScale method, double percentile, boolean perChannel) {
    float[] w = g.tensor(layer.weights()).floats();
    return nearest(g, layer, w, scales(g, layer, w, method, percentile, perChannel));
  }

  /** Rounds to nearest, ties away from zero, and clips to [-127, 127]. */
  static QuantizedWeights nearest(Graph g, Layer layer, float[] w, float[] scales) {
    Shape shape = g.tensor(layer.weights()).shape();
    byte[] q = new byte[w.length];
    for (int i = 0; i < w.length; i++) {
      q[i] = quantize(w[i], scales[scales.length == 1 ? 0 : layer.channelOf(shape, i)]);
    }
    return new QuantizedWeights(q, scales);
  }

  private static byte quantize(double w, double scale) {
    double q = Math.rint(w / scale);
    return (byte) Math.max(-127, Math.min(127, q));
  }

  /** One scale per output channel, or one for all. */
  static float[] scales(
      Graph g, Layer layer, float[] w, WeightScale method, double percentile, boolean perChannel) {
    Shape shape = g.tensor(layer.weights()).shape();
    int groups = perChannel ? layer.channels(g) : 1;
    float[] scales = new float[groups];
    int[] sizes = new int[groups];
    double[][] values = new double[groups][perChannel ? layer.weightsPerChannel(g) : w.length];
    for (int i = 0; i < w.length; i++) {
      int c = perChannel ? layer.channelOf(shape, i) : 0;
      values[c][sizes[c]++] = Math.abs(w[i]);
    }
    float largest = 0;
    for (int c = 0; c < groups; c++) {
      scales[c] = (float) (scale(values[c], method, percentile));
      largest = Math.max(largest, scales[c]);
    }
    for (int c = 0; c < groups; c++) {
      if (scales[c] == 0) {
        scales[c] = largest == 0 ? 1 : largest;
      }
      scales[c] = Math.max(scales[c], SMALLEST_SCALE);
    }
    return scales;
  }

  private static double scale(double[] magnitudes, WeightScale method, double percentile) {
    double max = 0;
    for (double m : magnitudes) {
      max = Math.max(max, m);
    }
    if (max == 0) {
      return 0;
    }
    switch (method) {
      case MAX:
        return max / 127;
      case PERCENTILE:
        double cut = new Percentile().evaluate(magnitudes, percentile);
        return (cut > 0 ? cut : max) / 127;
      default:
        double best = max / 127;
        double least = squaredError(magnitudes, best);
        for (int k = MSE_STEPS - 1; k >= MSE_STEPS / 4; k--) {
          double s = max / 127 * k / MSE_STEPS;
          double e = squaredError(magnitudes, s);
          if (e < least) {
            least = e;
            best = s;
          }
        }
        return best;
    }
  }

  private static double squaredError(double[] magnitudes, double scale) {
    double sum = 0;
    for (double m : magnitudes) {
      double d = m - scale * Math.min(127, Math.rint(m / scale));
      sum += d * d;
    }
    return sum;
  }

  /** The real weights that these stand for. */
  float[] dequantize(Layer layer, Shape shape) {
    float[] r = new float[values.length];
    for (int i = 0; i < r.length; i++) {
      r[i] = scale(layer, shape, i) * values[i];
    }
    return r;
  }

  /** Scale of element {@code i}. */
  float scale(Layer layer, Shape shape, int i) {
    return scales[scales.length == 1 ? 0 : layer.channelOf(shape, i)];
  }

  /**
   * The same weights with scales large enough for int32 biases: {@code |bias| / (inputScale *
   * scale) <= 2^30}, the margin that TensorFlow's converter keeps. Channels that need a larger
   * scale are rounded again.
   */
  QuantizedWeights fitBias(Layer layer, Shape shape, float inputScale, float[] bias) {
    float[] fitted = scales.clone();
    for (int c = 0; c < bias.length; c++) {
      int s = scales.length == 1 ? 0 : c;
      double needed = Math.abs((double) bias[c]) / inputScale / (1 << 30);
      if (needed > fitted[s]) {
        fitted[s] = Math.nextUp((float) needed);
      }
    }
    if (Arrays.equals(fitted, scales)) {
      return this;
    }
    byte[] q = values.clone();
    for (int i = 0; i < q.length; i++) {
      int s = scales.length == 1 ? 0 : layer.channelOf(shape, i);
      if (fitted[s] != scales[s]) {
        q[i] = quantize((double) scales[s] * values[i], fitted[s]);
      }
    }
    return new QuantizedWeights(q, fitted);
  }

  /** As a tensor of a graph. */
  Tensor toTensor(String name, Shape shape, int axis) {
    Quantization q =
        scales.length == 1
            ? Quantization.perTensor(scales[0], 0)
            : Quantization.perChannel(scales, new int[scales.length], axis);
    return Tensor.constant(name, shape, q, values);
  }
}
