package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.quern.kernels.Requantization;
import io.quern.kernels.asm.FailingMemory.Call;
import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.kernels.asm.KernelHarness.Scaling;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Features, code memory, failures, and the promises of a call. */
class AsmSupportTest {
  private static final int CALLS = 1000;

  private static PointwiseLayer layer(Random random, int m, int k, int n) {
    return new PointwiseLayer(
        m,
        k,
        n,
        KernelHarness.weights(random, n * k, false),
        KernelHarness.biases(random, n),
        -3,
        KernelHarness.requantization(random, Scaling.USUAL, n, k));
  }

  /** Prints why machine code cannot be used; for a JVM of its own. */
  static final class Reason {
    private Reason() {}

    public static void main(String[] args) {
      try {
        AsmSupport.find();
        System.out.println("available");
      } catch (AsmUnavailableException e) {
        System.out.println("reason: " + e.getMessage());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Call.class,
      names = {"PAGE_BYTES", "MAP", "MAKE_EXECUTABLE"})
  void everyFailureIsOneLineAndLeavesNothingMapped(Call call) throws AsmUnavailableException {
    for (int granted = 0; granted < 2; granted++) {
      FailingMemory os = new FailingMemory(call, granted, granted == 1);
      AsmUnavailableException e =
          assertThrows(AsmUnavailableException.class, () -> loadOne(os), call + " " + granted);
      assertEquals("simulated: " + call + " refused", e.getMessage());
      assertEquals(0, os.mapped);
    }
  }

  private static void loadOne(NativeMemory os) throws AsmUnavailableException {
    AsmSupport support = AsmSupport.find(os, null);
    KernelCode code = support.pointwise(layer(new Random(1), 3, 5, 7));
    support.load(List.of(code)).close();
    support.load(List.of(code)).close();
  }

  @Test
  @EnabledOnOs(architectures = "aarch64")
  void auxiliaryVectorFails() throws AsmUnavailableException {
    FailingMemory os = new FailingMemory(Call.AUXILIARY, 1, false);
    AsmUnavailableException e =
        assertThrows(AsmUnavailableException.class, () -> AsmSupport.find(os, null));
    assertEquals("simulated: AUXILIARY refused", e.getMessage());
  }

  @Test
  @EnabledOnOs(architectures = "amd64")
  @EnabledForJreRange(min = JRE.JAVA_24)
  void deniedNativeAccessIsReported() throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--illegal-native-access=deny",
                "-cp",
                classPath(Reason.class, AsmSupport.class, Requantization.class),
                Reason.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(child.waitFor(60, TimeUnit.SECONDS));
    assertTrue(output.startsWith("reason: native access is denied: "), output);
    assertEquals(1, output.lines().count(), output);
  }

  private static String classPath(Class<?>... classes) {
    return Stream.of(classes)
        .map(c -> c.getProtectionDomain().getCodeSource().getLocation().getPath())
        .collect(Collectors.joining(File.pathSeparator));
  }

  @Test
  void unknownOrAbsentFeaturesAreReported() throws AsmUnavailableException {
    NativeMemory os = new LinuxMemory();
    AsmUnavailableException unknown =
        assertThrows(AsmUnavailableException.class, () -> AsmSupport.find(os, "avx9"));
    assertTrue(unknown.getMessage().startsWith("quern.asm.features is avx9"), unknown.getMessage());
    AsmUnavailableException none =
        assertThrows(AsmUnavailableException.class, () -> AsmSupport.find(os, ""));
    assertTrue(none.getMessage().startsWith("the processor has no "), none.getMessage());
  }

  @Test
  void featuresCanOnlyBeTakenAway() throws AsmUnavailableException {
    NativeMemory os = new LinuxMemory();
    CpuFeatures here = CpuFeatures.detect(os);
    assertEquals(here, here.restrictedTo(null));
    assertEquals(here, here.restrictedTo("avx2, avx-vnni, AVX512_VNNI,neon,dotprod,i8mm"));
    String least = here.isa() == Isa.X86_64 ? "avx2" : "neon";
    AsmSupport support = AsmSupport.find(os, least);
    assertEquals(1, support.cpu().features().size());
    String name = support.pointwise(layer(new Random(1), 32, 8, 16)).name();
    // Products 8 deep fit in int16 sums.
    String arm = "pointwise4x4-SMLAL-int16";
    assertEquals(here.isa() == Isa.X86_64 ? "pointwise6x16-MADD16" : arm, name);
  }

  @Test
  void hardwareCapabilitiesOfTheBoards() {
    // Pi 4 (A72): fp asimd evtstrm crc32 cpuid; Pi 5 (A76) has asimddp among others
    assertEquals(Set.of(CpuFeature.NEON), CpuFeatures.fromHwcap(0x887, 0));
    assertEquals(Set.of(CpuFeature.NEON, CpuFeature.DOTPROD), CpuFeatures.fromHwcap(0x100887, 0));
    assertEquals(
        Set.of(CpuFeature.NEON, CpuFeature.DOTPROD, CpuFeature.I8MM),
        CpuFeatures.fromHwcap(0x100887, 1 << 13));
    assertEquals(Set.of(), CpuFeatures.fromHwcap(0x100000, 1 << 13));
  }

  @Test
  void cpuidNeedsTheOperatingSystemToo() {
    int ecx1 = 1 << 27 | 1 << 28;
    int ebx7 = 1 << 5 | 1 << 16 | 1 << 30 | 1 << 31;
    int[] all = {ecx1, ebx7, 1 << 11, 1 << 4, 0xe7};
    assertEquals(
        Set.of(CpuFeature.AVX2, CpuFeature.AVX_VNNI, CpuFeature.AVX512_VNNI),
        CpuFeatures.fromCpuid(all));
    int[] zmmNotSaved = {ecx1, ebx7, 1 << 11, 0, 0x07};
    assertEquals(Set.of(CpuFeature.AVX2), CpuFeatures.fromCpuid(zmmNotSaved));
    int[] ymmNotSaved = {ecx1, ebx7, 1 << 11, 1 << 4, 0x03};
    assertEquals(Set.of(), CpuFeatures.fromCpuid(ymmNotSaved));
    int[] noXsave = {1 << 28, ebx7, 1 << 11, 1 << 4, 0xe7};
    assertEquals(Set.of(), CpuFeatures.fromCpuid(noXsave));
  }

  @Test
  void codeIsNeverWritableAndExecutable() throws AsmUnavailableException, IOException {
    NativeMemory os = new LinuxMemory();
    MemorySegment pages = os.map(os.pageBytes());
    try {
      assertTrue(permissions(pages.address()).startsWith("rw-"));
      os.makeExecutable(pages);
      assertTrue(permissions(pages.address()).startsWith("r-x"));
    } finally {
      os.unmap(pages);
    }
  }

  private static String permissions(long address) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
      String[] range = line.substring(0, line.indexOf(' ')).split("-");
      if (Long.parseUnsignedLong(range[0], 16) <= address
          && address < Long.parseUnsignedLong(range[1], 16)) {
        return line.substring(line.indexOf(' ') + 1);
      }
    }
    throw new AssertionError("address " + Long.toHexString(address) + " is not mapped");
  }

  @Test
  void closedCodeThrows() throws AsmUnavailableException {
    FailingMemory os = new FailingMemory(Call.NONE, 0, false);
    AsmSupport support = AsmSupport.find(os, null);
    // what packs weights stays mapped
    int before = os.mapped;
    KernelCode code = support.pointwise(layer(new Random(1), 3, 5, 7));
    AsmSupport.Loaded loaded = support.load(List.of(code, code));
    MemorySegment in = MemorySegment.ofArray(new byte[15]);
    MemorySegment out = MemorySegment.ofArray(new byte[21]);
    MemorySegment scratch = MemorySegment.ofArray(new byte[code.scratchBytes()]);
    AsmKernel kernel = loaded.kernels().get(1);
    kernel.call(in, out, scratch, 0, 3);
    assertEquals(before + 1, os.mapped);
    loaded.close();
    assertEquals(before, os.mapped);
    Reference.reachabilityFence(support);
    assertThrows(IllegalStateException.class, () -> kernel.call(in, out, scratch, 0, 3));
  }

  @Test
  void shortBuffersAndWrongRowsAreRefused() throws AsmUnavailableException {
    AsmSupport support = AsmSupport.find(new LinuxMemory(), null);
    KernelCode code = support.pointwise(layer(new Random(1), 3, 5, 7));
    try (AsmSupport.Loaded loaded = support.load(List.of(code))) {
      AsmKernel kernel = loaded.kernels().get(0);
      MemorySegment in = MemorySegment.ofArray(new byte[15]);
      MemorySegment out = MemorySegment.ofArray(new byte[21]);
      MemorySegment scratch = MemorySegment.ofArray(new byte[code.scratchBytes()]);
      refused(kernel, in.asSlice(1), out, scratch, 0, 3);
      refused(kernel, in, out.asSlice(1), scratch, 0, 3);
      refused(kernel, in, out, scratch, 0, 4);
      refused(kernel, in, out, scratch, -1, 1);
      refused(kernel, in, out, scratch, 1, -1);
      refused(kernel, in, out, scratch, Long.MAX_VALUE, 1);
      kernel.call(in, out, scratch, 3, 0);
      assertArrayEquals(new byte[21], out.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private static void refused(
      AsmKernel k, MemorySegment in, MemorySegment out, MemorySegment scratch, long at, long n) {
    assertThrows(IllegalArgumentException.class, () -> k.call(in, out, scratch, at, n));
  }

  @Test
  void layersAreChecked() {
    Requantization q = new Requantization(new int[] {1 << 30}, new int[] {0}, 0, -128, 127);
    assertThrows(
        IllegalArgumentException.class,
        () -> new PointwiseLayer(1, 2, 1, new byte[1], new int[1], 0, q));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PointwiseLayer(1, 1, 1, new byte[1], new int[1], 128, q));
    Requantization low = new Requantization(new int[] {5}, new int[] {0}, 0, -128, 127);
    assertThrows(
        IllegalArgumentException.class,
        () -> new PointwiseLayer(1, 1, 1, new byte[1], new int[1], 0, low));
    Requantization shift = new Requantization(new int[] {1 << 30}, new int[] {31}, 0, -128, 127);
    assertThrows(
        IllegalArgumentException.class,
        () -> new PointwiseLayer(1, 1, 1, new byte[1], new int[1], 0, shift));
    byte[] minimal = {-128};
    assertThrows(
        IllegalArgumentException.class,
        () -> new DepthwiseLayer(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, minimal, new int[1], 0, q));
  }

  @Test
  void leastWeights() throws AsmUnavailableException {
    AsmSupport support = AsmSupport.find(new LinuxMemory(), null);
    KernelHarness harness = new KernelHarness();
    Random random = new Random(4);
    int k = 37;
    int n = 19;
    byte[] weights = new byte[k * n];
    Arrays.fill(weights, (byte) -128);
    PointwiseLayer layer =
        new PointwiseLayer(
            5,
            k,
            n,
            weights,
            new int[n],
            127,
            KernelHarness.requantization(random, Scaling.USUAL, n, k * 100));
    byte[] in = KernelHarness.input(random, Input.ALL_MIN, 5 * k);
    for (String routine : support.pointwiseRoutines()) {
      harness.check(
          "least weights",
          support.pointwise(routine, layer),
          in,
          KernelHarness.pointwise(layer, in, 5),
          5);
    }
  }

  @Test
  void ownCacheFlushServesWhereTheLibraryIsMissing() throws AsmUnavailableException {
    FailingMemory os = new FailingMemory(Call.NONE, 0, true);
    AsmSupport support = AsmSupport.find(os, null);
    Random random = new Random(2);
    PointwiseLayer layer = layer(random, 6, 20, 9);
    byte[] in = KernelHarness.input(random, Input.RANDOM, 6 * 20);
    byte[] out = new byte[6 * 9];
    int before = os.mappings;
    int mapped = os.mapped;
    try (AsmSupport.Loaded loaded = support.load(List.of(support.pointwise(layer)))) {
      AsmKernel kernel = loaded.kernels().get(0);
      kernel.call(
          MemorySegment.ofArray(in),
          MemorySegment.ofArray(out),
          MemorySegment.ofArray(new byte[kernel.scratchBytes()]),
          0,
          6);
    }
    assertArrayEquals(KernelHarness.pointwise(layer, in, 6), out);
    // the stub is a mapping of its own
    assertEquals(support.cpu().isa() == Isa.AARCH64 ? 2 : 1, os.mappings - before);
    assertEquals(mapped, os.mapped);
    Reference.reachabilityFence(support);
  }

  @Test
  void callsAllocateNothing() throws AsmUnavailableException {
    AsmSupport support = AsmSupport.find(new LinuxMemory(), null);
    Random random = new Random(3);
    PointwiseLayer layer = layer(random, 6, 20, 9);
    try (AsmSupport.Loaded loaded = support.load(List.of(support.pointwise(layer)))) {
      AsmKernel kernel = loaded.kernels().get(0);
      MemorySegment in = MemorySegment.ofArray(new byte[6 * 20]);
      MemorySegment out = MemorySegment.ofArray(new byte[6 * 9]);
      MemorySegment scratch = MemorySegment.ofArray(new byte[kernel.scratchBytes()]);
      for (int i = 0; i < 20; i++) {
        repeat(kernel, in, out, scratch, null);
      }
      assertEquals(0, allocated(kernel, in, out, scratch, null), "bytes");
      byte[][] sink = new byte[CALLS][];
      assertTrue(allocated(kernel, in, out, scratch, sink) >= 16L * CALLS, "control");
      assertFalse(sink[CALLS - 1] == null);
    }
  }

  private static long allocated(
      AsmKernel kernel, MemorySegment in, MemorySegment out, MemorySegment scratch, byte[][] sink) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    repeat(kernel, in, out, scratch, sink);
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  private static void repeat(
      AsmKernel kernel, MemorySegment in, MemorySegment out, MemorySegment scratch, byte[][] sink) {
    for (int i = 0; i < CALLS; i++) {
      kernel.call(in, out, scratch, 0, 6);
      if (sink != null) {
        sink[i] = new byte[16];
      }
    }
  }
}
