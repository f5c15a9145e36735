package io.quern.cli;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The embedded model and data: the repository's folder when the launcher says where that is, else
 * those in the jar.
 */
final class DemoFiles implements AutoCloseable {
  static final String MODEL = "fashion-mnist-float.tflite";
  static final String CALIBRATION = "calibration-images-idx3-ubyte.gz";
  static final String TEST = "test-images-idx3-ubyte.gz";
  static final Path FULL_TEST =
      Path.of("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz");
  private static final String RESOURCES = "/io/quern/demo/";

  private final Path folder;
  private final FileSystem jar;

  private DemoFiles(Path folder, FileSystem jar) {
    this.folder = folder;
    this.jar = jar;
  }

  static DemoFiles open() throws IOException {
    String home = System.getProperty("quern.home");
    if (home != null) {
      Path folder = Path.of(home, "calibration", "fashion-mnist");
      if (Files.isRegularFile(folder.resolve(MODEL))) {
        return new DemoFiles(folder, null);
      }
    }
    URL url = DemoFiles.class.getResource(RESOURCES + MODEL);
    if (url == null) {
      throw new Failure(
          "the embedded model is missing: this jar was built without calibration/fashion-mnist");
    }
    try {
      URI uri = url.toURI();
      if (!uri.getScheme().equals("jar")) {
        return new DemoFiles(Path.of(uri).getParent(), null);
      }
      FileSystem jar = FileSystems.newFileSystem(uri, Map.of());
      return new DemoFiles(jar.getPath(RESOURCES), jar);
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  Path file(String name) {
    Path p = folder.resolve(name);
    if (!Files.isRegularFile(p)) {
      throw new Failure(p + ": no such file");
    }
    return p;
  }

  @Override
  public void close() throws IOException {
    if (jar != null) {
      jar.close();
    }
  }
}
