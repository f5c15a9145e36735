package io.quern.cli;

/** Options that contradict each other or cannot be; the exit code is 2. */
final class Usage extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Usage(String message) {
    super(message);
  }
}
