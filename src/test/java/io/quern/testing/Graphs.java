package io.quern.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quern.model.Graph;
import io.quern.model.Tensor;

/** Comparison of graphs. */
public final class Graphs {
  private Graphs() {}

  /** Fails unless both graphs have equal tensors, constants, operators and metadata. */
  public static void assertSame(Graph expected, Graph actual, String message) {
    assertEquals(expected.name(), actual.name(), message);
    assertEquals(expected.tensors().size(), actual.tensors().size(), message);
    for (int t = 0; t < expected.tensors().size(); t++) {
      Tensor e = expected.tensor(t);
      Tensor a = actual.tensor(t);
      String at = message + ": tensor " + t;
      assertEquals(e.name(), a.name(), at);
      assertEquals(e.type(), a.type(), at);
      assertEquals(e.shape(), a.shape(), at);
      assertEquals(e.quantization(), a.quantization(), at);
      assertEquals(e.isConstant(), a.isConstant(), at);
      if (e.isConstant()) {
        assertEquals(e.data(), a.data(), at);
      }
    }
    assertEquals(expected.operators(), actual.operators(), message);
    assertEquals(expected.inputs(), actual.inputs(), message);
    assertEquals(expected.outputs(), actual.outputs(), message);
    assertEquals(expected.metadata(), actual.metadata(), message);
  }
}
