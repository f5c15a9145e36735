package io.quern.cli;

import io.quern.calibrate.BiasCorrectionMethod;
import io.quern.calibrate.BinaryLayers;
import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.Equalisation;
import io.quern.calibrate.LowRankCriterion;
import io.quern.calibrate.ObserverKind;
import io.quern.calibrate.Preset;
import io.quern.calibrate.WeightScale;
import java.util.Arrays;
import java.util.Locale;
import java.util.Stack;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** How a network is calibrated: a recipe, and switches that change it. A group of options. */
final class CalibrationFlags {
  static final String HEADING = "%nHow the network is calibrated:%n";

  @Option(
      names = "--recipe",
      paramLabel = "NAME",
      description = {
        "Where to start: plain, per-tensor, best, finest (best with up to 2.3 times the multiply-accumulates), best-per-tensor,"
            + " mixed (best with 4 float layers), binary, binary-2, binary-3 (sums of binary terms) or low-rank. The switches below change it. Default: plain."
      })
  // Not by defaultValue: picocli sets those of a group only where one of the group is given.
  private String recipe = "plain";

  @Option(
      names = "--observer",
      paramLabel = "KIND",
      description =
          "How ranges of activations are chosen: min-max, moving-average, percentile, entropy, mse or auto (per tensor, by the"
              + " error at the output). Default: the recipe's, min-max.")
  private String observer;

  @Option(
      names = "--percentile",
      paramLabel = "P",
      description = "For the percentile observer and weight scale. Default: 99.99.")
  private Double percentile;

  @Option(
      names = "--weight-scale",
      paramLabel = "KIND",
      description =
          "How scales of weights are chosen: max, mse or percentile. Default: the recipe's, max.")
  private String weightScale;

  @Option(
      names = "--no-fold-batch-norm",
      description = "Keep batch normalisation as operators of its own.")
  private boolean keepBatchNorm;

  @Option(
      names = "--equalise",
      negatable = true,
      description = "Rescale channels between layers so that they fill their ranges alike.")
  private Boolean equalise;

  @Option(
      names = "--replace-relu6",
      description =
          "With --equalise: make RELU6 RELU, so that all channels can be rescaled; changes the function above 6.")
  private boolean replaceRelu6;

  @Option(
      names = "--fill-depthwise",
      negatable = true,
      description =
          "Rescale channels in front of depthwise layers so that each fills its range; costs nothing with one scale per channel.")
  private Boolean fillDepthwise;

  @Option(
      names = "--silence-idle",
      negatable = true,
      description = "Make the weights of channels zero that say nothing on the calibration inputs.")
  private Boolean silenceIdle;

  @Option(
      names = "--split-channels",
      negatable = true,
      description =
          "Compute channels whose rounding costs most twice or more, fractions of a step apart, in the place of idle ones.")
  private Boolean splitChannels;

  @Option(
      names = "--split-budget",
      paramLabel = "FRACTION",
      description =
          "With --split-channels: also in new channels that cost at most this fraction more multiply-accumulates. Default: 0.")
  private Double splitBudget;

  @Option(
      names = "--absorb-bias",
      negatable = true,
      description = "Move what a RELU never cuts of a bias on to the next layer.")
  private Boolean absorbBias;

  @Option(
      names = "--correct-bias",
      paramLabel = "METHOD",
      description =
          "Take the mean quantization error off the biases: empirical (from the inputs), analytic (from channel statistics) or"
              + " none.")
  private String correctBias;

  @Option(
      names = "--learn-rounding",
      negatable = true,
      description = "Round weights so that layers agree with float, not to nearest.")
  private Boolean learnRounding;

  @Option(
      names = "--fit-logits",
      negatable = true,
      description =
          "Choose the range of what a SOFTMAX at the output reads by the probabilities, not by its extremes.")
  private Boolean fitLogits;

  @Option(
      names = "--refinement-inputs",
      paramLabel = "N",
      description =
          "Inputs, evenly spread, that passes use which hold them all in memory. Default: the recipe's, 256 of best, 512 of finest, else 128.")
  private Integer refinementInputs;

  @Option(
      names = "--sensitivity-inputs",
      paramLabel = "N",
      description =
          "Inputs, evenly spread, on which the error at the output is measured where ranges, layers or channels are chosen by it."
              + " Default: 32; greedy binary layers take at least those of --refinement-inputs.")
  private Integer sensitivityInputs;

  @Option(
      names = "--float-layers",
      paramLabel = "K",
      description = "Leave the K most sensitive layers float.")
  private Integer floatLayers;

  @Option(
      names = "--binary",
      paramLabel = "TERMS",
      arity = "0..1",
      fallbackValue = "1",
      parameterConsumer = OptionalCount.class,
      description = "Binary weights, or sums of 2 or 3 binary terms.")
  private Integer binary;

  @Option(
      names = "--binary-layers",
      paramLabel = "WHICH",
      description =
          "With --binary: inner (all but the first and the last), all, or greedy (the least sensitive). Default: inner.")
  private String binaryLayers;

  @Option(
      names = "--binary-budget",
      paramLabel = "LOSS",
      description =
          "With --binary-layers greedy: the agreement with float that may be lost, 0 to 1. Default: 0.02.")
  private Double binaryBudget;

  @Option(
      names = "--low-rank",
      paramLabel = "CRITERION:VALUE",
      description =
          "Factorise fully connected and pointwise layers: energy:E keeps that fraction of the squared weights, error:E bounds the"
              + " relative error, parameters:P bounds the fraction of the weights.")
  private String lowRank;

  /**
   * The options.
   *
   * @throws Usage if a value is unknown, out of range, or without the switch that it belongs to
   */
  CalibrationOptions.Builder builder(int threads) {
    try {
      CalibrationOptions.Builder b =
          constant(Preset.class, "--recipe", recipe).builder().threads(threads);
      ranges(b);
      passes(b);
      binary(b);
      lowRank(b);
      return b;
    } catch (IllegalArgumentException e) {
      throw new Usage(e.getMessage());
    }
  }

  private void ranges(CalibrationOptions.Builder b) {
    if (observer != null) {
      b.observer(constant(ObserverKind.class, "--observer", observer));
    }
    if (weightScale != null) {
      b.weightScale(constant(WeightScale.class, "--weight-scale", weightScale));
    }
    if (percentile != null) {
      set("--percentile", percentile, b::percentile);
      CalibrationOptions o = b.build();
      require(
          o.weightScale() == WeightScale.PERCENTILE
              || o.observer() == ObserverKind.PERCENTILE
              || o.observer() == ObserverKind.AUTO,
          "--percentile: neither the observer nor the weight scale is percentile");
    }
  }

  private void passes(CalibrationOptions.Builder b) {
    b.foldBatchNorm(!keepBatchNorm);
    if (equalise != null) {
      b.equalisation(equalise ? Equalisation.KEEP_RELU6 : Equalisation.NONE);
    }
    if (fillDepthwise != null) {
      require(
          equalise == null || !equalise || !fillDepthwise,
          "--fill-depthwise: --equalise does that and more");
      b.equalisation(fillDepthwise ? Equalisation.DEPTHWISE : Equalisation.NONE);
    }
    if (silenceIdle != null) {
      b.silenceIdle(silenceIdle);
    }
    if (splitChannels != null) {
      b.splitChannels(splitChannels);
    }
    if (splitBudget != null) {
      require(
          b.build().splitChannels(), "--split-budget: needs --split-channels or a recipe with it");
      set("--split-budget", splitBudget, b::splitBudget);
    }
    if (replaceRelu6) {
      require(
          b.build().equalisation() != Equalisation.NONE
              && b.build().equalisation() != Equalisation.DEPTHWISE,
          "--replace-relu6: needs --equalise or a recipe with it");
      b.equalisation(Equalisation.REPLACE_RELU6);
    }
    if (absorbBias != null) {
      b.absorbHighBias(absorbBias);
    }
    if (correctBias != null) {
      b.biasCorrection(constant(BiasCorrectionMethod.class, "--correct-bias", correctBias));
    }
    if (learnRounding != null) {
      b.learnedRounding(learnRounding);
    }
    if (fitLogits != null) {
      b.fitLogits(fitLogits);
    }
    set("--refinement-inputs", refinementInputs, b::refinementInputs);
    set("--sensitivity-inputs", sensitivityInputs, b::sensitivityInputs);
    set("--float-layers", floatLayers, b::floatLayers);
  }

  private void binary(CalibrationOptions.Builder b) {
    if (binary != null) {
      set("--binary", binary, b::binaryTerms);
      b.binaryLayers(BinaryLayers.INNER);
    }
    boolean any = b.build().binaryLayers() != BinaryLayers.NONE;
    if (binaryLayers != null) {
      require(any, "--binary-layers: needs --binary or a recipe with it");
      b.binaryLayers(constant(BinaryLayers.class, "--binary-layers", binaryLayers));
    }
    if (binaryBudget != null) {
      require(
          b.build().binaryLayers() == BinaryLayers.GREEDY,
          "--binary-budget: needs --binary-layers greedy");
      set("--binary-budget", binaryBudget, b::binaryBudget);
    }
  }

  private void lowRank(CalibrationOptions.Builder b) {
    if (lowRank == null) {
      return;
    }
    int colon = lowRank.indexOf(':');
    b.lowRank(
        constant(
            LowRankCriterion.class,
            "--low-rank",
            colon < 0 ? lowRank : lowRank.substring(0, colon)));
    if (colon >= 0) {
      String value = lowRank.substring(colon + 1);
      double number;
      try {
        number = Double.parseDouble(value);
      } catch (NumberFormatException e) {
        throw new Usage("--low-rank: '" + value + "' is not a number");
      }
      set("--low-rank", number, b::lowRankValue);
    }
  }

  /** Sets a value that was given; an error names the switch in place of the option's Java name. */
  private static <T> void set(String flag, T value, Consumer<T> setter) {
    if (value == null) {
      return;
    }
    try {
      setter.accept(value);
    } catch (IllegalArgumentException e) {
      String message = e.getMessage();
      throw new Usage(flag + message.substring(message.indexOf(' ')));
    }
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new Usage(message);
    }
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String flag, String value) {
    for (E e : type.getEnumConstants()) {
      if (label(e).equals(value.toLowerCase(Locale.ROOT).replace('_', '-'))) {
        return e;
      }
    }
    String known =
        Arrays.stream(type.getEnumConstants())
            .map(CalibrationFlags::label)
            .collect(Collectors.joining(", "));
    throw new Usage(flag + ": unknown kind '" + value + "'; known are " + known);
  }

  private static String label(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Takes the next argument only if it is a number, so that a file may follow the option; else the
   * option's fallback value.
   */
  static final class OptionalCount implements IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> args, ArgSpec argSpec, CommandSpec commandSpec) {
      boolean number = !args.isEmpty() && args.peek().matches("[0-9]+");
      String value = number ? args.pop() : ((OptionSpec) argSpec).fallbackValue();
      argSpec.setValue(Integer.valueOf(value));
    }
  }
}
