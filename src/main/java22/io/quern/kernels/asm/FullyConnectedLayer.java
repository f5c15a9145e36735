package io.quern.kernels.asm;

import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Requantization;

/**
 * A fully connected layer with real factors: {@code out[b,o] = clamp(round((bias[o] + sum w[o,i] *
 * (in[b,i] - inputZeroPoint)) * scales[o]) + zeroPoint, qmin, qmax)} in double arithmetic, ties
 * away from zero.
 *
 * @param batch rows of input and output, 1 to 4096
 * @param inputs 1 to 65536
 * @param outputs 1 to 65536
 * @param weights [outputs, inputs]
 * @param bias [outputs]
 * @param inputZeroPoint [-128, 127]
 * @param scales finite, one per output
 */
record FullyConnectedLayer(
    int batch,
    int inputs,
    int outputs,
    byte[] weights,
    int[] bias,
    int inputZeroPoint,
    double[] scales,
    int zeroPoint,
    int qmin,
    int qmax) {
  /** Products that are added at once. */
  static final int STEP = 16;

  /** Outputs that are computed together. */
  static final int QUAD = 4;

  private static final int MAX_BATCH = 1 << 12;
  private static final int MAX_SIZE = 1 << 16;

  /**
   * The greatest double below one half. {@code trunc(v + copysign(HALF, v))} is v rounded with ties
   * away from zero: where v is below a tie the sum stays below the integer, being one of the
   * doubles that v's distance of an ulp or more leaves; on a tie the exact sum lies halfway between
   * the integer and the double before it, and is rounded to the integer, whose last bit is 0.
   */
  static final double HALF = Math.nextDown(0.5);

  FullyConnectedLayer {
    Checks.range("batch", batch, 1, MAX_BATCH);
    Checks.range("inputs", inputs, 1, MAX_SIZE);
    Checks.range("outputs", outputs, 1, MAX_SIZE);
    Checks.range("batch * inputs", (long) batch * inputs, 1, Integer.MAX_VALUE);
    Checks.range("batch * outputs", (long) batch * outputs, 1, Integer.MAX_VALUE);
    Checks.length("weights", weights.length, (long) outputs * inputs);
    Checks.length("bias", bias.length, outputs);
    Checks.range("inputZeroPoint", inputZeroPoint, -128, 127);
    Checks.length("scales", scales.length, outputs);
    for (double scale : scales) {
      if (!(Math.abs(scale) < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("scale is " + scale);
      }
    }
    Checks.range("zeroPoint", zeroPoint, -128, 127);
    Checks.range("qmin", qmin, -128, 127);
    Checks.range("qmax", qmax, qmin, 127);
  }

  /** Whether machine code takes these parameters. */
  static boolean accepts(FullyConnectedInt8 p) {
    return p.scales() != null
        && p.weightsZeroPoint() == 0
        && p.batch() <= MAX_BATCH
        && Math.max(p.inputs(), p.outputs()) <= MAX_SIZE
        && (long) p.outputs() * p.inputs() <= 1 << 30;
  }

  static FullyConnectedLayer of(FullyConnectedInt8 p) {
    Requantization r = p.requantization();
    return new FullyConnectedLayer(
        p.batch(),
        p.inputs(),
        p.outputs(),
        p.weights(),
        p.bias(),
        p.inputZeroPoint(),
        p.scales(),
        r.zeroPoint(),
        r.qmin(),
        r.qmax());
  }

  /** Bytes from the start of the constants to the scales, after a header of {@code headerBytes}. */
  int scalesAt(int headerBytes) {
    return (int) CodeMemory.roundUp(headerBytes + 4L * padded(), 64);
  }

  /** Bytes from the start of the constants to the weights. */
  int weightsAt(int headerBytes) {
    return (int) CodeMemory.roundUp(scalesAt(headerBytes) + 8L * padded(), 64);
  }

  /** An output by itself loads as many start values and scales as {@link #QUAD} do. */
  private int padded() {
    return outputs + QUAD - 1;
  }

  /**
   * Writes start values {@code bias - zero * sum w}, scales and weights after a header.
   *
   * @param zero of the input as the code reads it
   */
  byte[] pack(PackedWriter header, int zero) {
    int headerBytes = header.position();
    for (int o = 0; o < outputs; o++) {
      int sum = 0;
      for (int i = o * inputs; zero != 0 && i < (o + 1) * inputs; i++) {
        sum += weights[i];
      }
      header.write32(bias[o] - zero * sum);
    }
    header.zeros(scalesAt(headerBytes) - header.position());
    for (double scale : scales) {
      header.write64(Double.doubleToRawLongBits(scale));
    }
    header.zeros(weightsAt(headerBytes) - header.position());
    header.write(weights, 0, weights.length);
    header.zeros(STEP);
    return header.toBytes();
  }

  /** The emitted code; a row is one output of one row of the batch. */
  KernelCode code(String name, Isa isa, byte[] code, byte[] packed, int scratchBytes) {
    return new KernelCode(
        name, isa, code, packed, (long) batch * inputs, 0, 1, (long) batch * outputs, scratchBytes);
  }
}
