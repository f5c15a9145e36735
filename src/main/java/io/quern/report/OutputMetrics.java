package io.quern.report;

import io.quern.data.Sample;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.BitSet;
import java.util.HexFormat;
import org.apache.commons.math3.util.ResizableDoubleArray;

/**
 * What a network's outputs are worth, over a set of samples: right answers, agreement with the
 * float reference, noise, and a digest of every byte.
 *
 * <p>An answer is the index of the largest element of the first output, the first of equals. A
 * label counts as among the top 5 when fewer than 5 elements are larger or equal and before it.
 * When the first output holds several positions (all but its last dimension), agreement is the
 * share of positions.
 */
public final class OutputMetrics {
  private final int classes;
  private final MessageDigest digest;
  private final BitSet correct = new BitSet();
  private final SignalError noise = new SignalError();
  private final ResizableDoubleArray divergences = new ResizableDoubleArray();
  private int samples;
  private int labelled;
  private int top1;
  private int top5;
  private int positions;
  private int agreeing;

  /**
   * @param classes last dimension of the first output
   */
  public OutputMetrics(int classes) {
    this.classes = classes;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Adds one sample.
   *
   * @param reference the float network's outputs
   * @param outputs this network's outputs, as real numbers
   * @param raw this network's outputs, as bytes
   * @param label index of the class, or {@link Sample#NO_LABEL}
   */
  public void add(float[][] reference, float[][] outputs, byte[] raw, int label) {
    digest.update(raw);
    for (int i = 0; i < outputs.length; i++) {
      noise.add(reference[i], outputs[i]);
    }
    float[] out = outputs[0];
    for (int at = 0; at < out.length; at += classes) {
      positions++;
      agreeing += argMax(out, at, classes) == argMax(reference[0], at, classes) ? 1 : 0;
    }
    divergences.addElement(divergence(reference[0], out));
    if (label != Sample.NO_LABEL && out.length == classes) {
      labelled++;
      int answer = argMax(out, 0, classes);
      if (answer == label) {
        top1++;
        correct.set(samples);
      }
      if (label < classes && rank(out, label) < 5) {
        top5++;
      }
    }
    samples++;
  }

  /** Index, from {@code from}, of the largest of n elements; the first of equals. */
  static int argMax(float[] x, int from, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      if (x[from + i] > x[from + best]) {
        best = i;
      }
    }
    return best;
  }

  private static int rank(float[] x, int label) {
    int before = 0;
    for (int i = 0; i < x.length; i++) {
      if (x[i] > x[label] || (x[i] == x[label] && i < label)) {
        before++;
      }
    }
    return before;
  }

  /**
   * Sum p log (p / q) in nats with both floored at 2^-20 and brought to sum 1; NaN unless p is a
   * distribution and q has no negative elements. In 8 bits the sum of q may be far from 1: of many
   * classes most are rounded to 0.
   */
  private static double divergence(float[] p, float[] q) {
    double floor = 0x1p-20;
    double sumP = 0;
    double sumQ = 0;
    for (int i = 0; i < p.length; i++) {
      if (!(p[i] >= 0) || !(q[i] >= 0)) {
        return Double.NaN;
      }
      sumP += Math.max(p[i], floor);
      sumQ += Math.max(q[i], floor);
    }
    if (Math.abs(sumP - 1) > 0.1) {
      return Double.NaN;
    }
    double kl = 0;
    for (int i = 0; i < p.length; i++) {
      double a = Math.max(p[i], floor) / sumP;
      double b = Math.max(q[i], floor) / sumQ;
      kl += a * Math.log(a / b);
    }
    return kl;
  }

  /** The result so far. */
  public Outcome outcome() {
    MessageDigest copy;
    try {
      copy = (MessageDigest) digest.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException(e);
    }
    return new Outcome(
        samples,
        labelled,
        Estimate.ofShare(top1, labelled),
        Estimate.ofShare(top5, labelled),
        Estimate.ofShare(agreeing, positions),
        noise.sqnrDb(),
        Estimate.ofMean(divergences.getElements()),
        HexFormat.of().formatHex(copy.digest()),
        (BitSet) correct.clone());
  }

  /**
   * Figures over a set of samples; NaN where there is nothing to say.
   *
   * @param samples number of samples
   * @param labelled how many of them had labels
   * @param top1 share answered right
   * @param top5 share with the label among the five largest
   * @param agreement share of answers equal to the float reference's
   * @param sqnrDb of all outputs against the float reference; infinite when equal
   * @param divergence mean Kullback-Leibler divergence from the float reference's first output, in
   *     nats; NaN when the outputs are not distributions
   * @param outputSha256 over the bytes of all outputs of all samples
   * @param correct which samples were answered right
   */
  public record Outcome(
      int samples,
      int labelled,
      Estimate top1,
      Estimate top5,
      Estimate agreement,
      double sqnrDb,
      Estimate divergence,
      String outputSha256,
      BitSet correct) {}
}
