package io.quern.bench.runner;

import io.quern.Model;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** Serves rounds of Quern: {@code QuernRunner TIER THREADS MODEL}. */
public final class QuernRunner implements Contestant {
  private final Session session;
  private final Tensor in;
  private final Tensor out;

  private QuernRunner(Session session) {
    this.session = session;
    Graph g = session.plan().graph();
    this.in = g.tensor(g.inputs().get(0));
    this.out = g.tensor(g.outputs().get(0));
  }

  /** Starts. */
  public static void main(String[] args) throws IOException {
    PlanOptions options =
        PlanOptions.defaults().withTier(args[0]).withThreads(Integer.parseInt(args[1]));
    try (Session session = Model.load(Path.of(args[2])).session(options)) {
      RoundServer.serve(new QuernRunner(session));
    }
  }

  @Override
  public void setInput(byte[] values) {
    if (in.type() == DataType.FLOAT32) {
      float[] floats = new float[in.shape().elements()];
      ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
      session.setInput(0, floats);
    } else {
      session.setInput(0, values);
    }
  }

  @Override
  public void invoke() {
    session.invoke();
  }

  @Override
  public byte[] output() {
    byte[] values = new byte[(int) out.bytes()];
    if (out.type() == DataType.FLOAT32) {
      float[] floats = new float[out.shape().elements()];
      session.getOutput(0, floats);
      ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(floats);
    } else {
      session.getOutput(0, values);
    }
    return values;
  }
}
