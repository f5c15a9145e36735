package io.quern.testing;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.runtime.Session;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Real networks to test with, and random inputs for them. */
public final class Networks {
  private Networks() {}

  /**
   * Every {@code .tflite} file at hand: the project's own below calibration/, then the shared ones.
   * Never empty.
   */
  public static List<Path> all() {
    List<Path> files = new ArrayList<>(own());
    files.addAll(SharedData.files(".tflite"));
    return files;
  }

  private static List<Path> own() {
    Path folder = Path.of(System.getProperty("quern.basedir", ".")).resolve("calibration");
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(p -> p.toString().endsWith(".tflite")).sorted().toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Sets every input to random values: all bytes alike for 8-bit types, -1 to 1 for floats. */
  public static void setRandomInputs(Session session, Random random) {
    Graph g = session.plan().graph();
    for (int i = 0; i < g.inputs().size(); i++) {
      Tensor t = g.tensor(g.inputs().get(i));
      int n = t.shape().elements();
      if (t.type() == DataType.FLOAT32) {
        float[] v = new float[n];
        for (int k = 0; k < n; k++) {
          v[k] = random.nextFloat() * 2 - 1;
        }
        session.setInput(i, v);
      } else {
        byte[] v = new byte[n];
        random.nextBytes(v);
        session.setInput(i, v);
      }
    }
  }

  /** All outputs as bytes, little endian, one after the other. */
  public static byte[] outputs(Session session) {
    Graph g = session.plan().graph();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < g.outputs().size(); i++) {
      Tensor t = g.tensor(g.outputs().get(i));
      int n = t.shape().elements();
      ByteBuffer b = ByteBuffer.allocate((int) t.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      switch (t.type()) {
        case FLOAT32 -> {
          float[] v = new float[n];
          session.getOutput(i, v);
          b.asFloatBuffer().put(v);
        }
        case INT32 -> {
          int[] v = new int[n];
          session.getOutput(i, v);
          b.asIntBuffer().put(v);
        }
        case INT64 -> {
          long[] v = new long[n];
          session.getOutput(i, v);
          b.asLongBuffer().put(v);
        }
        default -> session.getOutput(i, b.array());
      }
      all.writeBytes(b.array());
    }
    return all.toByteArray();
  }

  /** Whether all arithmetic is integer, so that bytes are defined exactly. */
  public static boolean isQuantized(Graph g) {
    return g.inputs().stream().allMatch(t -> g.tensor(t).type().isQuantized8())
        && g.outputs().stream().noneMatch(t -> g.tensor(t).type() == DataType.FLOAT32);
  }
}
