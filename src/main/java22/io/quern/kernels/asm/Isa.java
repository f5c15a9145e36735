package io.quern.kernels.asm;

/** Instruction sets that kernels are emitted for. */
enum Isa {
  X86_64,
  AARCH64;

  /**
   * The one this JVM runs on.
   *
   * @throws AsmUnavailableException if it is neither
   */
  static Isa current() throws AsmUnavailableException {
    String arch = System.getProperty("os.arch");
    return switch (arch) {
      case "amd64", "x86_64" -> X86_64;
      case "aarch64" -> AARCH64;
      default -> throw new AsmUnavailableException("no machine code for the architecture " + arch);
    };
  }
}
