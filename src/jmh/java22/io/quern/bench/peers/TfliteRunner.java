package io.quern.bench.peers;

import io.quern.bench.runner.Contestant;
import io.quern.bench.runner.RoundServer;
import io.quern.oracle.TfliteKernels;
import io.quern.oracle.TfliteModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Serves rounds of TensorFlow Lite: {@code TfliteRunner KERNELS THREADS MODEL}. */
final class TfliteRunner implements Contestant {
  private final TfliteModel model;

  private TfliteRunner(TfliteModel model) {
    this.model = model;
  }

  public static void main(String[] args) throws IOException {
    byte[] file = Files.readAllBytes(Path.of(args[2]));
    TfliteKernels kernels = TfliteKernels.valueOf(args[0]);
    try (TfliteModel model = new TfliteModel(file, kernels, Integer.parseInt(args[1]), false)) {
      RoundServer.serve(new TfliteRunner(model));
    }
  }

  @Override
  public void setInput(byte[] values) {
    model.setInput(0, values);
  }

  @Override
  public void invoke() {
    model.invoke();
  }

  @Override
  public byte[] output() {
    return model.output(0);
  }
}
