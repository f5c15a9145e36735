package io.quern.oracle;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the oracle gave, recorded: a file of lines {@code case sha256}, sorted, under
 * src/test/resources/oracle. {@code -Dquern.oracle.record=true} writes it anew.
 */
final class Manifest {
  /** Whether this run records. */
  static final boolean RECORD = Boolean.getBoolean("quern.oracle.record");

  private final String name;
  private final Map<String, String> lines = new TreeMap<>();

  private Manifest(String name) {
    this.name = name;
  }

  /** The recorded manifest, empty when this run records. */
  static Manifest open(String name) {
    Manifest m = new Manifest(name);
    try (InputStream in = Manifest.class.getResourceAsStream("/oracle/" + name)) {
      if (in != null && !RECORD) {
        new String(in.readAllBytes(), StandardCharsets.US_ASCII)
            .lines()
            .forEach(line -> m.lines.put(line.split(" ")[0], line.split(" ")[1]));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return m;
  }

  /** What is recorded for a case, or null. */
  String get(String caseName) {
    return lines.get(caseName);
  }

  /** Number of recorded cases. */
  int size() {
    return lines.size();
  }

  /** Adds a line. */
  void put(String caseName, String sha256) {
    lines.put(caseName, sha256);
  }

  /** Writes the file into the source tree. */
  void save() throws IOException {
    Path folder = Path.of(System.getProperty("quern.basedir", ""), "src/test/resources/oracle");
    Files.createDirectories(folder);
    StringBuilder text = new StringBuilder();
    lines.forEach((k, v) -> text.append(k).append(' ').append(v).append('\n'));
    Files.writeString(folder.resolve(name), text, StandardCharsets.US_ASCII);
  }

  /** SHA-256 of all the arrays in order, the first 16 bytes in hexadecimal. */
  static String sha256(byte[]... values) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] v : values) {
        digest.update(v);
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
