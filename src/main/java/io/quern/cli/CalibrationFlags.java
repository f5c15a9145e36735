package io.quern.cli;

import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.ObserverKind;
import io.quern.calibrate.WeightScale;
import java.util.Locale;
import picocli.CommandLine.Option;

/** How a network is calibrated. */
final class CalibrationFlags {
  @Option(
      names = "--observer",
      paramLabel = "KIND",
      defaultValue = "min-max",
      description =
          "How ranges of activations are chosen: min-max, moving-average, percentile, entropy, mse or auto. Default: ${DEFAULT-VALUE}.")
  private String observer;

  @Option(
      names = "--percentile",
      paramLabel = "P",
      defaultValue = "99.99",
      description = "For the percentile observer and weight scale. Default: ${DEFAULT-VALUE}.")
  private double percentile;

  @Option(
      names = "--weight-scale",
      paramLabel = "KIND",
      defaultValue = "max",
      description =
          "How scales of weights are chosen: max, mse or percentile. Default: ${DEFAULT-VALUE}.")
  private String weightScale;

  CalibrationOptions.Builder builder(int threads) {
    try {
      return CalibrationOptions.builder()
          .observer(constant(ObserverKind.class, "--observer", observer))
          .percentile(percentile)
          .weightScale(constant(WeightScale.class, "--weight-scale", weightScale))
          .threads(threads);
    } catch (IllegalArgumentException e) {
      throw new Usage(e.getMessage());
    }
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String flag, String value) {
    StringBuilder known = new StringBuilder();
    for (E e : type.getEnumConstants()) {
      String name = e.name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (name.equals(value.toLowerCase(Locale.ROOT).replace('_', '-'))) {
        return e;
      }
      known.append(known.isEmpty() ? "" : ", ").append(name);
    }
    throw new Usage(flag + ": unknown kind '" + value + "'; known are " + known);
  }
}
