package io.quern.cli;

import io.quern.data.DataException;
import io.quern.model.ModelFormatException;
import io.quern.model.UnsupportedModelException;
import io.quern.report.Printable;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

/** The {@code quern} command. */
public final class Main
    implements Runnable, IParameterExceptionHandler, IExecutionExceptionHandler {
  /** The subcommands, in the order of the help. */
  static final List<String> SUBCOMMANDS =
      List.of(
          "demo",
          "inspect",
          "calibrate",
          "run",
          "bench",
          "report",
          "cost",
          "targets",
          "doctor",
          "deploy");

  private final OptionSpec debug =
      OptionSpec.builder("--debug")
          .type(boolean.class)
          .initialValue(false)
          .scopeType(ScopeType.INHERIT)
          .description("Show the stack trace of a failure (also: set QUERN_DEBUG=1).")
          .build();

  private CommandSpec spec;
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
    // Types that no option has, and a class of Groovy's that picocli looks for, take 20 ms.
    System.setProperty("picocli.disable.closures", "true");
    System.setProperty("picocli.converters.excludes", "java\\.(time|sql|nio)\\..*");
    int code = run(Console.ofProcess(), args);
    if (code != 0) {
      System.exit(code); // what it logs takes 10 ms from JDK 21 on; all other threads are daemons
    }
  }

  /** Runs a command and returns its exit code. */
  static int run(Console console, String... args) {
    Main main = new Main(console);
    CommandLine line = new CommandLine(main.describe());
    main.addSubcommands(line, args);
    line.registerConverter(Path.class, new PathConverter());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOptionsCaseInsensitive(false);
    line.setUsageHelpAutoWidth(console.terminal());
    line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
    line.setParameterExceptionHandler(main);
    line.setExecutionExceptionHandler(main);
    try {
      int code = line.execute(args);
      console.out().flush();
      if (console.out().checkError()) {
        return code == 0 ? 1 : code;
      }
      return code;
    } catch (OutOfMemoryError e) {
      long most = Runtime.getRuntime().maxMemory() >> 20;
      console.say(
          "out of memory: the JVM may use "
              + most
              + " MiB (QUERN_JAVA_OPTS=-Xmx"
              + 2 * most
              + "m gives more)");
      main.trace(e);
      return 1;
    } catch (StackOverflowError e) {
      console.say("internal error: stack overflow (--debug shows where)");
      main.trace(e);
      return 1;
    }
  }

  /** A class, as linking a method reference takes a millisecond of every start. */
  private static final class PathConverter implements ITypeConverter<Path> {
    @Override
    public Path convert(String name) {
      try {
        return Path.of(name);
      } catch (InvalidPathException e) {
        throw new TypeConversionException(Printable.line(e.getMessage()));
      }
    }
  }

  /** The command in picocli's terms; in code for the reason that {@link BaseCommand} gives. */
  private CommandSpec describe() {
    spec = CommandSpec.wrapWithoutInspection(this).name("quern").versionProvider(new Version());
    spec.addOption(
        OptionSpec.builder("-h", "--help")
            .usageHelp(true)
            .description("Show this help message and exit.")
            .build());
    spec.addOption(
        OptionSpec.builder("-V", "--version")
            .versionHelp(true)
            .description("Print version information and exit.")
            .build());
    spec.addOption(debug);
    Map<String, String> exitCodes = new LinkedHashMap<>();
    exitCodes.put("0", "done");
    exitCodes.put("1", "failed; one line on stderr says why");
    exitCodes.put("2", "wrong usage");
    spec.usageMessage()
        .description(
            "Takes a trained float network, calibrates it to int8, runs it, and says what that costs.")
        .synopsisSubcommandLabel("COMMAND")
        .exitCodeListHeading("%nExit codes:%n")
        .exitCodeList(exitCodes)
        .footerHeading("%nExamples:%n")
        .footer(
            "  quern demo",
            "  quern calibrate model.tflite --data images/ --range=-1,1 -o model-int8.tflite",
            "  quern report model.tflite --calibration images/ --data test-images/",
            "  quern run model-int8.tflite cat.png",
            "  quern deploy model-int8.tflite --target pi-4 -o bundle",
            "",
            "quern COMMAND --help explains a command.");
    return spec;
  }

  /** Adds the subcommand that was asked for, else all: reading the annotations of one is faster. */
  private void addSubcommands(CommandLine line, String[] args) {
    if (args.length > 0 && SUBCOMMANDS.contains(args[0])) {
      line.addSubcommand(args[0], new CommandLine(subcommand(args[0]).spec(this)));
    } else {
      for (String name : SUBCOMMANDS) {
        line.addSubcommand(name, new CommandLine(subcommand(name).spec(this)));
      }
    }
  }

  /** A subcommand by its name. */
  static BaseCommand subcommand(String name) {
    return switch (name) {
      case "demo" -> new DemoCommand();
      case "inspect" -> new InspectCommand();
      case "calibrate" -> new CalibrateCommand();
      case "run" -> new RunCommand();
      case "bench" -> new BenchCommand();
      case "report" -> new ReportCommand();
      case "cost" -> new CostCommand();
      case "targets" -> new TargetsCommand();
      case "doctor" -> new DoctorCommand();
      case "deploy" -> new DeployCommand();
      default -> throw new IllegalArgumentException(name);
    };
  }

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandSpec where = e.getCommandLine().getCommandSpec();
    console.say(oneLine(e.getMessage()) + " (see " + where.qualifiedName() + " --help)");
    trace(e);
    return 2;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine where, ParseResult parsed) {
    console.say(message(e));
    trace(e);
    return 1;
  }

  private void trace(Throwable e) {
    String variable = System.getenv("QUERN_DEBUG");
    if (debug.<Boolean>getValue()
        || (variable != null && !variable.isEmpty() && !variable.equals("0"))) {
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
