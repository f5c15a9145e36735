package io.quern.format.tflite;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import io.quern.testing.GraphBuilder;
import io.quern.testing.GraphGallery;
import io.quern.testing.Graphs;
import io.quern.testing.SharedData;
import io.quern.testing.SmallModels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read, written and read again is the same. */
class RoundTripTest {
  @TempDir Path folder;

  @Test
  void everyOperator() {
    for (Graph graph : GraphGallery.all()) {
      byte[] written = TfliteWriter.write(graph);
      Graph read = TfliteReader.read(ByteBuffer.wrap(written), graph.name());
      Graphs.assertSame(graph, read, graph.name());
      assertArrayEquals(written, TfliteWriter.write(read), graph.name());
    }
  }

  @Test
  void convolutionWithoutBiasGetsZeros() {
    for (DataType type : List.of(DataType.FLOAT32, DataType.INT8, DataType.UINT8)) {
      GraphBuilder g = new GraphBuilder(9);
      int x = g.input(type, 1, 3, 3, 2);
      int w = g.weights(type, 0, 4, 1, 1, 2);
      int y = g.activation(type, 1, 3, 3, 4);
      g.operator(
          new Operator.Conv2d(
              x, w, Operator.NO_TENSOR, y, Padding.SAME, 1, 1, 1, 1, Activation.NONE));
      byte[] written = TfliteWriter.write(g.build("no bias"));
      Graph read = TfliteReader.read(ByteBuffer.wrap(written), "no bias");
      Operator.Conv2d conv = (Operator.Conv2d) read.operators().get(0);
      Tensor bias = read.tensor(conv.bias());
      assertEquals(Shape.of(4), bias.shape());
      assertEquals(ByteBuffer.allocate(16), bias.data());
    }
  }

  @Test
  void filesOfTheConverter() {
    SmallModels.all()
        .forEach(
            (name, bytes) -> {
              Graph first = TfliteReader.read(ByteBuffer.wrap(bytes), name);
              byte[] written = TfliteWriter.write(first);
              Graph second = TfliteReader.read(ByteBuffer.wrap(written), name);
              Graphs.assertSame(first, second, name);
            });
  }

  @Test
  void realNetworks() throws IOException {
    List<Path> files = SharedData.files(".tflite");
    for (Path file : files) {
      Graph first = TfliteReader.read(file);
      byte[] written = TfliteWriter.write(first);
      Graph second = TfliteReader.read(ByteBuffer.wrap(written), "written");
      Graphs.assertSame(first, second, file.getFileName().toString());
      assertArrayEquals(written, TfliteWriter.write(second), "the same graph gives other bytes");
      Path copy = folder.resolve("copy.tflite");
      TfliteWriter.write(first, copy);
      assertArrayEquals(written, Files.readAllBytes(copy));
    }
    try (var left = Files.list(folder)) {
      assertEquals(files.isEmpty() ? 0 : 1, left.count(), "temporary files are left behind");
    }
  }
}
