package io.quern.calibrate;

import io.quern.model.Graph;
import io.quern.model.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * Silences channels that say nothing, and computes in their place, or in new channels, a second
 * time those whose rounding costs most.
 *
 * <p>n copies of a channel of a {@link Chain} have the same weights and biases 1/n of a step apart:
 * their roundings fall on grids that interleave, so that their mean is n times as fine, in 8 bits.
 * The float function stays as it was on the calibration inputs but for less than a step where an
 * activation cuts and at padded borders. Copies in idle channels cost nothing when the network
 * runs: shapes do not change.
 *
 * <p>Which channels are copied: those that add most to the noise of the layer that reads the chain.
 * Rounding to a step d adds d^2/12 where a channel is between the bounds of its activation (how
 * often, a normal distribution with the channel's mean and deviation says); depthwise layers pass
 * on the sum of their squared weights; a reader's output counts by the inverse of its variance.
 */
final class ChannelSplitting {
  static final String SILENCE = "silence-idle";
  static final String NAME = "split-channels";

  private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);

  private ChannelSplitting() {}

  /**
   * Makes all idle channels' weights and biases zero.
   *
   * @param statistics of the graph's layers before their activations; afterwards of the result's
   */
  static PassResult silence(
      Graph graph, Map<Integer, ChannelStatistics> statistics, Range[] ranges) {
    Graph g = graph;
    List<String> details = new ArrayList<>();
    int count = 0;
    for (Chain chain : Chain.of(graph)) {
      boolean[] idle = chain.idle(g, statistics, ranges);
      int[] source = chain.identity();
      int here = 0;
      for (int c = 0; c < source.length; c++) {
        if (idle[c]) {
          source[c] = Chain.SILENT;
          here++;
        }
      }
      if (here > 0) {
        g = chain.rebuilt(g, statistics, ranges, source);
        for (int op : chain.operators().subList(0, chain.operators().size() - 1)) {
          statistics.compute(op, (k, s) -> s.without(idle));
        }
        details.add(
            graph.operatorName(chain.operators().get(0))
                + ": "
                + here
                + " of "
                + source.length
                + " channels");
        count += here;
      }
    }
    return new PassResult(g, new PassReport(SILENCE, count, count + " channels silenced", details));
  }

  /** What becomes of one chain: how often each channel is computed. */
  private static final class Plan {
    final Chain chain;
    final boolean[] idle;
    final double[] noise;
    final int[] times;
    int slots;

    /** What the chain's rounding costs at the outputs, over its noise; 1 when not measured. */
    double weight = 1;

    Plan(Chain chain, Graph g, Map<Integer, ChannelStatistics> statistics, Range[] ranges) {
      this.chain = chain;
      this.idle = chain.idle(g, statistics, ranges);
      this.noise = ChannelSplitting.noise(chain, g, statistics, ranges);
      this.times = new int[idle.length];
      for (int c = 0; c < idle.length; c++) {
        times[c] = idle[c] ? 0 : 1;
        slots += idle[c] ? 1 : 0;
      }
    }

    /** How much less noise one more copy of a channel leaves. */
    private double less(int c) {
      int n = times[c];
      return n == 0 ? 0 : noise[c] * (1.0 / (n * n) - 1.0 / ((n + 1) * (n + 1)));
    }

    /** The channel to copy next, or -1 when nothing is to gain. */
    int next() {
      int r = -1;
      for (int c = 0; c < times.length; c++) {
        if (less(c) > (r < 0 ? 0 : less(r))) {
          r = c;
        }
      }
      return r;
    }

    double gain() {
      int c = next();
      return c < 0 ? 0 : weight * less(c);
    }

    double noise() {
      double sum = 0;
      for (int c = 0; c < times.length; c++) {
        sum += times[c] == 0 ? 0 : noise[c] / ((double) times[c] * times[c]);
      }
      return sum;
    }

    /** The channels of the new chain: copies in idle places first, then in new ones. */
    int[] source() {
      List<Integer> copies = new ArrayList<>();
      for (int c = 0; c < times.length; c++) {
        for (int k = 1; k < times[c]; k++) {
          copies.add(c);
        }
      }
      int[] r = Arrays.copyOf(chain.identity(), width());
      int used = 0;
      for (int c = 0; c < r.length; c++) {
        if (c >= idle.length || idle[c]) {
          r[c] = used < copies.size() ? copies.get(used++) : Chain.SILENT;
        }
      }
      return r;
    }

    /** How many channels the new chain has. */
    int width() {
      return idle.length + Math.max(0, copies() - slots);
    }

    int copies() {
      int sum = 0;
      for (int n : times) {
        sum += Math.max(0, n - 1);
      }
      return sum;
    }
  }

  /**
   * Splits.
   *
   * @param statistics of the graph's layers before their activations
   * @param ranges of the graph's activations
   * @param error of the graph at its outputs; only used with a budget
   * @param budget what new channels may cost, as a fraction of the multiply-accumulates of the
   *     layers of all chains
   */
  static PassResult apply(
      Graph graph,
      Map<Integer, ChannelStatistics> statistics,
      Range[] ranges,
      OutputError error,
      double budget,
      Progress progress) {
    List<Plan> plans = new ArrayList<>();
    for (Chain chain : Chain.of(graph)) {
      Plan p = new Plan(chain, graph, statistics, ranges);
      for (int slot = 0; slot < p.slots && p.next() >= 0; slot++) {
        p.times[p.next()]++;
      }
      plans.add(p);
    }
    double cost = budget > 0 ? grow(graph, plans, statistics, ranges, error, budget, progress) : 0;
    Graph g = graph;
    List<String> details = new ArrayList<>();
    int copies = 0;
    for (Plan p : plans) {
      if (p.copies() == 0) {
        continue;
      }
      g = p.chain.rebuilt(g, statistics, ranges, p.source());
      copies += p.copies();
      List<String> times = new ArrayList<>();
      for (int c = 0; c < p.times.length; c++) {
        if (p.times[c] > 1) {
          times.add(c + " " + p.times[c] + " times");
        }
      }
      details.add(
          String.format(
              Locale.ROOT,
              "%s: %d new channels; %s",
              graph.operatorName(p.chain.operators().get(0)),
              Math.max(0, p.copies() - p.slots),
              String.join(", ", times)));
    }
    String summary =
        String.format(
            Locale.ROOT,
            "%d channels are copies of others, %.1f %% more multiply-accumulates",
            copies,
            100 * cost);
    return new PassResult(g, new PassReport(NAME, copies, summary, details));
  }

  /** Plans new channels where they gain most for what they cost; returns what they cost. */
  private static double grow(
      Graph graph,
      List<Plan> plans,
      Map<Integer, ChannelStatistics> statistics,
      Range[] ranges,
      OutputError error,
      double budget,
      Progress progress) {
    progress.report(NAME, 0, plans.size());
    for (int i = 0; i < plans.size(); i++) {
      Plan p = plans.get(i);
      Graph now = p.chain.rebuilt(graph, statistics, ranges, p.source());
      double noise = p.noise();
      p.weight = noise > 0 ? error.noiseToSignal(p.chain.rounded(now, ranges)) / noise : 0;
      progress.report(NAME, i + 1, plans.size());
    }
    double all = macs(graph, plans);
    double now = all;
    while (true) {
      Plan best = null;
      double most = 0;
      for (Plan p : plans) {
        double gain = p.gain();
        if (gain > 0) {
          int channel = p.next();
          p.times[channel]++;
          double cost = macs(graph, plans) - now;
          p.times[channel]--;
          if (now + cost <= (1 + budget) * all && gain / cost > most) {
            most = gain / cost;
            best = p;
          }
        }
      }
      if (best == null) {
        return all == 0 ? 0 : (now - all) / all;
      }
      best.times[best.next()]++;
      now = macs(graph, plans);
    }
  }

  /**
   * Multiply-accumulates of all layers of the chains with the channels that are planned. A layer
   * between two chains has the new channels of both.
   */
  private static double macs(Graph g, List<Plan> plans) {
    Map<Integer, Double> each = new TreeMap<>();
    for (Plan p : plans) {
      double factor = (double) p.width() / p.idle.length;
      for (int op : p.chain.operators()) {
        each.merge(op, factor * macs(g, op), (planned, alone) -> factor * planned);
      }
    }
    return each.values().stream().mapToDouble(m -> m).sum();
  }

  private static double macs(Graph g, int op) {
    Layer l = Layer.of(g.operators().get(op));
    Shape out = g.tensor(l.output()).shape();
    return (double) g.tensor(l.weights()).shape().elements() * (out.elements() / out.dim(-1));
  }

  /** What each channel's rounding adds to the noise of the layer that reads the chain. */
  static double[] noise(
      Chain chain, Graph g, Map<Integer, ChannelStatistics> statistics, Range[] ranges) {
    double[] r = new double[chain.channels()];
    int layers = chain.operators().size();
    for (int i = 0; i < layers - 1; i++) {
      Layer l = chain.layer(g, i);
      ChannelStatistics s = statistics.get(chain.operators().get(i));
      double step = Chain.step(ranges, l.output());
      float[] w = g.tensor(l.weights()).floats();
      for (int c = 0; c < r.length; c++) {
        double gain = 0;
        for (int k = c; l.isDepthwise() && k < w.length; k += r.length) {
          gain += (double) w[k] * w[k];
        }
        r[c] = active(l, s, c) * (gain * r[c] + step * step / 12);
      }
    }
    Layer last = chain.last(g);
    Shape shape = g.tensor(last.weights()).shape();
    ChannelStatistics s = statistics.get(chain.operators().get(layers - 1));
    float[] w = g.tensor(last.weights()).floats();
    double[] gain = new double[r.length];
    for (int k = 0; k < w.length; k++) {
      int o = last.channelOf(shape, k);
      double d = s.deviation()[o];
      if (d > 0) {
        gain[k % r.length] += active(last, s, o) * w[k] * w[k] / (d * d);
      }
    }
    for (int c = 0; c < r.length; c++) {
      r[c] *= gain[c];
    }
    return r;
  }

  /** Share of a channel's values between the bounds of its activation. */
  private static double active(Layer l, ChannelStatistics s, int c) {
    double d = s.deviation()[c];
    double m = s.mean()[c];
    double lo = l.activation().min();
    double hi = l.activation().max();
    if (!(d > 0)) {
      return m > lo && m < hi ? 1 : 0;
    }
    double below = Double.isInfinite(lo) ? 0 : NORMAL.cumulativeProbability((lo - m) / d);
    double above = Double.isInfinite(hi) ? 0 : 1 - NORMAL.cumulativeProbability((hi - m) / d);
    return Math.max(0, 1 - below - above);
  }
}
