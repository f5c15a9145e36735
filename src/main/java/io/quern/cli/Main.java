package io.quern.cli;

import io.quern.data.DataException;
import io.quern.model.ModelFormatException;
import io.quern.model.UnsupportedModelException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code quern} command. */
@Command(
    name = "quern",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description =
        "Takes a trained float network, calibrates it to int8, runs it, and says what that costs.",
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:failed; one line on stderr says why", "2:wrong usage"},
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern demo",
      "  quern calibrate model.tflite --data images/ --range=-1,1 -o model-int8.tflite",
      "  quern report model.tflite --calibration images/ --data test-images/",
      "  quern run model-int8.tflite cat.png",
      "  quern deploy model-int8.tflite --target pi-4 -o bundle",
      "",
      "quern COMMAND --help explains a command."
    })
public final class Main implements Runnable {
  /** The subcommands by name, in the order of the help. */
  static final Map<String, Class<?>> SUBCOMMANDS = subcommands();

  @Spec private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure (also: set QUERN_DEBUG=1).")
  private boolean debug;

  private final Console console;

  Main(Console console) {
    this.console = console;
  }

  Console console() {
    return console;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given");
  }

  /** Runs the command and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.setProperty("java.awt.headless", "true");
    System.exit(run(Console.ofProcess(), args));
  }

  /** Runs a command and returns its exit code. */
  static int run(Console console, String... args) {
    Main main = new Main(console);
    CommandLine line = new CommandLine(main);
    addSubcommands(line, args);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOptionsCaseInsensitive(false);
    line.setUsageHelpAutoWidth(console.terminal());
    line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
    line.setParameterExceptionHandler(
        (e, a) -> {
          CommandLine where = e.getCommandLine();
          console.say(
              oneLine(e.getMessage())
                  + " (see "
                  + where.getCommandSpec().qualifiedName()
                  + " --help)");
          main.trace(e);
          return 2;
        });
    line.setExecutionExceptionHandler(
        (e, where, parsed) -> {
          console.say(message(e));
          main.trace(e);
          return 1;
        });
    try {
      int code = line.execute(args);
      console.out().flush();
      if (console.out().checkError()) {
        return code == 0 ? 1 : code;
      }
      return code;
    } catch (OutOfMemoryError e) {
      console.say(
          "out of memory: the JVM may use "
              + Runtime.getRuntime().maxMemory() / (1 << 20)
              + " MiB (QUERN_JAVA_OPTS=-Xmx2g gives more)");
      main.trace(e);
      return 1;
    } catch (StackOverflowError e) {
      console.say("internal error: stack overflow (--debug shows where)");
      main.trace(e);
      return 1;
    }
  }

  private static Map<String, Class<?>> subcommands() {
    Map<String, Class<?>> all = new LinkedHashMap<>();
    all.put("demo", DemoCommand.class);
    all.put("inspect", InspectCommand.class);
    all.put("calibrate", CalibrateCommand.class);
    all.put("run", RunCommand.class);
    all.put("bench", BenchCommand.class);
    all.put("report", ReportCommand.class);
    all.put("cost", CostCommand.class);
    all.put("targets", TargetsCommand.class);
    all.put("doctor", DoctorCommand.class);
    all.put("deploy", DeployCommand.class);
    return Collections.unmodifiableMap(all);
  }

  /** Adds the subcommand that was asked for, else all: reading the annotations of one is faster. */
  private static void addSubcommands(CommandLine line, String[] args) {
    Class<?> asked = args.length == 0 ? null : SUBCOMMANDS.get(args[0]);
    if (asked != null) {
      line.addSubcommand(asked);
    } else {
      SUBCOMMANDS.values().forEach(line::addSubcommand);
    }
  }

  private void trace(Throwable e) {
    String variable = System.getenv("QUERN_DEBUG");
    if (debug || (variable != null && !variable.isEmpty() && !variable.equals("0"))) {
      e.printStackTrace(console.err());
    }
  }

  private static String message(Throwable e) {
    if (e instanceof NoSuchFileException f) {
      return f.getFile() + ": no such file";
    }
    if (e instanceof AccessDeniedException f) {
      return f.getFile() + ": permission denied";
    }
    if (e instanceof FileSystemException f) {
      return f.getFile()
          + ": "
          + oneLine(f.getReason() == null ? f.getClass().getSimpleName() : f.getReason());
    }
    boolean expected =
        e instanceof Failure
            || e instanceof DataException
            || e instanceof ModelFormatException
            || e instanceof UnsupportedModelException
            || e instanceof IllegalArgumentException
            || e instanceof java.io.IOException;
    if (expected && e.getMessage() != null) {
      return oneLine(e.getMessage());
    }
    return "internal error: " + oneLine(e.toString()) + " (--debug shows where)";
  }

  private static String oneLine(String text) {
    return String.valueOf(text).strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** The version in the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String v = Main.class.getPackage().getImplementationVersion();
      return new String[] {"quern " + (v == null ? "development" : v)};
    }
  }
}
