package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.quant.Rounding;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Fully connected layers with real factors, between guard pages, against the scalar formula. */
class FullyConnectedLayerAsmTest {
  private static final int[] SIZES = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 64, 67};

  private final KernelHarness harness = new KernelHarness();
  private final AsmSupport support = AsmSupport.find(new LinuxMemory(), null);

  FullyConnectedLayerAsmTest() throws AsmUnavailableException {}

  @Test
  void shapesAroundTheTile() throws AsmUnavailableException {
    long seed = 0;
    for (int inputs : SIZES) {
      for (int outputs : SIZES) {
        run(seed++, 1, inputs, outputs, Input.RANDOM, false);
      }
      run(seed++, 3, inputs, 5, Input.RANDOM, false);
      run(seed++, 2, 20, inputs, Input.RANDOM, false);
    }
    run(seed, 1, 1024, 101, Input.RANDOM, false);
  }

  @Test
  void extremes() throws AsmUnavailableException {
    long seed = 1000;
    for (Input input : new Input[] {Input.ALL_MIN, Input.ALL_MAX}) {
      for (int inputs : new int[] {1, 16, 33, 4099}) {
        run(seed++, 2, inputs, 9, input, true);
      }
    }
  }

  /** Sums times one half, one quarter and the doubles beside them, and factors of any size. */
  @Test
  void tiesAndExtremeScales() throws AsmUnavailableException {
    double[] factors = {
      0.5,
      -0.5,
      0.25,
      Math.nextDown(0.5),
      Math.nextUp(0.5),
      Math.nextDown(0.25),
      Math.nextUp(0.25),
      0,
      1,
      1e-300,
      1e300,
      -1e300,
      Double.MIN_VALUE
    };
    int outputs = 41 * factors.length;
    double[] scales = new double[outputs];
    int[] bias = new int[outputs];
    for (int o = 0; o < outputs; o++) {
      scales[o] = factors[o % factors.length];
      bias[o] = o / factors.length - 20;
    }
    byte[] in = {5};
    for (int zeroPoint : new int[] {-128, 0, 127}) {
      FullyConnectedLayer layer =
          new FullyConnectedLayer(
              1, 1, outputs, new byte[outputs], bias, 0, scales, zeroPoint, -128, 127);
      harness.check(
          "zero point " + zeroPoint, code(layer), in, reference(layer, in), layer.outputs());
    }
  }

  /** The rounding of the x86-64 code, on doubles around every tie up to 2^10 and far away. */
  @Test
  void truncationAfterAddingAlmostHalfRoundsTiesAwayFromZero() {
    for (int n = -1024; n <= 1024; n++) {
      for (double v :
          new double[] {n + 0.5, Math.nextUp(n + 0.5), Math.nextDown(n + 0.5), n, n + 0.49}) {
        double sum = v + Math.copySign(FullyConnectedLayer.HALF, v);
        assertEquals(Rounding.toInt(v), (int) sum, "of " + v);
      }
    }
    Random random = new Random(20261127);
    for (int i = 0; i < 100_000; i++) {
      double v = (random.nextDouble() - 0.5) * Math.scalb(1.0, random.nextInt(30));
      double sum = v + Math.copySign(FullyConnectedLayer.HALF, v);
      assertEquals(Rounding.toInt(v), (int) sum, "of " + v);
    }
  }

  private KernelCode code(FullyConnectedLayer layer) {
    return support.fullyConnected(layer);
  }

  private void run(long seed, int batch, int inputs, int outputs, Input kind, boolean extreme)
      throws AsmUnavailableException {
    Random random = new Random(seed);
    byte[] weights = KernelHarness.weights(random, outputs * inputs, extreme);
    weights[random.nextInt(weights.length)] = -128;
    double[] scales = new double[outputs];
    for (int o = 0; o < outputs; o++) {
      scales[o] = (0.2 + random.nextDouble()) / (60 * Math.sqrt(inputs));
    }
    int[] zeroPoints = {-128, 0, 127, 3};
    int qmin = random.nextInt(3) == 0 ? -20 : -128;
    FullyConnectedLayer layer =
        new FullyConnectedLayer(
            batch,
            inputs,
            outputs,
            weights,
            KernelHarness.biases(random, outputs),
            zeroPoints[random.nextInt(4)],
            scales,
            zeroPoints[random.nextInt(4)],
            qmin,
            random.nextInt(3) == 0 ? 30 : 127);
    byte[] in = KernelHarness.input(random, kind, batch * inputs);
    harness.check(
        "seed " + seed + " " + batch + "x" + inputs + "x" + outputs + " " + kind,
        code(layer),
        in,
        reference(layer, in),
        batch * outputs);
  }

  private static byte[] reference(FullyConnectedLayer p, byte[] in) {
    byte[] out = new byte[p.batch() * p.outputs()];
    for (int r = 0; r < out.length; r++) {
      int o = r % p.outputs();
      int acc = p.bias()[o];
      for (int i = 0; i < p.inputs(); i++) {
        int x = in[r / p.outputs() * p.inputs() + i] - p.inputZeroPoint();
        acc += p.weights()[o * p.inputs() + i] * x;
      }
      int q = Rounding.toInt(acc * p.scales()[o]) + p.zeroPoint();
      out[r] = (byte) Math.max(p.qmin(), Math.min(p.qmax(), q));
    }
    return out;
  }
}
