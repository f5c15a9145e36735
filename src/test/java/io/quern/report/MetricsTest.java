package io.quern.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.data.Sample;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private static final double TOLERANCE = 1e-9;

  @Test
  void signalErrorByHand() {
    SignalError e = new SignalError();
    e.add(new float[] {3, 4}, new float[] {3.5f, 4});
    assertEquals(10 * Math.log10(25 / 0.25), e.sqnrDb(), TOLERANCE);
    assertEquals(Math.sqrt(0.125), e.rmse(), TOLERANCE);
    assertEquals(0.25, e.mean(), TOLERANCE);
    assertEquals(0.5, e.max(), TOLERANCE);
    assertEquals(26.5 / Math.sqrt(25 * 28.25), e.cosine(), TOLERANCE);
  }

  @Test
  void equalSignalsHaveNoNoise() {
    SignalError e = new SignalError();
    assertTrue(Double.isNaN(e.sqnrDb()));
    e.add(1, 1);
    assertEquals(Double.POSITIVE_INFINITY, e.sqnrDb());
  }

  private static void add(OutputMetrics m, float[] reference, float[] out, int label) {
    m.add(new float[][] {reference}, new float[][] {out}, new byte[] {(byte) label}, label);
  }

  @Test
  void answersAgreementAndInterval() throws Exception {
    OutputMetrics m = new OutputMetrics(6);
    add(m, new float[] {0, 1, 0, 0, 0, 0}, new float[] {0, 1, 0, 0, 0, 0}, 1);
    // Of equals the first counts: the answer is 0, the label is sixth.
    add(m, new float[] {0, 1, 0, 0, 0, 0}, new float[] {1, 1, 1, 1, 1, 1}, 5);
    add(m, new float[] {0, 0, 1, 0, 0, 0}, new float[] {0, 0, 1, 0, 0, 0}, Sample.NO_LABEL);
    OutputMetrics.Outcome o = m.outcome();
    assertEquals(3, o.samples());
    assertEquals(2, o.labelled());
    assertEquals(0.5, o.top1().value());
    assertEquals(0.5, o.top5().value());
    assertEquals(2 / 3.0, o.agreement().value(), TOLERANCE);
    // Wilson score interval of 1 in 2 at z = 1.959964: 0.0945 .. 0.9055.
    assertEquals(0.0945, o.top1().low(), 1e-4);
    assertEquals(0.9055, o.top1().high(), 1e-4);
    assertTrue(o.correct().get(0) && !o.correct().get(1));
    byte[] sha = java.security.MessageDigest.getInstance("SHA-256").digest(new byte[] {1, 5, -1});
    assertEquals(HexFormat.of().formatHex(sha), o.outputSha256());
  }

  @Test
  void divergenceOfDistributions() {
    OutputMetrics m = new OutputMetrics(2);
    add(m, new float[] {0.5f, 0.5f}, new float[] {0.25f, 0.75f}, 0);
    assertEquals(
        0.5 * Math.log(2) + 0.5 * Math.log(2 / 3.0), m.outcome().divergence().value(), 1e-7);
    OutputMetrics rounded = new OutputMetrics(2);
    add(rounded, new float[] {0.5f, 0.5f}, new float[] {0.125f, 0.375f}, 0);
    assertEquals(m.outcome().divergence(), rounded.outcome().divergence());
    OutputMetrics logits = new OutputMetrics(2);
    add(logits, new float[] {-5, 3}, new float[] {-5, 3}, 0);
    assertTrue(Double.isNaN(logits.outcome().divergence().value()));
  }

  @Test
  void pairedTestByHand() {
    assertEquals(1, PairedTest.p(0, 0));
    assertEquals(1, PairedTest.p(3, 3), TOLERANCE);
    assertEquals(2 * (1 + 10) / 1024.0, PairedTest.p(1, 9), TOLERANCE);
  }

  @Test
  void percentilesAreByNearestRank() {
    long[] nanos = new long[100];
    for (int i = 0; i < 100; i++) {
      nanos[i] = 1000L * (i + 1);
    }
    assertEquals(50, Speed.percentile(nanos, 100, 50));
    assertEquals(10, Speed.percentile(nanos, 100, 10));
    assertEquals(99, Speed.percentile(nanos, 100, 99));
    assertEquals(1, Speed.percentile(nanos, 1, 99));
  }

  @Test
  void meansHaveBootstrapIntervals() {
    double[] values = new double[400];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextDouble();
    }
    Estimate e = Estimate.ofMean(values);
    // Standard error of the mean of 400 uniform numbers: 1 / sqrt(12 * 400); 1.96 of them each
    // side.
    double half = 1.96 / Math.sqrt(12 * 400);
    assertEquals(half, e.value() - e.low(), 0.15 * half);
    assertEquals(half, e.high() - e.value(), 0.15 * half);
    assertEquals(e, Estimate.ofMean(values));
    values[7] = Double.NaN;
    assertEquals(Estimate.NONE, Estimate.ofMean(values));
    assertEquals(Estimate.NONE, Estimate.ofShare(0, 0));
    assertEquals(0.72246720, Estimate.ofShare(10, 10).low(), 1e-8);
    assertEquals(1, Estimate.ofShare(10, 10).high(), TOLERANCE);
  }
}
