package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Instructions as text and as our bytes, held against binutils and against a recorded digest.
 *
 * <p>Where binutils is installed, everything is assembled in one batch and compared byte for byte;
 * the digest is compared everywhere, so that the test says something where binutils is not.
 */
final class EncodingBatch {
  private record Line(String text, int from, int to) {}

  private final List<Line> lines = new ArrayList<>();

  /** Notes that the text was assembled to the bytes between two positions. */
  void add(String text, int from, int to) {
    lines.add(new Line(text, from, to));
  }

  /**
   * Compares.
   *
   * @param prefix of binutils' programs, such as {@code aarch64-linux-gnu-}
   * @param header directives before the first instruction
   * @param options of the assembler
   * @param digest of text and bytes, as binutils confirmed them
   */
  void check(String prefix, String header, byte[] code, String digest, String... options)
      throws IOException, InterruptedException {
    byte[] expected = assemble(prefix, header, options);
    if (expected == null) {
      System.out.println(
          prefix + "as is not here: " + lines.size() + " encodings against the digest");
    } else {
      for (Line line : lines) {
        byte[] ours = Arrays.copyOfRange(code, line.from, line.to);
        byte[] theirs =
            Arrays.copyOfRange(
                expected, Math.min(line.from, expected.length), Math.min(line.to, expected.length));
        if (!Arrays.equals(ours, theirs)) {
          HexFormat hex = HexFormat.ofDelimiter(" ");
          fail(
              line.text
                  + ": ours "
                  + hex.formatHex(ours)
                  + ", binutils from the same place "
                  + hex.formatHex(
                      Arrays.copyOfRange(
                          expected, line.from, Math.min(line.from + 16, expected.length))));
        }
      }
      assertEquals(code.length, expected.length, "bytes in all");
    }
    assertEquals(digest, digest(code), "digest of " + lines.size() + " encodings");
  }

  private String digest(byte[] code) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (Line line : lines) {
        sha.update(line.text.getBytes(StandardCharsets.US_ASCII));
      }
      sha.update(code);
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** What binutils makes of the text, or null without binutils. */
  private byte[] assemble(String prefix, String header, String... options)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("encodings");
    try {
      Path source = folder.resolve("a.s");
      StringBuilder text = new StringBuilder(header).append('\n');
      for (Line line : lines) {
        text.append(line.text).append('\n');
      }
      Files.writeString(source, text);
      List<String> as = new ArrayList<>(List.of(prefix + "as"));
      as.addAll(List.of(options));
      as.addAll(List.of("-o", folder.resolve("a.o").toString(), source.toString()));
      if (!run(folder, as)) {
        return null;
      }
      Path binary = folder.resolve("a.bin");
      if (!run(
          folder,
          List.of(
              prefix + "objcopy",
              "-O",
              "binary",
              "-j",
              ".text",
              folder.resolve("a.o").toString(),
              binary.toString()))) {
        return null;
      }
      return Files.readAllBytes(binary);
    } finally {
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private static boolean run(Path folder, List<String> command)
      throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      return false;
    }
    if (process.waitFor() != 0) {
      fail(command.get(0) + ": " + Files.readString(log).lines().limit(10).toList());
    }
    return true;
  }
}
