package io.quern.model;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A network: tensors, operators in the order in which they run, inputs, outputs and named metadata.
 * Immutable and valid: every tensor that is read is a constant, an input or written by an earlier
 * operator; no tensor is written twice; shapes, types and quantization parameters of every operator
 * fit ({@link GraphValidator}).
 *
 * @param name of the network, may be empty
 * @param tensors referred to by index
 * @param operators in execution order
 * @param inputs tensors given by the caller
 * @param outputs tensors handed to the caller
 * @param metadata named blobs that travel with the model, as UTF-8 text
 */
public record Graph(
    String name,
    List<Tensor> tensors,
    List<Operator> operators,
    List<Integer> inputs,
    List<Integer> outputs,
    Map<String, String> metadata) {

  /**
   * Copies the collections and validates.
   *
   * @throws ModelFormatException if the graph contradicts itself: an index out of range, a tensor
   *     read before it is written, shapes or parameters that do not fit; names operator and index
   * @throws UnsupportedModelException if an operator's types or quantization are not supported
   */
  public Graph {
    tensors = List.copyOf(tensors);
    operators = List.copyOf(operators);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    metadata = Map.copyOf(metadata);
    GraphValidator.validate(tensors, operators, inputs, outputs);
  }

  /** A tensor by its index. */
  public Tensor tensor(int index) {
    return tensors.get(index);
  }

  /** {@code KIND_index}, the name under which messages and reports refer to an operator. */
  public String operatorName(int index) {
    return operatorName(operators.get(index), index);
  }

  static String operatorName(Operator operator, int index) {
    return operator.kind().toLowerCase(Locale.ROOT) + "_" + index;
  }
}
