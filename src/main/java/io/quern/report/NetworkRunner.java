package io.quern.report;

import io.quern.data.TensorCodec;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.runtime.Plan;
import io.quern.runtime.Session;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A session that takes and gives real numbers whatever the network's types are: quantizes what goes
 * in, dequantizes what comes out. Buffers are made once; {@link #set}, {@link #invoke} and {@link
 * #fetch} allocate nothing. One thread at a time.
 */
public final class NetworkRunner implements AutoCloseable {
  private final Session session;
  private final Tensor[] inputs;
  private final Tensor[] outputs;
  private final Object[] inputBuffers;
  private final Object[] outputBuffers;
  private final float[][] values;

  /** Opens a session of the plan. */
  public NetworkRunner(Plan plan) {
    Graph g = plan.graph();
    this.inputs = tensors(g, g.inputs());
    this.outputs = tensors(g, g.outputs());
    this.inputBuffers = new Object[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      inputBuffers[i] = buffer(inputs[i]);
    }
    this.outputBuffers = new Object[outputs.length];
    this.values = new float[outputs.length][];
    for (int i = 0; i < outputs.length; i++) {
      outputBuffers[i] = buffer(outputs[i]);
      values[i] =
          outputs[i].type() == DataType.FLOAT32
              ? (float[]) outputBuffers[i]
              : new float[outputs[i].shape().elements()];
    }
    this.session = plan.newSession();
  }

  private static Tensor[] tensors(Graph g, List<Integer> indices) {
    Tensor[] r = new Tensor[indices.size()];
    for (int i = 0; i < r.length; i++) {
      r[i] = g.tensor(indices.get(i));
    }
    return r;
  }

  private static Object buffer(Tensor t) {
    int n = t.shape().elements();
    return switch (t.type()) {
      case FLOAT32 -> new float[n];
      case INT8, UINT8, BOOL -> new byte[n];
      case INT32 -> new int[n];
      case INT64 -> new long[n];
      case INT16 ->
          throw new IllegalArgumentException(
              t.name() + " is " + t.type() + ", which does not enter or leave a network");
    };
  }

  /** The session, for what is not about real numbers. */
  public Session session() {
    return session;
  }

  /**
   * Sets all inputs.
   *
   * @param real one array per input; not modified
   */
  public void set(float[][] real) {
    for (int i = 0; i < inputs.length; i++) {
      Tensor t = inputs[i];
      switch (t.type()) {
        case FLOAT32 -> session.setInput(i, real[i]);
        case INT32 -> {
          int[] b = (int[]) inputBuffers[i];
          for (int j = 0; j < b.length; j++) {
            b[j] = Math.round(real[i][j]);
          }
          session.setInput(i, b);
        }
        default -> {
          byte[] b = (byte[]) inputBuffers[i];
          if (t.quantization() != null) {
            TensorCodec.quantize(t, real[i], b);
          } else {
            for (int j = 0; j < b.length; j++) {
              b[j] = (byte) Math.round(real[i][j]);
            }
          }
          session.setInput(i, b);
        }
      }
    }
  }

  /** Runs the network. */
  public void invoke() {
    session.invoke();
  }

  /** Copies the outputs into this runner's buffers. */
  public void fetch() {
    for (int i = 0; i < outputs.length; i++) {
      switch (outputs[i].type()) {
        case FLOAT32 -> session.getOutput(i, (float[]) outputBuffers[i]);
        case INT32 -> session.getOutput(i, (int[]) outputBuffers[i]);
        case INT64 -> session.getOutput(i, (long[]) outputBuffers[i]);
        default -> session.getOutput(i, (byte[]) outputBuffers[i]);
      }
    }
  }

  /**
   * The fetched outputs as real numbers.
   *
   * @return one array per output; owned by the runner, overwritten by the next run
   */
  public float[][] outputs() {
    for (int i = 0; i < outputs.length; i++) {
      Tensor t = outputs[i];
      float[] v = values[i];
      if (outputBuffers[i] instanceof byte[] b) {
        if (t.quantization() != null) {
          TensorCodec.dequantize(t, b, v);
        } else {
          for (int j = 0; j < v.length; j++) {
            v[j] = t.type() == DataType.INT8 ? b[j] : b[j] & 255;
          }
        }
      } else if (outputBuffers[i] instanceof int[] n) {
        for (int j = 0; j < v.length; j++) {
          v[j] = n[j];
        }
      } else if (outputBuffers[i] instanceof long[] n) {
        for (int j = 0; j < v.length; j++) {
          v[j] = n[j];
        }
      }
    }
    return values;
  }

  /**
   * The fetched outputs as they are: elements of all outputs, one after the other, little endian.
   */
  public byte[] rawOutputs() {
    int n = 0;
    for (Tensor t : outputs) {
      n += (int) t.bytes();
    }
    ByteBuffer b = ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    for (Object o : outputBuffers) {
      if (o instanceof float[] f) {
        for (float x : f) {
          b.putFloat(x);
        }
      } else if (o instanceof byte[] x) {
        b.put(x);
      } else if (o instanceof int[] x) {
        for (int v : x) {
          b.putInt(v);
        }
      } else if (o instanceof long[] x) {
        for (long v : x) {
          b.putLong(v);
        }
      }
    }
    return b.array();
  }

  @Override
  public void close() {
    session.close();
  }
}
