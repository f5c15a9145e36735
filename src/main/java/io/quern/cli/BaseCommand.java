package io.quern.cli;

import java.lang.reflect.Field;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * What all commands share. A command says what it takes by picocli's annotations, or in code by
 * {@link #describe} and {@link #addOptions}: reading annotations makes classes, which takes a cold
 * start 50 to 100 ms, so what {@code run} needs is in code.
 */
abstract class BaseCommand implements Callable<Integer> {
  private Main main;
  private CommandSpec spec;

  /** This command in picocli's terms, below {@code main}. */
  final CommandSpec spec(Main parent) {
    main = parent;
    spec = describe();
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help.").build());
    addOptions(spec);
    return spec;
  }

  /** What the annotations say. */
  CommandSpec describe() {
    return CommandSpec.forAnnotatedObject(this);
  }

  /** Adds the options that are written in code. */
  void addOptions(CommandSpec to) {}

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

  /** Whether an option was given. */
  boolean given(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
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
