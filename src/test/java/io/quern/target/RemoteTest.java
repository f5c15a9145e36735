package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A script stands for ssh: it runs the command that would run on the board in a folder of its own.
 * One test goes through the real ssh to an sshd on the loopback interface.
 */
class RemoteTest {
  @TempDir Path temp;
  private Bundle bundle;
  private Path ssh;

  @BeforeEach
  void makeBundle() throws IOException {
    bundle =
        new Bundle(
            Path.of(
                System.getProperty("quern.basedir", "."),
                "src/test/resources/tflite/average_pool_int8.tflite"),
            Board.find("pi-4"),
            null);
    ssh = temp.resolve("ssh");
    Path home = Files.createDirectory(temp.resolve("home"));
    Files.writeString(
        ssh,
        "#!/bin/sh\nfor command; do host=$last; last=$command; done\n"
            + "[ \"$host\" = me@board ] || { echo \"no route to $host\" >&2; exit 255; }\n"
            + "export HOME='"
            + home
            + "' QUERN_JAVA='"
            + System.getProperty("java.home")
            + "/bin/java'\n"
            + "unset XDG_CACHE_HOME\ncd && exec sh -c \"$command\"\n");
    Files.setPosixFilePermissions(ssh, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void installsChecksAndMeasures() throws IOException {
    Remote remote = new Remote(ssh.toString(), "me@board");
    String said = remote.install(bundle);
    assertTrue(said.contains("self-check passed"), said);
    assertTrue(Files.exists(temp.resolve("home/quern/average-pool-int8/quern.jar")));
    String json = remote.bench(bundle, 5);
    assertTrue(json.startsWith("{") && json.contains("\"runs\": 5"), json);
  }

  @Test
  void unreachable() {
    Remote remote = new Remote(ssh.toString(), "-p 22 you@elsewhere");
    String message = assertThrows(IOException.class, () -> remote.install(bundle)).getMessage();
    assertEquals("you@elsewhere cannot be reached: no route to you@elsewhere", first(message));
  }

  @Test
  void failingCommandIsQuoted() throws IOException {
    Files.writeString(temp.resolve("home/quern"), "a file where the folder should be");
    Remote remote = new Remote(ssh.toString(), "me@board");
    String message = assertThrows(IOException.class, () -> remote.install(bundle)).getMessage();
    assertTrue(message.startsWith("me@board: exit status 1: mkdir:"), message);
  }

  @Test
  void destinationsAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> new Remote(""));
    assertThrows(IllegalArgumentException.class, () -> new Remote("-oProxyCommand=x"));
  }

  /** An sshd of our own on a free port of this machine, with keys made for this test. */
  @Test
  void realSshOnLoopback() throws Exception {
    Path sshd = Path.of("/usr/sbin/sshd");
    String none = "*** NO REAL SSH in this run: no " + sshd + " (package openssh-server) ***";
    if (!Files.isExecutable(sshd)) {
      System.out.println(none);
    }
    Assumptions.assumeTrue(Files.isExecutable(sshd), none);
    int port = freePort();
    Process server = startSshd(sshd, port);
    try {
      String options =
          "-F none -i %s -p %d -o StrictHostKeyChecking=no -o UserKnownHostsFile=%s"
              .formatted(temp.resolve("user"), port, temp.resolve("known"));
      Remote remote = new Remote(options + " " + System.getProperty("user.name") + "@127.0.0.1");
      String said = remote.install(bundle);
      assertTrue(said.contains("self-check passed"), said);
      String json = remote.bench(bundle, 5);
      assertTrue(json.contains("\"medianNanos\"") && json.contains("\"runs\": 5"), json);
      assertTrue(Files.exists(temp.resolve("home/quern/" + bundle.name() + "/quern.jar")));
      reportHasTheBoardsFigures(options + " " + System.getProperty("user.name") + "@127.0.0.1");
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  /** Every path has a row of the board in CSV and page, after a check of its bytes there. */
  private void reportHasTheBoardsFigures(String destination) throws Exception {
    Path data =
        Path.of(System.getProperty("quern.basedir", "."), "calibration", "fashion-mnist")
            .toAbsolutePath();
    Path csv = temp.resolve("report.csv");
    Path page = temp.resolve("report.html");
    List<String> words =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                "io.quern.cli.Main",
                "report",
                data.resolve("fashion-mnist-float.tflite").toString()));
    words.addAll(List.of("--data", data.resolve("test-images-idx3-ubyte.gz").toString()));
    words.addAll(List.of("--limit", "20", "--layer-samples", "0", "--calibration-limit", "16"));
    words.addAll(List.of("--paths", "plain", "--target", "pi-4", "--on", destination));
    words.addAll(List.of("-o", csv.toString(), "-o", page.toString()));
    int status = command(words.toArray(String[]::new));
    String printed = Files.readString(temp.resolve("command.log"));
    assertEquals(0, status, () -> printed + log("command.errors"));
    String on = System.getProperty("user.name") + "@127.0.0.1";
    assertEquals(2, printed.lines().filter(l -> l.contains(" on " + on)).count(), printed);
    List<String> records =
        Files.readAllLines(csv).stream().filter(l -> l.startsWith("variant,")).toList();
    assertEquals(4, records.size(), records.toString());
    assertEquals(2, records.stream().filter(l -> l.contains(on)).count(), records.toString());
    assertTrue(Files.readString(page).contains(" on " + on));
  }

  private static int freePort() throws IOException {
    try (ServerSocket s = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return s.getLocalPort();
    }
  }

  /** Every session runs its command in our home folder, with this Java. */
  private Process startSshd(Path sshd, int port) throws Exception {
    for (String key : List.of("host", "user")) {
      Path file = temp.resolve(key);
      assertEquals(0, command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file + ""));
    }
    Files.copy(temp.resolve("user.pub"), temp.resolve("authorized"));
    Path session = temp.resolve("session");
    Files.writeString(
        session,
        "#!/bin/sh\nexport HOME='%s' QUERN_JAVA='%s/bin/java'\nunset XDG_CACHE_HOME\ncd\n"
                .formatted(temp.resolve("home"), System.getProperty("java.home"))
            + "exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n");
    Files.setPosixFilePermissions(session, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path config = temp.resolve("sshd_config");
    Files.writeString(
        config,
        "ListenAddress 127.0.0.1:%d\nHostKey %s\nAuthorizedKeysFile %s\nForceCommand %s\n"
                .formatted(port, temp.resolve("host"), temp.resolve("authorized"), session)
            + "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\n");
    Process server =
        new ProcessBuilder(sshd.toString(), "-D", "-e", "-f", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(temp.resolve("sshd.log").toFile())
            .start();
    for (int i = 0; i < 200; i++) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        return server;
      } catch (IOException e) {
        assertTrue(server.isAlive(), () -> "sshd ended: " + log("sshd.log"));
        Thread.sleep(50);
      }
    }
    throw new AssertionError("sshd does not listen: " + log("sshd.log"));
  }

  private String log(String name) {
    try {
      return Files.readString(temp.resolve(name));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private int command(String... words) throws IOException, InterruptedException {
    return new ProcessBuilder(words)
        .redirectError(temp.resolve("command.errors").toFile())
        .redirectOutput(temp.resolve("command.log").toFile())
        .start()
        .waitFor();
  }

  private static String first(String message) {
    return message.lines().findFirst().orElse("");
  }
}
