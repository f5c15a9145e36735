package io.quern.calibrate;

import java.util.Objects;

/**
 * What the calibrator does. Immutable; made by {@link #builder} or changed through {@link
 * #toBuilder}.
 *
 * <p>The defaults are the plain recipe: batch normalisation folded, min/max ranges, one
 * maximum-based scale per output channel, int8 inputs and outputs.
 */
public final class CalibrationOptions {
  private final Builder b;

  private CalibrationOptions(Builder b) {
    this.b = b;
  }

  /** The plain recipe. */
  public static CalibrationOptions defaults() {
    return builder().build();
  }

  /** A builder set to the plain recipe. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder set to these options. */
  public Builder toBuilder() {
    return new Builder(b);
  }

  /**
   * How activation ranges are chosen; default {@link ObserverKind#MIN_MAX}. Inputs of the network
   * always use min/max.
   */
  public ObserverKind observer() {
    return b.observer;
  }

  /** For the percentile observer and the percentile weight scale, in (50, 100]; default 99.99. */
  public double percentile() {
    return b.percentile;
  }

  /** How weight scales are chosen; default {@link WeightScale#MAX}. */
  public WeightScale weightScale() {
    return b.weightScale;
  }

  /**
   * Whether every layer's weights share one scale instead of one per output channel; default false.
   */
  public boolean perTensorWeights() {
    return b.perTensorWeights;
  }

  /**
   * Whether fully connected layers too have one scale per output; default true. Needs an
   * interpreter of 2024 or later.
   */
  public boolean perChannelFullyConnected() {
    return b.perChannelFullyConnected;
  }

  /**
   * Whether batch normalisation and stand-alone activations are folded into layers; default true.
   */
  public boolean foldBatchNorm() {
    return b.foldBatchNorm;
  }

  /**
   * Whether inputs and outputs stay float, with QUANTIZE and DEQUANTIZE inside the network; default
   * false.
   */
  public boolean floatInputOutput() {
    return b.floatInputOutput;
  }

  /** Threads for running the network, at least 1; default 1. The result does not depend on it. */
  public int threads() {
    return b.threads;
  }

  /** Collects options. */
  public static final class Builder {
    private ObserverKind observer = ObserverKind.MIN_MAX;
    private double percentile = 99.99;
    private WeightScale weightScale = WeightScale.MAX;
    private boolean perTensorWeights;
    private boolean perChannelFullyConnected = true;
    private boolean foldBatchNorm = true;
    private boolean floatInputOutput;
    private int threads = 1;

    private Builder() {}

    private Builder(Builder o) {
      observer = o.observer;
      percentile = o.percentile;
      weightScale = o.weightScale;
      perTensorWeights = o.perTensorWeights;
      perChannelFullyConnected = o.perChannelFullyConnected;
      foldBatchNorm = o.foldBatchNorm;
      floatInputOutput = o.floatInputOutput;
      threads = o.threads;
    }

    /** Sets {@link CalibrationOptions#observer}. */
    public Builder observer(ObserverKind v) {
      observer = Objects.requireNonNull(v, "observer");
      return this;
    }

    /**
     * Sets {@link CalibrationOptions#percentile}.
     *
     * @throws IllegalArgumentException if it is outside (50, 100]
     */
    public Builder percentile(double v) {
      if (!(v > 50 && v <= 100)) {
        throw new IllegalArgumentException("percentile must be in (50, 100], is " + v);
      }
      percentile = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#weightScale}. */
    public Builder weightScale(WeightScale v) {
      weightScale = Objects.requireNonNull(v, "weightScale");
      return this;
    }

    /** Sets {@link CalibrationOptions#perTensorWeights}. */
    public Builder perTensorWeights(boolean v) {
      perTensorWeights = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#perChannelFullyConnected}. */
    public Builder perChannelFullyConnected(boolean v) {
      perChannelFullyConnected = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#foldBatchNorm}. */
    public Builder foldBatchNorm(boolean v) {
      foldBatchNorm = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#floatInputOutput}. */
    public Builder floatInputOutput(boolean v) {
      floatInputOutput = v;
      return this;
    }

    /**
     * Sets {@link CalibrationOptions#threads}.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public Builder threads(int v) {
      if (v < 1) {
        throw new IllegalArgumentException("threads must be at least 1, is " + v);
      }
      threads = v;
      return this;
    }

    /** The options. */
    public CalibrationOptions build() {
      return new CalibrationOptions(new Builder(this));
    }
  }
}
