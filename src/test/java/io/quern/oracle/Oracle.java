package io.quern.oracle;

import java.lang.reflect.InvocationTargetException;

/**
 * Real TensorFlow Lite 2.21.0 with its reference kernels, for comparison.
 *
 * <p>It is reached through the Foreign Function and Memory API and needs JDK 22, and a native
 * library that exists for Linux on x86-64 and arm64. Where it cannot run, tests compare with what
 * it gave elsewhere ({@link Manifest}).
 */
public interface Oracle {
  /**
   * A model that is ready to run. All values are raw little-endian bytes of the tensor's own type.
   */
  interface Model extends AutoCloseable {
    /** Sets an input by its position in the graph's inputs. */
    void setInput(int input, byte[] values);

    /** Runs the reference kernels once. */
    void invoke();

    /** An output by its position in the graph's outputs. */
    byte[] output(int output);

    /** Any tensor by its index in the file; needs a model that was loaded to keep intermediates. */
    byte[] tensor(int index);

    @Override
    void close();
  }

  /**
   * Loads a model.
   *
   * @param file a whole .tflite file
   * @throws IllegalStateException if TensorFlow Lite refuses it
   */
  Model load(byte[] file, boolean keepIntermediates);

  /**
   * The oracle of this machine; null where there is none, with a loud message.
   *
   * @throws AssertionError where it should run: on Linux on x86-64 with JDK 22 or newer
   */
  static Oracle find() {
    int jdk = Runtime.version().feature();
    if (jdk < 22) {
      System.out.println("Oracle: JDK " + jdk + " compares with recorded SHA-256 (JDK 22 runs it)");
      return null;
    }
    try {
      return (Oracle)
          Class.forName("io.quern.oracle.TfliteOracle").getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException | LinkageError e) {
      Throwable cause = e instanceof InvocationTargetException ? e.getCause() : e;
      String machine = System.getProperty("os.name") + " " + System.getProperty("os.arch");
      if (machine.equals("Linux amd64")) {
        throw new AssertionError(
            "TensorFlow Lite must run on " + machine + " with JDK " + jdk, cause);
      }
      System.out.println(
          "*** NO ORACLE: TensorFlow Lite does not run on "
              + machine
              + " ("
              + cause
              + "); comparing with recorded SHA-256 only ***");
      return null;
    }
  }
}
