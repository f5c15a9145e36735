package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.asm.FailingMemory.Call;
import io.quern.kernels.asm.KernelHarness.Scaling;
import io.quern.kernels.reference.ReferenceTier;
import io.quern.testing.Allocations;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the tier promises beyond the bytes of its kernels. */
class AsmTierTest {
  /** A convolution of 8 x 7 pixels with a square kernel. */
  private static Conv2dInt8 conv2d(int kernel) {
    Random random = new Random(kernel);
    int pad = kernel / 2;
    ConvGeometry g = new ConvGeometry(1, 8, 7, 5, 8, 7, 18, kernel, kernel, 1, 1, 1, 1, pad, pad);
    int depth = kernel * kernel * 5;
    return new Conv2dInt8(
        3,
        3 + 8 * 7 * 5 + 1,
        g,
        KernelHarness.weights(random, 18 * depth, false),
        0,
        KernelHarness.biases(random, 18),
        1,
        3,
        KernelHarness.requantization(random, Scaling.USUAL, 18, depth));
  }

  private static Memory memory(int seed) {
    Memory m = new Memory(3 + 8 * 7 * 5 + 1 + 8 * 7 * 18 + 9, 0, 0);
    new Random(seed).nextBytes(m.bytes);
    return m;
  }

  private static byte[] reference(Conv2dInt8 p, int seed) {
    Memory m = memory(seed);
    Kernel k = new ReferenceTier().create(p);
    k.run(m, new Scratch(k.scratch()), 0, k.units());
    return m.bytes;
  }

  @Test
  void codeIsUnmappedWhenKernelsAreGarbage() throws Exception {
    FailingMemory os = new FailingMemory(Call.NONE, 0, false);
    AsmTier tier = new AsmTier(AsmSupport.find(os, null));
    int kept = os.mapped;
    Conv2dInt8 p = conv2d(3);
    Kernel last = null;
    for (int i = 0; i < 50; i++) {
      last = tier.create(p);
    }
    assertTrue(os.mappings >= 50, "mappings " + os.mappings);
    for (int i = 0; i < 200 && os.mapped > kept + 1; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertEquals(kept + 1, os.mapped, "one kernel is in use");
    Memory m = memory(1);
    last.run(m, new Scratch(last.scratch()), 0, last.units());
    assertArrayEquals(reference(p, 1), m.bytes);
  }

  @ParameterizedTest
  @EnumSource(
      value = Call.class,
      names = {"MAP", "MAKE_EXECUTABLE"})
  void layersAreLeftToOthersWhenMemoryIsRefused(Call refused) throws AsmUnavailableException {
    FailingMemory sure = new FailingMemory(Call.NONE, 0, false);
    AsmSupport.find(sure, null);
    FailingMemory os = new FailingMemory(refused, sure.mappings + 1, false);
    AsmTier tier = new AsmTier(AsmSupport.find(os, null));
    assertNotNull(tier.create(conv2d(1)));
    assertNull(tier.create(conv2d(1)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void sessionsThatTakeTurnsAllocateNothing(int kernelSize) {
    Conv2dInt8 p = conv2d(kernelSize);
    Kernel k = new AsmTier().create(p);
    Memory[] memories = {memory(1), memory(2), memory(3)};
    Scratch[] scratches = {
      new Scratch(k.scratch()), new Scratch(k.scratch()), new Scratch(k.scratch())
    };
    Runnable turns =
        () -> {
          for (int i = 0; i < 3; i++) {
            k.run(memories[i], scratches[i], 0, k.units());
          }
        };
    assertEquals(0, Allocations.ofThisThread(turns, 200, 100));
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(reference(p, i + 1), memories[i].bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void threadsShareAKernel(int kernelSize) throws InterruptedException {
    Conv2dInt8 p = conv2d(kernelSize);
    Kernel k = new AsmTier().create(p);
    List<Thread> threads = new ArrayList<>();
    boolean[] right = new boolean[4];
    for (int t = 0; t < right.length; t++) {
      int seed = t;
      byte[] expected = reference(p, seed);
      Thread thread =
          new Thread(
              () -> {
                Scratch s = new Scratch(k.scratch());
                boolean all = true;
                for (int i = 0; i < 500; i++) {
                  Memory m = memory(seed);
                  k.run(m, s, 0, k.units());
                  all &= java.util.Arrays.equals(expected, m.bytes);
                }
                right[seed] = all;
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread t : threads) {
      t.join();
    }
    assertArrayEquals(new boolean[] {true, true, true, true}, right);
  }

  @Test
  void tooSmallArraysAreRefused() {
    Kernel k = new AsmTier().create(conv2d(1));
    Memory small = new Memory(3 + 8 * 7 * 5 + 1 + 8 * 7 * 18 - 1, 0, 0);
    Scratch s = new Scratch(k.scratch());
    boolean refused = false;
    try {
      k.run(small, s, 0, k.units());
    } catch (IllegalArgumentException e) {
      refused = true;
    }
    assertTrue(refused);
    assertFalse(k.microKernel().isEmpty());
  }
}
