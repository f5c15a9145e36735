package io.quern.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The commands that the launcher's archive is recorded from must all succeed, or it holds little.
 */
class StartupTrainingTest {
  @Test
  void subcommandsAreFoundByTheirOwnNames() {
    Main main = new Main(new Console(System.out, System.err, false));
    for (String name : Main.SUBCOMMANDS) {
      assertEquals(name, Main.subcommand(name).spec(main).name());
    }
  }

  @Test
  void everyCommandSucceeds() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(new PrintStream(out), new PrintStream(err), false);
    System.setProperty("quern.home", Path.of("").toAbsolutePath().toString());
    try {
      assertEquals(0, StartupTraining.train(console), err::toString);
    } finally {
      System.clearProperty("quern.home");
    }
    assertTrue(out.toString().contains("MACs"), "inspect printed the operators");
  }
}
