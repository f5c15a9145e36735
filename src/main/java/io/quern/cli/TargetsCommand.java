package io.quern.cli;

import io.quern.target.Board;
import io.quern.target.BoardText;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern targets}. */
@Command(
    name = "targets",
    description = "Lists the boards that models can be deployed to, or explains one of them.",
    footerHeading = "%nExamples:%n",
    footer = {"  quern targets", "  quern targets pi-4", "  quern targets --json"})
final class TargetsCommand extends BaseCommand {
  @Parameters(
      paramLabel = "BOARD",
      arity = "0..1",
      description = "Explain this board: chip, memory, tiers, flags and the reason for each.")
  private String name;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void execute() {
    List<Board> boards = name == null ? Board.all() : List.of(board(name));
    String text =
        json
            ? BoardText.json(boards)
            : name == null ? BoardText.list(boards) : BoardText.explain(boards.get(0));
    console().out().print(text);
  }

  /** A board by its name; wrong usage if there is none. */
  static Board board(String name) {
    try {
      return Board.find(name);
    } catch (IllegalArgumentException e) {
      throw new Usage(e.getMessage());
    }
  }
}
