package io.quern.report;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.apache.commons.math3.distribution.BinomialDistribution;

/**
 * McNemar's exact test of two paths on the same labelled samples: of those that exactly one of both
 * answers right, each is as likely to be the first's as the second's if both are equally good. Not
 * corrected for the number of comparisons. Source: Q. McNemar, Psychometrika 12, 1947.
 *
 * @param first name of a path
 * @param second name of another
 * @param onlyFirst samples that only the first answers right
 * @param onlySecond samples that only the second answers right
 * @param p two-sided; 1 when they never differ
 */
public record PairedTest(String first, String second, int onlyFirst, int onlySecond, double p) {
  /** Every pair of paths that were judged by labels, in order. */
  public static List<PairedTest> all(List<PathResult> paths) {
    List<PairedTest> r = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      for (int j = i + 1; j < paths.size(); j++) {
        if (paths.get(i).outcome().labelled() > 0) {
          r.add(of(paths.get(i), paths.get(j)));
        }
      }
    }
    return r;
  }

  private static PairedTest of(PathResult a, PathResult b) {
    BitSet onlyA = (BitSet) a.outcome().correct().clone();
    onlyA.andNot(b.outcome().correct());
    BitSet onlyB = (BitSet) b.outcome().correct().clone();
    onlyB.andNot(a.outcome().correct());
    return new PairedTest(
        a.name(),
        b.name(),
        onlyA.cardinality(),
        onlyB.cardinality(),
        p(onlyA.cardinality(), onlyB.cardinality()));
  }

  /** Twice the lesser tail; the library's own two-sided test exceeds 1 on ties. */
  static double p(int onlyFirst, int onlySecond) {
    BinomialDistribution d = new BinomialDistribution(null, onlyFirst + onlySecond, 0.5);
    return Math.min(1, 2 * d.cumulativeProbability(Math.min(onlyFirst, onlySecond)));
  }
}
