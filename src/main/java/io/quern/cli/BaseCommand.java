package io.quern.cli;

import java.lang.reflect.Field;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
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

  /** The first option given that a group of options declares, by its longest name, or null. */
  String given(Class<?> group) {
    return spec.commandLine().getParseResult().matchedOptions().stream()
        .filter(o -> o.userObject() instanceof Field f && f.getDeclaringClass() == group)
        .map(OptionSpec::longestName)
        .findFirst()
        .orElse(null);
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
