package io.quern.kernels.asm;

/** Machine code cannot be used here; the message is one line that says why. */
final class AsmUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  AsmUnavailableException(String reason) {
    super(reason.strip().replaceAll("\\s*\\R\\s*", " "));
  }
}
