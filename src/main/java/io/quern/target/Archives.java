package io.quern.target;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * Writes tar.gz and Debian packages, so that neither tar nor dpkg is needed. The same files give
 * the same bytes: owner root, one fixed time, order as given.
 */
final class Archives {
  /** 2026-01-01: files of a bundle have no time of their own. */
  private static final long TIME = 1_767_225_600L;

  private static final int BLOCK = 512;

  private Archives() {}

  /**
   * A file to be packed.
   *
   * @param content its bytes
   * @param executable whether it is a program
   */
  record Entry(byte[] content, boolean executable) {
    static Entry text(String s) {
      return new Entry(s.getBytes(StandardCharsets.UTF_8), false);
    }

    static Entry script(String s) {
      return new Entry(s.getBytes(StandardCharsets.UTF_8), true);
    }
  }

  /**
   * A gzipped ustar archive.
   *
   * @param files by path, with folders' entries made where needed; paths of at most 255 bytes
   * @throws IllegalArgumentException if a path does not fit the format
   */
  static byte[] tarGz(Map<String, Entry> files) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      Map<String, Boolean> folders = new LinkedHashMap<>();
      for (Map.Entry<String, Entry> e : files.entrySet()) {
        for (int i = e.getKey().indexOf('/'); i >= 0; i = e.getKey().indexOf('/', i + 1)) {
          String folder = e.getKey().substring(0, i + 1);
          if (!folder.equals("./") && folders.put(folder, true) == null) {
            out.write(header(folder, 0, true, true));
          }
        }
        byte[] content = e.getValue().content;
        out.write(header(e.getKey(), content.length, false, e.getValue().executable));
        out.write(content);
        out.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
      }
      out.write(new byte[2 * BLOCK]);
    }
    return bytes.toByteArray();
  }

  private static byte[] header(String path, long size, boolean folder, boolean executable) {
    byte[] h = new byte[BLOCK];
    String name = path;
    String prefix = "";
    if (name.length() > 100) {
      int cut = path.lastIndexOf('/', Math.min(155, path.length() - 2));
      if (cut < 0 || path.length() - cut - 1 > 100) {
        throw new IllegalArgumentException(path + ": too long a path for a tar archive");
      }
      prefix = path.substring(0, cut);
      name = path.substring(cut + 1);
    }
    put(h, 0, name);
    put(h, 100, executable ? "0000755" : "0000644");
    put(h, 108, "0000000");
    put(h, 116, "0000000");
    put(h, 124, String.format("%011o", size));
    put(h, 136, String.format("%011o", TIME));
    put(h, 148, "        ");
    put(h, 156, folder ? "5" : "0");
    put(h, 257, "ustar\00000");
    put(h, 265, "root");
    put(h, 297, "root");
    put(h, 345, prefix);
    int sum = 0;
    for (byte b : h) {
      sum += b & 0xff;
    }
    put(h, 148, String.format("%06o\0 ", sum));
    return h;
  }

  private static void put(byte[] h, int at, String s) {
    byte[] b = s.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(b, 0, h, at, b.length);
  }

  /**
   * A Debian package, format 2.0.
   *
   * @param control files of the control archive: control, md5sums, scripts
   * @param data what it installs, by path from the root
   */
  static byte[] deb(Map<String, Entry> control, Map<String, Entry> data) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write("!<arch>\n".getBytes(StandardCharsets.US_ASCII));
    member(out, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
    member(out, "control.tar.gz", tarGz(below(control)));
    member(out, "data.tar.gz", tarGz(below(data)));
    return out.toByteArray();
  }

  private static Map<String, Entry> below(Map<String, Entry> files) {
    Map<String, Entry> out = new LinkedHashMap<>();
    files.forEach((path, entry) -> out.put("./" + path, entry));
    return out;
  }

  private static void member(ByteArrayOutputStream out, String name, byte[] content)
      throws IOException {
    out.write(
        String.format("%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, TIME, 0, 0, "100644", content.length)
            .getBytes(StandardCharsets.US_ASCII));
    out.write(content);
    if (content.length % 2 != 0) {
      out.write('\n');
    }
  }
}
