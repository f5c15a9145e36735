package io.quern.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.Preset;
import io.quern.calibrate.Progress;
import io.quern.format.tflite.TfliteReader;
import io.quern.format.tflite.TfliteWriter;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import io.quern.testing.MobileNets;
import io.quern.testing.SharedData;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/**
 * Whole networks give TensorFlow Lite's bytes, and so does every operator in them: the reference
 * tier is compared tensor by tensor, the others by the outputs of their ordinary plans.
 */
class WholeNetworksTest {
  private static final int INPUTS = Integer.getInteger("quern.networkInputs", 4);

  /** Units in the last place by which a float softmax, and what follows it, may differ. */
  private static final int SOFTMAX_ULPS = 4;

  private final Oracle oracle = Oracle.find();
  private final List<String> tiers = TiersThatMustRun.find();
  private long tensors;
  private long bytes;

  @Test
  void realNetworks() throws IOException {
    List<Path> files = SharedData.files(".tflite");
    Manifest manifest = Manifest.open("networks.txt");
    for (Path file : files) {
      byte[] content = Files.readAllBytes(file);
      String name = file.getFileName().toString();
      Graph graph = TfliteReader.read(ByteBuffer.wrap(content), name);
      check(name, graph, content, manifest);
    }
    finish(manifest, files.size() + " networks of the shared data");
  }

  @Test
  void legacyUnsignedNetworks() throws IOException {
    Manifest manifest = Manifest.open("legacy-networks.txt");
    for (int seed = 0; seed < 8; seed++) {
      Graph v1 = LegacyNetworks.mobileNetV1(seed);
      check("v1-" + seed, v1, TfliteWriter.write(v1), manifest);
      Graph v2 = LegacyNetworks.mobileNetV2(seed);
      check("v2-" + seed, v2, TfliteWriter.write(v2), manifest);
    }
    finish(manifest, "16 legacy unsigned networks");
  }

  /** The networks that speed is measured on, at a size that the reference kernels run in a test. */
  @Test
  void benchmarkNetworks() throws IOException {
    Map<String, Graph> networks = new LinkedHashMap<>();
    networks.put("mobilenet-v1-0.25-64", MobileNets.v1(0.25, 64));
    networks.put("mobilenet-v2-0.35-64", MobileNets.v2(0.35, 64));
    Manifest manifest = Manifest.open("benchmark-networks.txt");
    for (Map.Entry<String, Graph> e : networks.entrySet()) {
      byte[] file = TfliteWriter.write(e.getValue());
      check(e.getKey(), TfliteReader.read(ByteBuffer.wrap(file), e.getKey()), file, manifest);
    }
    finish(manifest, networks.size() + " networks with seeded weights");
  }

  /** What the calibrator makes of the embedded float model is what TensorFlow Lite runs. */
  @Test
  void calibratedEmbeddedModel() throws IOException {
    Path folder = Path.of(System.getProperty("quern.basedir", "."), "calibration", "fashion-mnist");
    Graph model = TfliteReader.read(folder.resolve("fashion-mnist-float.tflite"));
    List<float[][]> images = images(folder.resolve("calibration-images-idx3-ubyte.gz"), 64);
    Manifest manifest = Manifest.open("calibrated-networks.txt");
    Map<String, CalibrationOptions> recipes = new LinkedHashMap<>();
    recipes.put("fashion-mnist-per-channel", Preset.PLAIN.builder().build());
    recipes.put("fashion-mnist-per-tensor", Preset.PER_TENSOR.builder().build());
    for (Preset p : List.of(Preset.BEST, Preset.BEST_PER_TENSOR, Preset.BINARY, Preset.BINARY_3)) {
      recipes.put("fashion-mnist-" + p.label(), p.builder().build());
    }
    recipes.put("fashion-mnist-split", Preset.BEST.builder().splitBudget(0.3).build());
    for (Map.Entry<String, CalibrationOptions> e : recipes.entrySet()) {
      Graph int8 = Calibrator.calibrate(model, images, e.getValue(), Progress.NONE);
      byte[] file = TfliteWriter.write(int8);
      String name = e.getKey();
      check(name, TfliteReader.read(ByteBuffer.wrap(file), name), file, manifest);
    }
    finish(manifest, "the embedded model, calibrated by " + recipes.size() + " recipes");
  }

  private static List<float[][]> images(Path idx, int count) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(idx))) {
      in.skipNBytes(16);
      List<float[][]> images = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        byte[] pixels = in.readNBytes(28 * 28);
        float[] values = new float[pixels.length];
        for (int k = 0; k < values.length; k++) {
          values[k] = ((pixels[k] & 255) - 127.5f) / 127.5f;
        }
        images.add(new float[][] {values});
      }
      return images;
    }
  }

  private void finish(Manifest manifest, String what) throws IOException {
    System.out.printf(
        "Whole networks: %s, %d inputs each, %d tensors, %d bytes equal, tiers %s, against %s%n",
        what,
        INPUTS,
        tensors,
        bytes,
        tiers,
        oracle == null ? "the recorded manifest" : "TensorFlow Lite's reference kernels");
    if (Manifest.RECORD) {
      assertTrue(oracle != null, "only a run with the oracle records");
      if (manifest.size() > 0) {
        manifest.save();
      }
    }
  }

  private void check(String name, Graph graph, byte[] file, Manifest manifest) {
    PlanOptions keep = PlanOptions.defaults().withTier("reference").withKeepIntermediates(true);
    List<List<byte[]>> inputs = new ArrayList<>();
    for (int i = 0; i < INPUTS; i++) {
      inputs.add(inputs(graph, i));
    }
    List<byte[]> outputs = new ArrayList<>();
    try (Session session = Planner.plan(graph, keep).newSession();
        Oracle.Model model = oracle == null ? null : oracle.load(file, true)) {
      if (model != null) {
        assertEquals(graph.operators().size(), model.operators(), name + ": operators");
      }
      for (int i = 0; i < INPUTS; i++) {
        Runs.setInputs(session, inputs.get(i));
        session.invoke();
        if (model != null) {
          for (int t = 0; t < inputs.get(i).size(); t++) {
            model.setInput(t, inputs.get(i).get(t));
          }
          model.invoke();
        }
        List<byte[]> all = new ArrayList<>();
        boolean afterSoftmax = false;
        for (int o = 0; o < graph.operators().size(); o++) {
          Operator op = graph.operators().get(o);
          afterSoftmax |= op instanceof Operator.Softmax;
          for (int k = 0; k < op.outputs().size(); k++) {
            Tensor t = graph.tensor(op.outputs().get(k));
            byte[] actual = Runs.tensor(session, op.outputs().get(k));
            all.add(actual);
            if (model != null) {
              int ulps = afterSoftmax && t.type() == DataType.FLOAT32 ? SOFTMAX_ULPS : 0;
              same(
                  name + ", input " + i + ", " + graph.operatorName(o),
                  t,
                  model.output(o, k),
                  actual,
                  ulps);
            }
          }
        }
        record(name + "#" + i, all, manifest);
        for (int t : graph.outputs()) {
          outputs.add(Runs.tensor(session, t));
        }
      }
    }
    for (String tier : tiers) {
      compareTier(name, graph, tier, inputs, outputs);
    }
  }

  /** Quantized networks: any tier, one thread and two. */
  private void compareTier(
      String name, Graph graph, String tier, List<List<byte[]>> inputs, List<byte[]> expected) {
    if (!isQuantized(graph)) {
      return;
    }
    for (int threads = 1; threads <= 2; threads++) {
      PlanOptions options = PlanOptions.defaults().withTier(tier).withThreads(threads);
      for (int i = 0; i < inputs.size(); i++) {
        if (tier.equals("reference") && i > 0) {
          break;
        }
        List<byte[]> actual = Runs.outputs(graph, options, inputs.get(i));
        for (int k = 0; k < actual.size(); k++) {
          same(
              name + ", input " + i + ", tier " + tier + ", " + threads + " threads",
              graph.tensor(graph.outputs().get(k)),
              expected.get(i * actual.size() + k),
              actual.get(k),
              0);
        }
      }
    }
  }

  private static boolean isQuantized(Graph graph) {
    for (Operator op : graph.operators()) {
      if (op instanceof Operator.Conv2d c) {
        return graph.tensor(c.input()).type().isQuantized8();
      }
    }
    return false;
  }

  private void same(String what, Tensor t, byte[] expected, byte[] actual, int ulps) {
    int at = Runs.mismatch(t, expected, actual, ulps);
    if (at >= 0) {
      fail(
          what
              + ": element "
              + at
              + " is "
              + Runs.element(t, actual, at)
              + ", not "
              + Runs.element(t, expected, at));
    }
    tensors++;
    bytes += actual.length;
  }

  private void record(String caseName, List<byte[]> all, Manifest manifest) {
    String sha256 = Manifest.sha256(all.toArray(new byte[0][]));
    if (Manifest.RECORD) {
      manifest.put(caseName, sha256);
    } else if (manifest.get(caseName) != null) {
      assertEquals(manifest.get(caseName), sha256, "recorded bytes of " + caseName);
    } else {
      assertTrue(INPUTS > 4, caseName + " is not recorded");
    }
  }

  /** Even numbers are noise, odd ones look like pictures: smooth shades with edges. */
  private static List<byte[]> inputs(Graph graph, int number) {
    List<byte[]> inputs = new ArrayList<>();
    for (int index : graph.inputs()) {
      Tensor t = graph.tensor(index);
      SplittableRandom random = new SplittableRandom(7919L * number + index);
      int n = t.shape().elements();
      int channels = t.shape().dim(-1);
      int width = t.shape().rank() == 4 ? t.shape().dim(2) : channels;
      double fx = random.nextDouble(0.02, 0.4);
      double fy = random.nextDouble(0.02, 0.4);
      ByteBuffer b = ByteBuffer.allocate(n * t.type().bytes()).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < n; i++) {
        int x = i / channels % width;
        int y = i / channels / width;
        double shade =
            StrictMath.sin(x * fx) * StrictMath.cos(y * fy) * 100 + (x > 2 * y ? 40 : -20);
        int q =
            number % 2 == 0
                ? random.nextInt(-128, 128)
                : (int) Math.max(-128, Math.min(127, shade + 9 * (i % channels)));
        switch (t.type()) {
          case FLOAT32 -> b.putFloat(q / 128f);
          case UINT8 -> b.put((byte) (q + 128));
          default -> b.put((byte) q);
        }
      }
      inputs.add(b.array());
    }
    return inputs;
  }
}
