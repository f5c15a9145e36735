package io.quern.target;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A board reached by the {@code ssh} of this machine, with its keys and configuration. Needs a
 * shell, tar and Java there, and no password prompt.
 */
public final class Remote {
  private final List<String> ssh;

  /**
   * Names a board; does not connect yet.
   *
   * @param destination what ssh takes, {@code user@host}; extra ssh options may stand before it,
   *     separated by spaces
   * @throws IllegalArgumentException if it is empty or its last word begins with a hyphen
   */
  public Remote(String destination) {
    this("ssh", destination);
  }

  /** With another program in the place of ssh. */
  Remote(String program, String destination) {
    List<String> words = Arrays.asList(destination.strip().split(" +"));
    String host = words.get(words.size() - 1);
    if (host.isEmpty() || host.startsWith("-")) {
      throw new IllegalArgumentException("destination \"" + destination + "\": user@host expected");
    }
    ssh = new ArrayList<>(List.of(program, "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"));
    ssh.addAll(words.subList(0, words.size() - 1));
    ssh.add("--");
    ssh.add(host);
  }

  /**
   * What a remote command printed.
   *
   * @param status its exit status; 255 if ssh itself failed
   * @param out standard output
   * @param errors standard error
   */
  public record Result(int status, String out, String errors) {}

  /** The destination without options. */
  public String host() {
    return ssh.get(ssh.size() - 1);
  }

  /**
   * Copies a bundle to {@code ~/quern/NAME} there and lets it check itself, which also makes its
   * start-up archive.
   *
   * @return what the check said
   * @throws IOException if the board cannot be reached, the copy fails or the check does, with what
   *     was printed
   */
  public String install(Bundle bundle) throws IOException {
    run(
        "mkdir -p quern && tar -xzf - -C quern && cd quern/"
            + bundle.name()
            + " && sha256sum --quiet -c SHA256SUMS",
        bundle.tarGz());
    return run("quern/" + bundle.name() + "/run check", new byte[0]).errors();
  }

  /**
   * Logs in once, so that a wrong address is told before long work.
   *
   * @throws IOException if the board cannot be reached
   */
  public void reach() throws IOException {
    run("true", new byte[0]);
  }

  /**
   * Copies a bundle, and measures there.
   *
   * @param runs inferences that are timed
   * @return the figures as JSON
   * @throws IOException as {@link #install}
   */
  public String bench(Bundle bundle, int runs) throws IOException {
    install(bundle);
    return run("quern/" + bundle.name() + "/run bench " + runs, new byte[0]).out();
  }

  /**
   * Makes the service of an installed bundle run now and after each boot; needs sudo without a
   * password there.
   */
  public void enable(Bundle bundle) throws IOException {
    String name = bundle.name();
    String unit = "quern-" + name + ".service";
    run(
        "sudo -n mkdir -p /opt/quern && sudo -n rm -rf /opt/quern/"
            + name
            + " && sudo -n cp -r quern/"
            + name
            + " /opt/quern/ && sudo -n cp /opt/quern/"
            + name
            + "/"
            + unit
            + " /etc/systemd/system/ && sudo -n systemctl daemon-reload && sudo -n systemctl enable"
            + " "
            + unit
            + " && sudo -n systemctl restart "
            + unit,
        new byte[0]);
  }

  private Result run(String command, byte[] input) throws IOException {
    List<String> words = new ArrayList<>(ssh);
    words.add(command);
    Process p;
    try {
      p = new ProcessBuilder(words).start();
    } catch (IOException e) {
      throw new IOException("ssh cannot be started: is it installed? " + e.getMessage(), e);
    }
    byte[][] errors = new byte[1][];
    Thread reader =
        new Thread(
            () -> {
              try {
                errors[0] = p.getErrorStream().readAllBytes();
              } catch (IOException e) {
                errors[0] = e.toString().getBytes(StandardCharsets.UTF_8);
              }
            });
    reader.start();
    try (OutputStream out = p.getOutputStream()) {
      out.write(input);
    } catch (IOException e) {
      // The command ended without reading its input; its status says why.
      assert e.getMessage() != null;
    }
    String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      int status = p.waitFor();
      reader.join();
      Result result = new Result(status, out, new String(errors[0], StandardCharsets.UTF_8));
      if (status != 0) {
        throw new IOException(
            host()
                + (status == 255 ? " cannot be reached: " : ": exit status " + status + ": ")
                + result.errors().strip()
                + (result.out().isBlank() ? "" : "; " + result.out().strip()));
      }
      return result;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      p.destroy();
      throw new IOException("interrupted while waiting for ssh", e);
    }
  }
}
