package io.quern;

import io.quern.format.tflite.TfliteReader;
import io.quern.model.Graph;
import io.quern.model.ModelFormatException;
import io.quern.model.UnsupportedModelException;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A loaded network: the first class to know.
 *
 * <pre>{@code
 * Model model = Model.load(Path.of("model-int8.tflite"));
 * byte[] in = ...;                 // the model's input, in its own type
 * byte[] out = new byte[10];
 * try (Session session = model.session(PlanOptions.defaults().withThreads(2))) {
 *   session.run(in, out);          // allocates nothing
 * }
 * }</pre>
 *
 * <p>Loading checks everything: a model that loads can be trusted. Planning decides everything.
 * Running does neither. Immutable; threads may share a model and its plans, and use a {@link
 * Session} one at a time.
 */
public final class Model {
  private final Graph graph;

  private Model(Graph graph) {
    this.graph = graph;
  }

  /**
   * Loads a {@code .tflite} file, float or quantized.
   *
   * @throws IOException if the file cannot be read
   * @throws ModelFormatException if it is malformed, saying where, which field and which value
   * @throws UnsupportedModelException if it uses something that Quern does not support, naming the
   *     operator
   */
  public static Model load(Path file) throws IOException {
    return new Model(TfliteReader.read(file));
  }

  /**
   * Loads the content of a {@code .tflite} file.
   *
   * @param bytes the file; weights are not copied, so it must not change afterwards
   * @throws ModelFormatException if it is malformed
   * @throws UnsupportedModelException if it uses something that Quern does not support
   */
  public static Model load(byte[] bytes) {
    return new Model(TfliteReader.read(ByteBuffer.wrap(bytes), "model"));
  }

  /** A model of a graph made in memory. */
  public static Model of(Graph graph) {
    return new Model(graph);
  }

  /** The network: tensors, operators, shapes, quantization parameters, metadata. */
  public Graph graph() {
    return graph;
  }

  /**
   * Decides kernels, memory and division of work. The plan can be shared by any number of sessions.
   *
   * @throws UnsupportedModelException if an operator cannot run, naming it
   * @throws IllegalArgumentException if the wanted tier is not available in this JVM, saying why
   */
  public Plan plan(PlanOptions options) {
    return Planner.plan(graph, options);
  }

  /** Plans and opens a session. */
  public Session session(PlanOptions options) {
    return plan(options).newSession();
  }
}
