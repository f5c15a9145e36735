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

  /** Whether channels are rescaled between layers; default {@link Equalisation#NONE}. */
  public Equalisation equalisation() {
    return b.equalisation;
  }

  /** Whether the weights of channels that say nothing become zero; default false. */
  public boolean silenceIdle() {
    return b.silenceIdle;
  }

  /**
   * Whether channels that say nothing become copies of channels whose rounding costs most; default
   * false.
   */
  public boolean splitChannels() {
    return b.splitChannels;
  }

  /**
   * What new channels of {@link #splitChannels} may cost, as a fraction of the multiply-accumulates
   * of the layers between which there can be some; default 0: only idle channels are used.
   */
  public double splitBudget() {
    return b.splitBudget;
  }

  /** Whether large biases before a ReLU move on to the next layer; default false. */
  public boolean absorbHighBias() {
    return b.absorbHighBias;
  }

  /** Whether biases take back the mean quantization error; default NONE. */
  public BiasCorrectionMethod biasCorrection() {
    return b.biasCorrection;
  }

  /** Whether weights are rounded so that layers agree, instead of to nearest; default false. */
  public boolean learnedRounding() {
    return b.learnedRounding;
  }

  /**
   * Whether the range of what a SOFTMAX at an output reads is chosen by the divergence of the
   * probabilities; default false.
   */
  public boolean fitLogits() {
    return b.fitLogits;
  }

  /**
   * How many calibration inputs, evenly spread, the passes use that hold them all in memory;
   * default 128.
   */
  public int refinementInputs() {
    return b.refinementInputs;
  }

  /** How many of the most sensitive layers stay float; default 0. */
  public int floatLayers() {
    return b.floatLayers;
  }

  /** Which layers get binary weights; default NONE. */
  public BinaryLayers binaryLayers() {
    return b.binaryLayers;
  }

  /** Binary terms whose sum a binary weight is, 1 to 3; default 1. */
  public int binaryTerms() {
    return b.binaryTerms;
  }

  /**
   * Loss of agreement with float that {@link BinaryLayers#GREEDY} may cause on the calibration
   * inputs; default 0.02.
   */
  public double binaryBudget() {
    return b.binaryBudget;
  }

  /** Whether fully connected and pointwise layers are factorised, and by what; default NONE. */
  public LowRankCriterion lowRank() {
    return b.lowRank;
  }

  /** What {@link #lowRank} compares with, in (0, 1]; default 0.95. */
  public double lowRankValue() {
    return b.lowRankValue;
  }

  /**
   * How many calibration inputs, evenly spread, measure the error at the outputs where something is
   * chosen by it; default 32. Greedy binary layers take at least {@link #refinementInputs}.
   */
  public int sensitivityInputs() {
    return b.sensitivityInputs;
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
    private Equalisation equalisation = Equalisation.NONE;
    private boolean silenceIdle;
    private boolean splitChannels;
    private double splitBudget;
    private boolean absorbHighBias;
    private BiasCorrectionMethod biasCorrection = BiasCorrectionMethod.NONE;
    private boolean learnedRounding;
    private boolean fitLogits;
    private int refinementInputs = 128;
    private int floatLayers = 0;
    private BinaryLayers binaryLayers = BinaryLayers.NONE;
    private int binaryTerms = 1;
    private double binaryBudget = 0.02;
    private LowRankCriterion lowRank = LowRankCriterion.NONE;
    private double lowRankValue = 0.95;
    private int sensitivityInputs = 32;
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
      equalisation = o.equalisation;
      silenceIdle = o.silenceIdle;
      splitChannels = o.splitChannels;
      splitBudget = o.splitBudget;
      absorbHighBias = o.absorbHighBias;
      biasCorrection = o.biasCorrection;
      learnedRounding = o.learnedRounding;
      fitLogits = o.fitLogits;
      refinementInputs = o.refinementInputs;
      floatLayers = o.floatLayers;
      binaryLayers = o.binaryLayers;
      binaryTerms = o.binaryTerms;
      binaryBudget = o.binaryBudget;
      lowRank = o.lowRank;
      lowRankValue = o.lowRankValue;
      sensitivityInputs = o.sensitivityInputs;
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

    /** Sets {@link CalibrationOptions#equalisation}. */
    public Builder equalisation(Equalisation v) {
      equalisation = Objects.requireNonNull(v, "equalisation");
      return this;
    }

    /** Sets {@link CalibrationOptions#silenceIdle}. */
    public Builder silenceIdle(boolean v) {
      silenceIdle = v;
      return this;
    }

    /**
     * Sets {@link CalibrationOptions#splitBudget}.
     *
     * @throws IllegalArgumentException if it is outside [0, 2]
     */
    public Builder splitBudget(double v) {
      if (!(v >= 0 && v <= 2)) {
        throw new IllegalArgumentException("splitBudget must be in [0, 2], is " + v);
      }
      splitBudget = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#splitChannels}. */
    public Builder splitChannels(boolean v) {
      splitChannels = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#absorbHighBias}. */
    public Builder absorbHighBias(boolean v) {
      absorbHighBias = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#biasCorrection}. */
    public Builder biasCorrection(BiasCorrectionMethod v) {
      biasCorrection = Objects.requireNonNull(v, "biasCorrection");
      return this;
    }

    /** Sets {@link CalibrationOptions#learnedRounding}. */
    public Builder learnedRounding(boolean v) {
      learnedRounding = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#fitLogits}. */
    public Builder fitLogits(boolean v) {
      fitLogits = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#refinementInputs}. */
    public Builder refinementInputs(int v) {
      if (v < 1) {
        throw new IllegalArgumentException("refinementInputs must be at least 1, is " + v);
      }
      refinementInputs = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#floatLayers}. */
    public Builder floatLayers(int v) {
      if (v < 0) {
        throw new IllegalArgumentException("floatLayers must not be negative, is " + v);
      }
      floatLayers = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#binaryLayers}. */
    public Builder binaryLayers(BinaryLayers v) {
      binaryLayers = Objects.requireNonNull(v, "binaryLayers");
      return this;
    }

    /** Sets {@link CalibrationOptions#binaryTerms}. */
    public Builder binaryTerms(int v) {
      if (!(v >= 1 && v <= 3)) {
        throw new IllegalArgumentException("binaryTerms must be 1 to 3, is " + v);
      }
      binaryTerms = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#binaryBudget}. */
    public Builder binaryBudget(double v) {
      if (!(v >= 0 && v <= 1)) {
        throw new IllegalArgumentException("binaryBudget must be in [0, 1], is " + v);
      }
      binaryBudget = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#lowRank}. */
    public Builder lowRank(LowRankCriterion v) {
      lowRank = Objects.requireNonNull(v, "lowRank");
      return this;
    }

    /** Sets {@link CalibrationOptions#lowRankValue}. */
    public Builder lowRankValue(double v) {
      if (!(v > 0 && v <= 1)) {
        throw new IllegalArgumentException("lowRankValue must be in (0, 1], is " + v);
      }
      lowRankValue = v;
      return this;
    }

    /** Sets {@link CalibrationOptions#sensitivityInputs}. */
    public Builder sensitivityInputs(int v) {
      if (!(v >= 1)) {
        throw new IllegalArgumentException("sensitivityInputs must be at least 1, is " + v);
      }
      sensitivityInputs = v;
      return this;
    }

    /** The options. */
    public CalibrationOptions build() {
      return new CalibrationOptions(new Builder(this));
    }
  }
}
