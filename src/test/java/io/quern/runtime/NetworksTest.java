package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.Model;
import io.quern.model.Graph;
import io.quern.testing.Allocations;
import io.quern.testing.Networks;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole networks on every tier: same bytes however they are planned, and no allocation. */
class NetworksTest {
  private static final int INPUTS = 2;

  static List<Path> networks() {
    return Networks.all();
  }

  @BeforeAll
  static void sayWhatRuns() {
    System.out.println(
        "NetworksTest: tiers " + Tiers.available() + ", networks " + networks().size());
    assertTrue(Tiers.available().contains("reference"), "the reference tier is missing");
    assertTrue(Tiers.available().contains("portable"), "the portable tier is missing");
  }

  private static byte[][] run(Graph g, PlanOptions options) {
    try (Session s = Planner.plan(g, options).newSession()) {
      byte[][] results = new byte[INPUTS][];
      Random random = new Random(7);
      for (int i = 0; i < INPUTS; i++) {
        Networks.setRandomInputs(s, random);
        s.invoke();
        results[i] = Networks.outputs(s);
      }
      return results;
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void everyPlanGivesTheResultOfReference(Path file) throws Exception {
    Graph g = Model.load(file).graph();
    PlanOptions plain = new PlanOptions("reference", 1, true, false);
    byte[][] expected = run(g, plain);
    for (String tier : Tiers.available()) {
      for (int threads = 1; threads <= 3; threads++) {
        for (boolean fuse : new boolean[] {false, true}) {
          PlanOptions o = new PlanOptions(tier, threads, false, fuse);
          byte[][] actual = run(g, o);
          for (int i = 0; i < INPUTS; i++) {
            String what = file.getFileName() + " input " + i + " " + o;
            if (Networks.isQuantized(g)) {
              assertArrayEquals(expected[i], actual[i], what);
            } else {
              assertNear(expected[i], actual[i], what);
            }
          }
        }
      }
    }
  }

  /** Float tiers may sum in another order: a softmax or a score differs in its last digits only. */
  private static void assertNear(byte[] expected, byte[] actual, String what) {
    FloatBuffer e = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    FloatBuffer a = ByteBuffer.wrap(actual).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    assertEquals(e.remaining(), a.remaining(), what);
    for (int i = 0; i < e.remaining(); i++) {
      assertEquals(e.get(i), a.get(i), 1e-4f * Math.max(1, Math.abs(e.get(i))), what + " at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void runAllocatesNothing(Path file) throws Exception {
    Graph g = Model.load(file).graph();
    boolean small = Costs.macs(g) < 20_000_000;
    for (String tier : Tiers.available()) {
      for (int threads = 1; threads <= 2; threads++) {
        try (Session s =
            Planner.plan(g, PlanOptions.defaults().withTier(tier).withThreads(threads))
                .newSession()) {
          Networks.setRandomInputs(s, new Random(1));
          int warmUp = warmUp(tier, Networks.isQuantized(g), small);
          String what = file.getFileName() + " " + tier + " " + threads;
          int runs = small ? 50 : 10;
          assertEquals(0, Allocations.ofThisThreadOnceCompiled(s::invoke, warmUp, runs), what);
          assertEquals(0, Allocations.ofThreadsNamed("quern-worker-", s::invoke, 0, 10), what);
        }
      }
    }
  }

  /**
   * The Vector API allocates until C2 has compiled its callers, which takes some 4,000 runs for
   * code that a run enters once, as the last layer's.
   */
  private static int warmUp(String tier, boolean quantized, boolean small) {
    if (tier.equals("reference")) {
      return 5;
    }
    boolean vectors = Tiers.available().contains("vector") && !tier.equals("portable");
    if (vectors && quantized) {
      return small ? 6_000 : 2_000;
    }
    return small ? 400 : 60;
  }

  @ParameterizedTest
  @MethodSource("networks")
  void tensorsThatLiveTogetherDoNotOverlap(Path file) throws Exception {
    Plan p = Planner.plan(Model.load(file).graph(), PlanOptions.defaults());
    assertTrue(p.slots().size() >= 2, "slots " + p.slots().size());
    for (TensorSlot a : p.slots()) {
      for (TensorSlot b : p.slots()) {
        boolean sameArray = (a.type().bytes() == 1) == (b.type().bytes() == 1);
        int rootA = a.aliasOf() < 0 ? a.tensor() : a.aliasOf();
        int rootB = b.aliasOf() < 0 ? b.tensor() : b.aliasOf();
        if (rootA == rootB || !sameArray) {
          continue;
        }
        boolean together = a.firstUse() <= b.lastUse() && b.firstUse() <= a.lastUse();
        boolean apart =
            a.offset() + a.length() <= b.offset() || b.offset() + b.length() <= a.offset();
        assertTrue(!together || apart, a + " and " + b);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void arenaIsSmallerThanTheSumOfItsTensors(Path file) throws Exception {
    Graph g = Model.load(file).graph();
    long shared = Planner.plan(g, PlanOptions.defaults()).arenaBytes();
    long kept = Planner.plan(g, PlanOptions.defaults().withKeepIntermediates(true)).arenaBytes();
    assertTrue(shared * 2 < kept, shared + " of " + kept);
  }
}
