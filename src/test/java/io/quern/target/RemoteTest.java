package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A script stands for ssh: it runs the command that would run on the board in a folder of its own.
 * With {@code QUERN_TEST_SSH} set to a destination, as {@link Remote} takes it, the real ssh is
 * used too.
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

  @Test
  void realSsh() throws IOException {
    String destination = System.getenv("QUERN_TEST_SSH");
    if (destination == null) {
      System.out.println("*** QUERN_TEST_SSH is not set: no real ssh in this run ***");
      assertEquals(null, destination);
      return;
    }
    String json = new Remote(destination).bench(bundle, 5);
    assertTrue(json.contains("\"medianNanos\""), json);
  }

  private static String first(String message) {
    return message.lines().findFirst().orElse("");
  }
}
