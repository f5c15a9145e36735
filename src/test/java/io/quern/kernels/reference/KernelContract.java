package io.quern.kernels.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.quern.kernels.Kernel;
import io.quern.kernels.KernelParams;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.kernels.Tier;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.TestInfo;

/**
 * What every tier owes: the whole memory after a run is that of {@link ReferenceTier}, guard bytes
 * included, whatever was in the scratch before and however the units are divided.
 *
 * <p>Subclass the suite of each operator family per tier: {@code class Conv2dPortableTest extends
 * Conv2dContract}. A tier may have no kernel for some parameters, but every test must find one
 * unless {@link #mayLack} names it.
 */
public abstract class KernelContract {
  /** Elements of 0xA5 before, between and after the tensors. */
  static final int GUARD = 67;

  private static final byte FILL = (byte) 0xA5;

  /** Offset of the input in its array. */
  static final int IN = GUARD;

  /** Seed of all random data; new per test, in every message. */
  SplittableRandom random = new SplittableRandom(seed());

  private int checks;
  private int kernels;
  private int scratches;

  /** The tier under test. */
  protected abstract Tier tier();

  /** Names of tests in which the tier may lack every kernel. */
  protected boolean mayLack(String test) {
    return false;
  }

  private static long seed() {
    return Long.getLong("quern.seed", 20261123);
  }

  @AfterEach
  void theTierRan(TestInfo info) {
    String test = info.getTestMethod().orElseThrow().getName();
    assertTrue(checks > 0, test + " checked nothing");
    if (!mayLack(test)) {
      assertTrue(kernels > 0, tier().name() + " has no kernel for any case of " + test);
    }
  }

  /** Offset of an output that follows an input of the given length. */
  static int outAfter(int inputElements) {
    return IN + inputElements + GUARD;
  }

  /** Memory full of 0xA5 for an input and an output in the array of bytes. */
  static Memory int8Memory(int inputElements, int outputElements) {
    Memory m = new Memory(outAfter(inputElements) + outputElements + GUARD, 0, 0);
    Arrays.fill(m.bytes, FILL);
    return m;
  }

  /** Memory for an input and an output in the array of floats. */
  static Memory floatMemory(int inputElements, int outputElements) {
    Memory m = new Memory(0, outAfter(inputElements) + outputElements + GUARD, 0);
    Arrays.fill(m.floats, -12345.678f);
    return m;
  }

  /** Runs tier and reference on copies of the memory and compares all of it, exactly. */
  void check(String what, KernelParams params, Memory initial) {
    check(what, params, initial, 0);
  }

  /**
   * As {@link #check}, but float elements may differ by {@code tolerance} of the largest magnitude
   * of the reference's output.
   */
  void check(String what, KernelParams params, Memory initial, float tolerance) {
    checks++;
    Kernel kernel = tier().create(params);
    if (kernel == null) {
      return;
    }
    kernels++;
    String message = tier().name() + " " + kernel.microKernel() + ": " + what + ", seed " + seed();
    assertTrue(kernel.units() >= 1, message);
    Kernel reference = new ReferenceTier().create(params);
    assertNotNull(reference, message);
    Memory expected = copy(initial);
    reference.run(expected, new Scratch(reference.scratch()), 0, reference.units());
    int units = kernel.units();
    int[][] partitions = {
      {0, units}, {0, units / 2, units}, {0, 1, units}, {0, units / 3, 2 * units / 3, units}
    };
    for (int[] bounds : partitions) {
      Memory actual = copy(initial);
      for (int i = bounds.length - 2; i >= 0; i--) {
        kernel.run(actual, garbage(kernel), bounds[i], bounds[i + 1]);
      }
      compare(message + ", units " + Arrays.toString(bounds), expected, actual, tolerance);
    }
  }

  private Scratch garbage(Kernel kernel) {
    Scratch s = new Scratch(kernel.scratch());
    new Random(7).nextBytes(s.bytes);
    Arrays.fill(s.shorts, (short) 0x5A5A);
    Arrays.fill(s.ints, 0xA5A5A5A5);
    Arrays.fill(s.floats, Float.NaN);
    s.shift = scratches++ % 4;
    s.rowStart = 1 + 2 * s.shift;
    // Every third time it is time for a tier to choose anew.
    s.rowStartTimed = System.nanoTime() - (scratches % 3 == 0 ? 1_000_000_000 : 0);
    s.shiftTimed = s.rowStartTimed;
    return s;
  }

  private static Memory copy(Memory m) {
    Memory c = new Memory(m.bytes.length, m.floats.length, m.ints.length);
    System.arraycopy(m.bytes, 0, c.bytes, 0, m.bytes.length);
    System.arraycopy(m.floats, 0, c.floats, 0, m.floats.length);
    System.arraycopy(m.ints, 0, c.ints, 0, m.ints.length);
    return c;
  }

  private static void compare(String message, Memory expected, Memory actual, float tolerance) {
    int at = Arrays.mismatch(expected.bytes, actual.bytes);
    if (at >= 0) {
      fail(message + ": byte " + at + " is " + actual.bytes[at] + ", not " + expected.bytes[at]);
    }
    assertEquals(-1, Arrays.mismatch(expected.ints, actual.ints), message);
    float largest = 0;
    for (float x : expected.floats) {
      largest = Math.max(largest, x == -12345.678f ? 0 : Math.abs(x));
    }
    for (int i = 0; i < expected.floats.length; i++) {
      float e = expected.floats[i];
      float a = actual.floats[i];
      boolean guard = e == -12345.678f;
      if (Float.compare(e, a) != 0 && (guard || !(Math.abs(e - a) <= tolerance * largest))) {
        fail(message + ": float " + i + " is " + a + ", not " + e);
      }
    }
  }

  /** Random bytes in [min, max] at an offset. */
  void fill(byte[] bytes, int offset, int length, int min, int max) {
    for (int i = 0; i < length; i++) {
      bytes[offset + i] = (byte) random.nextInt(min, max + 1);
    }
  }

  /** Random floats in [-1, 1) at an offset. */
  void fill(float[] floats, int offset, int length) {
    for (int i = 0; i < length; i++) {
      floats[offset + i] = (float) random.nextDouble(-1, 1);
    }
  }

  /** Weights in [-127, 127]. */
  byte[] weights(int length) {
    byte[] w = new byte[length];
    fill(w, 0, length, -127, 127);
    return w;
  }

  /** Biases of about the size of an accumulator. */
  int[] bias(int channels, int depth) {
    int[] b = new int[channels];
    int bound = (int) (4000 * Math.sqrt(depth));
    for (int c = 0; c < channels; c++) {
      b[c] = random.nextInt(-bound, bound + 1);
    }
    return b;
  }

  /** Multipliers that bring accumulators of the given depth to about the int8 range. */
  Requantization requantization(int channels, int depth, int zeroPoint, int qmin, int qmax) {
    int[] multipliers = new int[channels];
    int[] shifts = new int[channels];
    int typical = 32 - Integer.numberOfLeadingZeros((int) (5000 * Math.sqrt(depth))) - 7;
    for (int c = 0; c < channels; c++) {
      multipliers[c] = random.nextInt(1 << 30, Integer.MAX_VALUE);
      shifts[c] = Math.max(-31, Math.min(3, random.nextInt(-2, 3) - typical));
    }
    return new Requantization(multipliers, shifts, zeroPoint, qmin, qmax);
  }
}
