package io.quern.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.format.tflite.TfliteWriter;
import io.quern.model.DataType;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Tiers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Every tier gives the bytes of TensorFlow Lite's reference kernels on random integer operators,
 * and the reference tier on float ones without exp or tanh, too.
 *
 * <p>{@code -Dquern.cases=N} runs the first N cases, {@code -Dquern.firstCase=K} begins at case K.
 * Without the oracle, the cases of an ordinary run are compared with the recorded manifest.
 */
class RandomOperatorsTest {
  /** Cases of an ordinary run: 32 for each family. */
  private static final int CASES = 32 * RandomOperators.Family.values().length;

  /** Cases of one line of the manifest. */
  private static final int BLOCK = RandomOperators.Family.values().length;

  private static final int MAX_FAILURES = Integer.getInteger("quern.failures", 20);

  /**
   * How far a float tier other than reference, which may sum in another order, may be from the
   * oracle: this part of the largest magnitude, which is taken as 64 at least because clamps hide
   * it.
   */
  private static final float REORDERED_SUMS = 1e-5f;

  /** A file that holds the case under way: TensorFlow Lite aborts the JVM where it checks. */
  private static final String TRACE = System.getProperty("quern.trace");

  private final List<String> failures = new ArrayList<>();
  private final Map<String, Integer> failuresOfFamily = new TreeMap<>();

  @Test
  void everyTierGivesTheOraclesBytes() throws IOException {
    long first = Long.getLong("quern.firstCase", 0);
    long cases = Long.getLong("quern.cases", CASES);
    Oracle oracle = Oracle.find();
    Manifest manifest = Manifest.open("random-operators.txt");
    List<String> tiers = TiersThatMustRun.find();
    long elements = 0;
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    for (long number = first; number < first + cases; number++) {
      RandomOperators.Case c = RandomOperators.make(number);
      List<byte[]> reference = null;
      for (String tier : tiers) {
        List<byte[]> actual;
        try {
          int threads = number % 16 == 5 ? 2 : 1;
          PlanOptions options = PlanOptions.defaults().withTier(tier).withThreads(threads);
          actual = Runs.outputs(c.graph(), options, c.inputs());
        } catch (RuntimeException | AssertionError e) {
          fail(c, tier + ": " + e);
          continue;
        }
        if (tier.equals("reference")) {
          reference = actual;
        }
        if (oracle == null && reference != null) {
          compare(c, tier, "reference", reference, actual, false);
        } else if (oracle != null) {
          try {
            compare(c, tier, "TensorFlow Lite", run(oracle, c), actual, true);
          } catch (IllegalStateException e) {
            fail(c, e.toString());
            break;
          }
        }
      }
      boolean recorded = first == 0 && number < CASES;
      if (reference != null) {
        for (byte[] b : reference) {
          elements += b.length;
          if (recorded) {
            block.write(b);
          }
        }
      }
      if ((number + 1) % BLOCK == 0 && recorded) {
        String name = String.format("%06d-%06d", number + 1 - BLOCK, number);
        String sha256 = Manifest.sha256(block.toByteArray());
        block.reset();
        if (Manifest.RECORD) {
          manifest.put(name, sha256);
        } else if (failures.isEmpty()) {
          assertEquals(manifest.get(name), sha256, "recorded bytes of cases " + name);
        }
      }
      if (failures.size() >= MAX_FAILURES) {
        break;
      }
    }
    System.out.printf(
        "Random operators: %d cases from %d, %d bytes of output, tiers %s (of %s), against %s: %d differ%n",
        cases,
        first,
        elements,
        tiers,
        Tiers.NAMES,
        oracle == null ? "the recorded manifest" : "TensorFlow Lite's reference kernels",
        failures.size());
    assertTrue(failures.isEmpty(), () -> failuresOfFamily + "\n" + String.join("\n", failures));
    if (Manifest.RECORD) {
      assertTrue(oracle != null, "only a run with the oracle records");
      manifest.save();
    }
  }

  private static List<byte[]> run(Oracle oracle, RandomOperators.Case c) throws IOException {
    if (TRACE != null) {
      Files.writeString(Path.of(TRACE), c.name());
    }
    try (Oracle.Model model = oracle.load(TfliteWriter.write(c.graph()), false)) {
      for (int i = 0; i < c.inputs().size(); i++) {
        model.setInput(i, c.inputs().get(i));
      }
      model.invoke();
      List<byte[]> outputs = new ArrayList<>();
      for (int i = 0; i < c.graph().outputs().size(); i++) {
        outputs.add(model.output(i));
      }
      return outputs;
    }
  }

  private void compare(
      RandomOperators.Case c,
      String tier,
      String against,
      List<byte[]> expected,
      List<byte[]> actual,
      boolean allowUlps) {
    for (int i = 0; i < expected.size(); i++) {
      Tensor t = c.graph().tensor(c.graph().outputs().get(i));
      int at =
          tier.equals("reference") || t.type() != DataType.FLOAT32
              ? Runs.mismatch(t, expected.get(i), actual.get(i), allowUlps ? c.ulps() : 0)
              : Runs.outsideTolerance(expected.get(i), actual.get(i), REORDERED_SUMS);
      if (at >= 0) {
        fail(
            c,
            String.format(
                "%s: output %d element %d is %s, %s has %s",
                tier,
                i,
                at,
                Runs.element(t, actual.get(i), at),
                against,
                Runs.element(t, expected.get(i), at)));
        return;
      }
    }
  }

  private void fail(RandomOperators.Case c, String message) {
    failuresOfFamily.merge(c.name().split(" ")[2], 1, Integer::sum);
    failures.add(c.name() + "\n    " + message);
  }
}
