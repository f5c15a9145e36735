package io.quern.oracle;

import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Runs graphs on raw little-endian bytes, as the oracle does. */
final class Runs {
  private Runs() {}

  /** All outputs for the given inputs. */
  static List<byte[]> outputs(Graph graph, PlanOptions options, List<byte[]> inputs) {
    Plan plan = Planner.plan(graph, options);
    try (Session session = plan.newSession()) {
      setInputs(session, inputs);
      session.invoke();
      List<byte[]> outputs = new ArrayList<>();
      for (int i = 0; i < graph.outputs().size(); i++) {
        outputs.add(output(session, i));
      }
      return outputs;
    }
  }

  /** Sets all inputs. */
  static void setInputs(Session session, List<byte[]> inputs) {
    Graph graph = session.plan().graph();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor t = graph.tensor(graph.inputs().get(i));
      switch (t.type()) {
        case FLOAT32 -> session.setInput(i, floats(inputs.get(i)));
        case INT32 -> session.setInput(i, ints(inputs.get(i)));
        default -> session.setInput(i, inputs.get(i));
      }
    }
  }

  private static byte[] output(Session session, int i) {
    Tensor t = session.plan().graph().tensor(session.plan().graph().outputs().get(i));
    int n = t.shape().elements();
    ByteBuffer b = ByteBuffer.allocate(n * t.type().bytes()).order(ByteOrder.LITTLE_ENDIAN);
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
    return b.array();
  }

  /** The first element in which two tensors differ by more than {@code ulps}; -1 if none. */
  static int mismatch(Tensor t, byte[] expected, byte[] actual, int ulps) {
    if (ulps == 0 || t.type() != io.quern.model.DataType.FLOAT32) {
      int at = java.util.Arrays.mismatch(expected, actual);
      return at < 0 ? -1 : at / t.type().bytes();
    }
    float[] e = floats(expected);
    float[] a = floats(actual);
    for (int i = 0; i < e.length; i++) {
      // Results below the normal numbers may be flushed.
      float bound = Math.max(ulps * Math.ulp(e[i]), Float.MIN_NORMAL);
      if (!(Math.abs(e[i] - a[i]) <= bound)) {
        return i;
      }
    }
    return -1;
  }

  /** One element of a tensor as text. */
  static String element(Tensor t, byte[] values, int i) {
    ByteBuffer b = ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN);
    return switch (t.type()) {
      case FLOAT32 -> Float.toString(b.getFloat(4 * i));
      case INT32 -> Integer.toString(b.getInt(4 * i));
      case INT64 -> Long.toString(b.getLong(8 * i));
      case UINT8 -> Integer.toString(values[i] & 0xff);
      default -> Integer.toString(values[i]);
    };
  }

  static float[] floats(byte[] bytes) {
    float[] v = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(v);
    return v;
  }

  private static int[] ints(byte[] bytes) {
    int[] v = new int[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(v);
    return v;
  }
}
