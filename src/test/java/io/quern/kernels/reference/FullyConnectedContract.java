package io.quern.kernels.reference;

import io.quern.kernels.FullyConnectedFloat;
import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import org.junit.jupiter.api.Test;

/**
 * Fully connected layers: sizes around tiles, both requantizations, extremes of every parameter.
 */
public abstract class FullyConnectedContract extends KernelContract {
  private static final int[] AROUND_TILES = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33};

  private final class Case {
    int batch = 1;
    int inputs = 64;
    int outputs = 10;
    boolean real = true;
    int inputZeroPoint = -3;
    int outputZeroPoint = 11;
    int weightsZeroPoint;
    int qmin = -128;
    int qmax = 127;
    int inMin = -128;
    int inMax = 127;
    int weightMin = -127;
    int weightMax = 127;

    Case sizes(int m, int k, int n) {
      batch = m;
      inputs = k;
      outputs = n;
      return this;
    }

    void check() {
      byte[] weights = new byte[outputs * inputs];
      fill(weights, 0, weights.length, weightMin, weightMax);
      double[] scales = null;
      if (real) {
        scales = new double[outputs];
        for (int o = 0; o < outputs; o++) {
          scales[o] = random.nextDouble(0.2, 4) / (60 * Math.sqrt(inputs));
        }
      }
      Requantization r = requantization(outputs, inputs, outputZeroPoint, qmin, qmax);
      FullyConnectedInt8 p =
          new FullyConnectedInt8(
              IN,
              outAfter(batch * inputs),
              batch,
              inputs,
              outputs,
              weights,
              weightsZeroPoint,
              bias(outputs, inputs),
              inputZeroPoint,
              scales,
              r);
      Memory memory = int8Memory(batch * inputs, batch * outputs);
      fill(memory.bytes, IN, batch * inputs, inMin, inMax);
      FullyConnectedContract.this.check(
          batch + "x" + inputs + "x" + outputs + " real " + real, p, memory);
    }

    void checkFloat() {
      float[] weights = new float[outputs * inputs];
      fill(weights, 0, weights.length);
      float[] bias = new float[outputs];
      fill(bias, 0, outputs);
      FullyConnectedFloat p =
          new FullyConnectedFloat(
              IN, outAfter(batch * inputs), batch, inputs, outputs, weights, bias, -50, 50);
      Memory memory = floatMemory(batch * inputs, batch * outputs);
      fill(memory.floats, IN, batch * inputs);
      FullyConnectedContract.this.check(batch + "x" + inputs + "x" + outputs, p, memory, 1e-5f);
    }
  }

  @Test
  void inputsAroundTile() {
    for (int k : AROUND_TILES) {
      new Case().sizes(1, k, 10).check();
    }
    for (int k : new int[] {63, 64, 65, 127, 129, 257, 1024}) {
      new Case().sizes(1, k, 5).check();
    }
  }

  @Test
  void outputsAroundTile() {
    for (int n : AROUND_TILES) {
      new Case().sizes(1, 33, n).check();
    }
  }

  @Test
  void manyOutputs() {
    for (int n : new int[] {32, 63, 64, 65, 100, 255, 256, 257, 513, 1000}) {
      for (int k : new int[] {1, 2, 3, 4, 33, 64}) {
        new Case().sizes(n % 2 + 1, k, n).check();
      }
    }
    for (int z : new int[] {-128, 0, 127}) {
      Case c = new Case().sizes(2, 35, 70);
      c.weightsZeroPoint = z;
      c.weightMin = -128;
      c.check();
    }
    for (int in : new int[] {-128, 127}) {
      for (int w : new int[] {-128, -127, 127}) {
        Case c = new Case().sizes(1, 4099, 40);
        c.inMin = in;
        c.inMax = in;
        c.weightMin = w;
        c.weightMax = w;
        c.inputZeroPoint = -in - 1;
        c.check();
      }
    }
  }

  @Test
  void batchesAroundTile() {
    for (int m : AROUND_TILES) {
      new Case().sizes(m, 17, 9).check();
    }
  }

  @Test
  void doublyRounded() {
    for (int n : AROUND_TILES) {
      Case c = new Case().sizes(2, 33, n);
      c.real = false;
      c.check();
    }
  }

  @Test
  void zeroPoints() {
    for (int z : new int[] {-128, 0, 127}) {
      Case in = new Case();
      in.inputZeroPoint = z;
      in.check();
      Case out = new Case();
      out.outputZeroPoint = z;
      out.check();
      Case w = new Case();
      w.weightsZeroPoint = z;
      w.weightMin = -128;
      w.check();
    }
  }

  @Test
  void extremeInputsAndWeights() {
    for (int in : new int[] {-128, 127}) {
      for (int w : new int[] {-128, -127, 127}) {
        for (int z : new int[] {-128, 127}) {
          Case c = new Case().sizes(2, 4099, 5);
          c.inMin = in;
          c.inMax = in;
          c.weightMin = w;
          c.weightMax = w;
          c.inputZeroPoint = z;
          c.check();
        }
      }
    }
  }

  @Test
  void tiesAwayFromZero() {
    int outputs = 16;
    double[] scales = new double[outputs];
    int[] bias = new int[outputs];
    for (int o = 0; o < outputs; o++) {
      scales[o] = 0.5;
      bias[o] = 2 * o - 15;
    }
    FullyConnectedInt8 p =
        new FullyConnectedInt8(
            IN,
            outAfter(1),
            1,
            1,
            outputs,
            new byte[outputs],
            0,
            bias,
            0,
            scales,
            new Requantization(new int[outputs], new int[outputs], 0, -128, 127));
    check("ties", p, int8Memory(1, outputs));
  }

  @Test
  void qminEqualsQmax() {
    Case c = new Case();
    c.qmin = 11;
    c.qmax = 11;
    c.check();
  }

  @Test
  void inFloat() {
    for (int k : AROUND_TILES) {
      new Case().sizes(1, k, 10).checkFloat();
      new Case().sizes(3, 33, k).checkFloat();
    }
  }
}
