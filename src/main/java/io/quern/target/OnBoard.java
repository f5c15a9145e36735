package io.quern.target;

import io.quern.Model;
import io.quern.model.DataType;
import io.quern.model.Tensor;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Session;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/**
 * What a bundle runs on the board: checks itself, infers, serves, measures.
 *
 * <p>A request is the bytes of all inputs, one after another, in the model's own types,
 * little-endian; a reply is the same of all outputs. {@link #serve} takes any number of requests on
 * each connection to a Unix socket. Depends on the runtime and {@link Machine} only: with them it
 * is all of a bundle's jar.
 */
public final class OnBoard implements AutoCloseable {
  private final Plan plan;
  private final Session session;
  private final int requestBytes;
  private final int replyBytes;

  OnBoard(Model model, PlanOptions options) {
    plan = model.plan(options);
    session = plan.newSession();
    int in = 0;
    for (int t : plan.graph().inputs()) {
      in = Math.addExact(in, bytes(t));
    }
    int out = 0;
    for (int t : plan.graph().outputs()) {
      out = Math.addExact(out, bytes(t));
    }
    requestBytes = in;
    replyBytes = out;
  }

  /** Runs a command of the bundle in the folder that {@code quern.bundle} names. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(System.getProperty("quern.bundle", "."));
    String command = args.length == 0 ? "" : args[0];
    int status = 2;
    if (command.equals("call") && args.length >= 3) {
      call(Path.of(args[1]), args[2], args.length > 3 ? args[3] : "-");
      status = 0;
    } else if (command.matches("check|infer|serve|bench")
        && args.length >= (command.matches("infer|serve") ? 2 : 1)) {
      try (OnBoard board = open(folder)) {
        switch (command) {
          case "check" -> status = board.check(folder) ? 0 : 1;
          case "infer" -> status = board.infer(args[1], args.length > 2 ? args[2] : "-");
          case "serve" -> board.serve(Path.of(args[1]));
          default ->
              status = board.bench(folder, args.length > 1 ? Integer.parseInt(args[1]) : 100);
        }
      }
    } else {
      System.err.println(
          "usage: run check                      compare with the bytes recorded when the bundle"
              + " was made\n"
              + "       run infer INPUT [OUTPUT]       raw files, or - for the standard streams\n"
              + "       run serve SOCKET               answer requests on a Unix socket\n"
              + "       run call SOCKET INPUT [OUTPUT] send one request there\n"
              + "       run bench [RUNS]               measure, print JSON");
    }
    System.exit(status);
  }

  private static OnBoard open(Path folder) throws IOException {
    Properties p = new Properties();
    try (InputStream in = Files.newInputStream(folder.resolve("bundle.properties"))) {
      p.load(in);
    }
    String tier = System.getProperty("quern.tier", p.getProperty("tier"));
    int threads = Integer.getInteger("quern.threads", Integer.parseInt(p.getProperty("threads")));
    return new OnBoard(
        Model.load(folder.resolve("model.tflite")),
        PlanOptions.defaults().withTier(tier).withThreads(threads));
  }

  /** Bytes of a request. */
  int requestBytes() {
    return requestBytes;
  }

  /** The plan. */
  Plan plan() {
    return plan;
  }

  private int bytes(int tensor) {
    Tensor t = plan.graph().tensor(tensor);
    return Math.multiplyExact(t.shape().elements(), t.type().bytes());
  }

  /**
   * One inference.
   *
   * @throws IllegalArgumentException if the request has not exactly the bytes of all inputs
   */
  synchronized byte[] answer(byte[] request) {
    if (request.length != requestBytes) {
      throw new IllegalArgumentException(
          "the model takes " + requestBytes + " bytes, given " + request.length);
    }
    ByteBuffer in = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);
    int i = 0;
    for (int tensor : plan.graph().inputs()) {
      Tensor t = plan.graph().tensor(tensor);
      int n = t.shape().elements();
      if (t.type() == DataType.FLOAT32) {
        float[] values = new float[n];
        in.asFloatBuffer().get(values);
        in.position(in.position() + 4 * n);
        session.setInput(i, values);
      } else if (t.type() == DataType.INT32) {
        int[] values = new int[n];
        in.asIntBuffer().get(values);
        in.position(in.position() + 4 * n);
        session.setInput(i, values);
      } else {
        byte[] values = new byte[n];
        in.get(values);
        session.setInput(i, values);
      }
      i++;
    }
    session.invoke();
    ByteBuffer out = ByteBuffer.allocate(replyBytes).order(ByteOrder.LITTLE_ENDIAN);
    int o = 0;
    for (int tensor : plan.graph().outputs()) {
      Tensor t = plan.graph().tensor(tensor);
      int n = t.shape().elements();
      switch (t.type()) {
        case FLOAT32 -> {
          float[] values = new float[n];
          session.getOutput(o, values);
          for (float v : values) {
            out.putFloat(v);
          }
        }
        case INT32 -> {
          int[] values = new int[n];
          session.getOutput(o, values);
          for (int v : values) {
            out.putInt(v);
          }
        }
        case INT64 -> {
          long[] values = new long[n];
          session.getOutput(o, values);
          for (long v : values) {
            out.putLong(v);
          }
        }
        default -> {
          byte[] values = new byte[n];
          session.getOutput(o, values);
          out.put(values);
        }
      }
      o++;
    }
    return out.array();
  }

  /** Whether every reply has the bytes recorded when the bundle was made. */
  private boolean check(Path folder) throws IOException {
    int cases = 0;
    for (; Files.exists(folder.resolve("check/input-" + cases + ".bin")); cases++) {
      byte[] expected = Files.readAllBytes(folder.resolve("check/output-" + cases + ".bin"));
      byte[] actual = answer(Files.readAllBytes(folder.resolve("check/input-" + cases + ".bin")));
      int at = exact() ? Arrays.mismatch(expected, actual) : farApart(expected, actual);
      if (at >= 0) {
        System.err.println(
            "self-check FAILED: input "
                + cases
                + ", byte "
                + at
                + " of the output differs, tier "
                + plan.tier());
        return false;
      }
    }
    System.err.println(
        "self-check passed: "
            + cases
            + " inputs, "
            + (exact() ? "the same bytes" : "float outputs within 0.001")
            + ", tier "
            + plan.tier()
            + ", threads "
            + plan.options().threads());
    return cases > 0;
  }

  /** Only integer networks give the same bytes on every tier. */
  private boolean exact() {
    return plan.graph().tensors().stream()
        .noneMatch(t -> t.type() == DataType.FLOAT32 && !t.isConstant());
  }

  private static int farApart(byte[] expected, byte[] actual) {
    ByteBuffer e = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer a = ByteBuffer.wrap(actual).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i + 4 <= expected.length; i += 4) {
      float x = e.getFloat(i);
      if (Math.abs(x - a.getFloat(i)) > 1e-3f * Math.max(1, Math.abs(x))) {
        return i;
      }
    }
    return expected.length == actual.length ? -1 : Math.min(expected.length, actual.length);
  }

  private int infer(String input, String output) throws IOException {
    byte[] request =
        input.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(input));
    if (request.length != requestBytes) {
      System.err.println(
          input + ": the model takes " + requestBytes + " bytes, this has " + request.length);
      return 1;
    }
    write(output, answer(request));
    return 0;
  }

  private static void write(String output, byte[] reply) throws IOException {
    if (output.equals("-")) {
      System.out.write(reply);
      System.out.flush();
    } else {
      Files.write(Path.of(output), reply);
    }
  }

  /**
   * Answers requests until the process is ended. A connection has a thread; inferences take turns.
   */
  private void serve(Path socket) throws IOException {
    Files.deleteIfExists(socket);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      socket.toFile().deleteOnExit();
      System.err.println(
          "serving on " + socket + ": " + requestBytes + " bytes in, " + replyBytes + " bytes out");
      while (true) {
        SocketChannel connection = server.accept();
        Thread t = new Thread(() -> converse(connection), "quern-connection");
        t.setDaemon(true);
        t.start();
      }
    }
  }

  private void converse(SocketChannel connection) {
    try (connection) {
      InputStream in = Channels.newInputStream(connection);
      OutputStream out = Channels.newOutputStream(connection);
      while (true) {
        byte[] request = in.readNBytes(requestBytes);
        if (request.length < requestBytes) {
          return;
        }
        out.write(answer(request));
        out.flush();
      }
    } catch (IOException e) {
      System.err.println("connection ended: " + e.getMessage());
    }
  }

  /**
   * Sends one request to a serving bundle. The reply ends when the server closes, once it has seen
   * our end.
   */
  private static void call(Path socket, String input, String output) throws IOException {
    byte[] request =
        input.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(input));
    try (SocketChannel c = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      OutputStream out = Channels.newOutputStream(c);
      out.write(request);
      out.flush();
      c.shutdownOutput();
      byte[] reply = Channels.newInputStream(c).readAllBytes();
      if (reply.length == 0) {
        throw new EOFException("no reply: is the request as long as the model's input?");
      }
      write(output, reply);
    }
  }

  /** Prints time per inference and what it was measured on. */
  private int bench(Path folder, int runs) throws IOException {
    byte[] request = Files.readAllBytes(folder.resolve("check/input-0.bin"));
    long end = System.nanoTime() + 2_000_000_000L;
    do {
      answer(request);
    } while (System.nanoTime() < end);
    long[] nanos = new long[Math.max(1, runs)];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      session.invoke();
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    Machine machine = Machine.here();
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("model", plan.graph().name());
    m.put("board", machine.model());
    m.put("cpu", machine.cpu());
    m.put("arch", machine.arch());
    m.put("java", machine.javaVersion());
    m.put("tier", plan.tier());
    m.put("threads", plan.options().threads());
    m.put("runs", nanos.length);
    m.put("medianNanos", nanos[nanos.length / 2]);
    m.put("p10Nanos", nanos[nanos.length / 10]);
    m.put("p90Nanos", nanos[nanos.length * 9 / 10]);
    m.put("p99Nanos", nanos[nanos.length * 99 / 100]);
    m.put("minNanos", nanos[0]);
    m.put("arenaBytes", plan.arenaBytes());
    m.put("macs", plan.macs());
    m.put("gmacs", (double) plan.macs() / nanos[nanos.length / 2]);
    m.put("residentKib", Machine.residentKib());
    System.out.print(Json.write(m));
    return 0;
  }

  @Override
  public void close() {
    session.close();
  }
}
