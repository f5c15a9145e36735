package io.quern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Packages refer to each other only along the edges of this table. */
class ArchitectureTest {
  private static final Set<String> TIER = Set.of("kernels", "quant");

  /** Package (below io.quern; "" is the root) to the packages that it may use besides itself. */
  private static final Map<String, Set<String>> MAY_USE = new TreeMap<>();

  static {
    MAY_USE.put("model", Set.of());
    MAY_USE.put("quant", Set.of("model"));
    MAY_USE.put("kernels", Set.of("quant"));
    MAY_USE.put("kernels.reference", TIER);
    MAY_USE.put("kernels.portable", TIER);
    MAY_USE.put("kernels.vector", TIER);
    MAY_USE.put("kernels.asm", TIER);
    MAY_USE.put(
        "runtime", Set.of("model", "quant", "kernels", "kernels.reference", "kernels.portable"));
    MAY_USE.put("format", Set.of("model"));
    MAY_USE.put("format.tflite", Set.of("model", "format"));
    MAY_USE.put("format.onnx", Set.of("model", "format"));
    MAY_USE.put("data", Set.of("model"));
    MAY_USE.put("", Set.of("model", "runtime", "format", "format.tflite", "format.onnx"));
    MAY_USE.put("calibrate", Set.of("model", "quant", "runtime", "data"));
    MAY_USE.put("report", Set.of("model", "runtime", "calibrate", "data"));
    MAY_USE.put("target", Set.of("model", "runtime"));
    Set<String> all = new java.util.TreeSet<>(MAY_USE.keySet());
    MAY_USE.put("cli", all);
  }

  /** Libraries that the runtime jar's packages may use: the JDK and FlatBuffers. */
  private static final Set<String> RUNTIME =
      Set.of(
          "",
          "model",
          "quant",
          "kernels",
          "kernels.reference",
          "kernels.portable",
          "kernels.vector",
          "kernels.asm",
          "runtime",
          "format",
          "format.tflite",
          "format.onnx");

  private static final Pattern REFERENCE =
      Pattern.compile("\\bio\\.quern((?:\\.[a-z][a-z0-9]*)*)(?=\\.[A-Z*]|;)");
  private static final Pattern IMPORT = Pattern.compile("import (?:static )?([a-zA-Z0-9_.]+)");

  @Test
  void everyEdgeIsInTheTable() throws IOException {
    List<String> wrong = new ArrayList<>();
    int edges = 0;
    for (Path file : sources()) {
      String code = withoutCommentsAndStrings(Files.readString(file));
      Matcher own = Pattern.compile("package io\\.quern\\.?([a-z0-9.]*);").matcher(code);
      assertTrue(own.find(), file + " has no package");
      String from = own.group(1);
      assertTrue(
          MAY_USE.containsKey(from), file + ": package io.quern." + from + " is not in the table");
      Matcher m = REFERENCE.matcher(code.substring(own.end()));
      while (m.find()) {
        String to = m.group(1).isEmpty() ? "" : m.group(1).substring(1);
        edges++;
        if (!to.equals(from) && !MAY_USE.get(from).contains(to)) {
          wrong.add(file + " uses io.quern." + to);
        }
      }
    }
    assertTrue(edges > 20, "only " + edges + " edges read");
    assertEquals(List.of(), wrong);
  }

  @Test
  void runtimeUsesNoLibraryButFlatBuffers() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path file : sources()) {
      String code = withoutCommentsAndStrings(Files.readString(file));
      Matcher own = Pattern.compile("package io\\.quern\\.?([a-z0-9.]*);").matcher(code);
      assertTrue(own.find(), file + " has no package");
      if (!RUNTIME.contains(own.group(1))) {
        continue;
      }
      Matcher m = IMPORT.matcher(code);
      while (m.find()) {
        String name = m.group(1);
        boolean allowed =
            name.startsWith("java.")
                || name.startsWith("io.quern.")
                || name.startsWith("com.google.flatbuffers.") && own.group(1).startsWith("format")
                || name.startsWith("jdk.incubator.vector.")
                    && own.group(1).equals("kernels.vector");
        if (!allowed) {
          wrong.add(file + " imports " + name);
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void sourcesAreAscii() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path file : sources()) {
      if (!Files.readString(file).chars().allMatch(c -> c < 128)) {
        wrong.add(file.toString());
      }
    }
    assertEquals(List.of(), wrong);
  }

  private static List<Path> sources() throws IOException {
    Path base = Path.of(System.getProperty("quern.basedir", "."));
    List<Path> files = new ArrayList<>();
    for (String root : List.of("src/main/java", "src/main/java22")) {
      if (Files.isDirectory(base.resolve(root))) {
        try (Stream<Path> walk = Files.walk(base.resolve(root))) {
          walk.filter(p -> p.toString().endsWith(".java")).forEach(files::add);
        }
      }
    }
    assertTrue(files.size() > 30, "only " + files.size() + " sources found");
    return files;
  }

  private static String withoutCommentsAndStrings(String s) {
    return s.replaceAll("(?s)/\\*.*?\\*/", " ")
        .replaceAll("//[^\n]*", " ")
        .replaceAll("(?s)\"\"\".*?\"\"\"", "\"\"")
        .replaceAll("\"(?:\\\\.|[^\"\\\\\n])*\"", "\"\"");
  }
}
