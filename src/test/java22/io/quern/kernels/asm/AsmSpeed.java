package io.quern.kernels.asm;

import io.quern.kernels.Requantization;
import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.kernels.asm.KernelHarness.Scaling;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Speed of the routines on x86-64, as shares of what the multiplier can do in the same run.
 *
 * <p>Pin it: {@code taskset -c 1 java --enable-native-access=ALL-UNNAMED -cp ...
 * io.quern.kernels.asm.AsmSpeed}, and rows, depth and columns of one product if no other is wanted.
 * Rounds alternate between the loops so that a disturbance hits all; the best of each counts.
 */
final class AsmSpeed {
  private static final int ROUNDS = 1000;

  private AsmSpeed() {}

  private record Candidate(String name, double macs, Runnable work) {}

  public static void main(String[] args) throws AsmUnavailableException {
    NativeMemory os = new LinuxMemory();
    AsmSupport support = AsmSupport.find(os, null);
    CpuFeatures cpu = support.cpu();
    System.out.println(cpu);
    Random random = new Random(1);
    try (Arena arena = Arena.ofConfined()) {
      List<Candidate> peaks = new ArrayList<>();
      for (MultiplyPeak peak : MultiplyPeak.all(os, cpu)) {
        peaks.add(new Candidate(peak.name(), peak.macs(), peak));
      }
      int[][] shapes = {{196, 256, 256}, {49, 1024, 1024}, {3136, 64, 128}, {12544, 8, 16}};
      if (args.length == 3) {
        shapes = new int[][] {Arrays.stream(args).mapToInt(Integer::parseInt).toArray()};
      }
      for (int[] s : shapes) {
        int m = s[0];
        int k = s[1];
        int n = s[2];
        byte[] weights = KernelHarness.weights(random, n * k, false);
        int[] biases = KernelHarness.biases(random, n);
        Requantization q = KernelHarness.requantization(random, Scaling.USUAL, n, k);
        byte[] in = KernelHarness.input(random, Input.RANDOM, m * k);
        List<Candidate> all = new ArrayList<>(peaks);
        for (boolean relu : new boolean[] {true, false}) {
          PointwiseLayer layer = new PointwiseLayer(m, k, n, weights, biases, 3, range(q, relu));
          for (String routine : support.pointwiseRoutines()) {
            KernelCode code = support.pointwise(routine, layer);
            String name = code.name() + (relu ? " with RELU" : "");
            all.add(candidate(os, arena, name, code, in, m * n, m, (double) m * k * n));
          }
        }
        byte[] binary = new byte[n * k];
        for (int i = 0; i < binary.length; i++) {
          binary[i] = (byte) (weights[i] < 0 ? -127 : 127);
        }
        KernelCode code =
            support.pointwise(new PointwiseLayer(m, k, n, binary, biases, 3, range(q, true)));
        String name = code.name() + " binary with RELU";
        all.add(candidate(os, arena, name, code, in, m * n, m, (double) m * k * n));
        measure(m + "x" + k + "x" + n, all);
      }
      if (args.length == 3) {
        return;
      }
      for (int[] s : new int[][] {{112, 32, 1}, {112, 64, 2}, {28, 256, 1}, {14, 512, 1}}) {
        int size = s[0];
        int c = s[1];
        int out = size / s[2];
        DepthwiseLayer layer =
            new DepthwiseLayer(
                size,
                size,
                c,
                out,
                out,
                3,
                3,
                s[2],
                s[2],
                1,
                1,
                2 - s[2],
                2 - s[2],
                KernelHarness.weights(random, 9 * c, false),
                KernelHarness.biases(random, c),
                3,
                KernelHarness.requantization(random, Scaling.USUAL, c, 9));
        byte[] in = KernelHarness.input(random, Input.RANDOM, size * size * c);
        List<Candidate> all = new ArrayList<>(peaks);
        KernelCode code = support.depthwise(layer);
        double macs = 9.0 * out * out * c;
        all.add(candidate(os, arena, code.name(), code, in, out * out * c, out, macs));
        measure("depthwise " + size + "x" + size + "x" + c + " stride " + s[2], all);
      }
    }
  }

  /** The output range of a layer with a RELU or without. */
  private static Requantization range(Requantization q, boolean relu) {
    return new Requantization(q.multipliers(), q.shifts(), relu ? -128 : 3, -128, 127);
  }

  private static Candidate candidate(
      NativeMemory os,
      Arena arena,
      String name,
      KernelCode code,
      byte[] in,
      int outBytes,
      int rows,
      double macs)
      throws AsmUnavailableException {
    CodeMemory memory = CodeMemory.install(os, code.isa(), List.of(code.code()));
    MemorySegment packed = arena.allocate(code.packed().length, 64);
    packed.copyFrom(MemorySegment.ofArray(code.packed()));
    AsmKernel kernel = new AsmKernel(code, memory, 0, packed);
    MemorySegment x = MemorySegment.ofArray(in);
    MemorySegment y = MemorySegment.ofArray(new byte[outBytes]);
    MemorySegment scratch = arena.allocate(Math.max(1, code.scratchBytes()), 64);
    return new Candidate(name, macs, () -> kernel.call(x, y, scratch, 0, rows));
  }

  private static void measure(String title, List<Candidate> all) {
    double[] best = new double[all.size()];
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < best.length; i++) {
        Candidate candidate = all.get(i);
        int repeats = (int) Math.max(1, 20e6 / candidate.macs);
        long start = System.nanoTime();
        for (int r = 0; r < repeats; r++) {
          candidate.work.run();
        }
        best[i] = Math.max(best[i], repeats * candidate.macs / (System.nanoTime() - start));
      }
    }
    System.out.println(title);
    for (int i = 0; i < best.length; i++) {
      System.out.printf(
          "  %-44s %7.1f GMAC/s  %5.1f %% of VPMADDWD  %5.1f %% of VPMADDWD + VPADDD%n",
          all.get(i).name, best[i], 100 * best[i] / best[0], 100 * best[i] / best[1]);
    }
  }
}
