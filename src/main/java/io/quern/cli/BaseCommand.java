package io.quern.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What all commands share. */
abstract class BaseCommand implements Callable<Integer> {
  @ParentCommand private Main main;

  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  Console console() {
    return main.console();
  }

  @Override
  public final Integer call() throws Exception {
    try {
      execute();
      return 0;
    } catch (Usage e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  /** Does what the command is for. */
  abstract void execute() throws Exception;
}
