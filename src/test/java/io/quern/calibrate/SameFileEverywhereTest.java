package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quern.format.tflite.TfliteWriter;
import io.quern.model.Graph;
import io.quern.testing.FreshJava;
import io.quern.testing.MobileNets;
import java.lang.ProcessBuilder.Redirect;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A calibration gives the same file on a machine without a fused multiply-add instruction. */
class SameFileEverywhereTest {
  /** Prints the SHA-256 of some calibrated models. */
  public static void main(String[] args) {
    System.out.print(digests());
  }

  private static String digests() {
    Graph residual = CalibratorTest.residual(1);
    SplittableRandom random = new SplittableRandom(20261127);
    List<float[][]> inputs = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      float[] x = new float[8 * 8 * 3];
      for (int k = 0; k < x.length; k++) {
        x[k] = (float) random.nextDouble(-1, 1);
      }
      inputs.add(new float[][] {x});
    }
    CalibrationOptions best = Preset.BEST.builder().build();
    return "MobileNet V1 "
        + sha256(MobileNets.v1(0.25, 32))
        + "\nMobileNet V2 "
        + sha256(MobileNets.v2(0.35, 32))
        + "\nresidual, best "
        + sha256(Calibrator.calibrate(residual, inputs, best, Progress.NONE))
        + "\n";
  }

  private static String sha256(Graph graph) {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(TfliteWriter.write(graph));
      StringBuilder hex = new StringBuilder();
      for (byte b : sum) {
        hex.append(String.format("%02x", b));
      }
      return hex.toString();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void withoutFusedMultiplyAdd() throws Exception {
    String there = FreshJava.printed(SameFileEverywhereTest.class, Redirect.INHERIT, "-XX:-UseFMA");
    assertEquals(digests(), there);
  }
}
