package io.quern.cli;

import io.quern.target.Doctor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quern doctor}. */
@Command(
    name = "doctor",
    description =
        "Says what this machine is, which kernel tier runs here and why, and what to install or"
            + " switch on.")
final class DoctorCommand extends BaseCommand {
  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void execute() {
    Doctor doctor = Doctor.here();
    console().out().print(json ? doctor.json() : doctor.text());
  }
}
