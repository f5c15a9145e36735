package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimeJarTest {
  /** Bytes of the runtime with all kernels, as the build makes it, and with one architecture's. */
  private static final int LIMIT = 400_000;

  private static final String ANY = "any";

  @TempDir Path temp;

  private Path jar() throws IOException {
    return Files.write(temp.resolve("quern.jar"), RuntimeJar.forBoard(ANY));
  }

  @Test
  void staysSmall() throws IOException {
    Path jar = jar();
    long all = Files.size(jar);
    RuntimeJar.main(new String[] {jar.toString()});
    long bytes = Files.size(jar);
    System.out.println("quern.jar: " + bytes + " bytes");
    assertTrue(bytes > 100_000 && bytes <= LIMIT, "quern.jar: " + bytes + " bytes");
    for (String arch : List.of("arm", "aarch64", "amd64")) {
      bytes = RuntimeJar.forBoard(arch).length;
      System.out.println("quern.jar of a bundle for " + arch + ": " + bytes + " bytes");
      assertTrue(bytes > 100_000 && bytes <= LIMIT, arch + ": " + bytes + " bytes");
      assertTrue(bytes <= all, arch);
    }
  }

  @Test
  void sameClassesSameBytes() throws IOException {
    assertArrayEquals(RuntimeJar.forBoard(ANY), RuntimeJar.forBoard(ANY));
  }

  @Test
  void needsNothingButTheJdk() throws IOException {
    StringWriter printed = new StringWriter();
    PrintWriter out = new PrintWriter(printed);
    String release = String.valueOf(Runtime.version().feature());
    ToolProvider jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
    List<String> arguments =
        List.of("--multi-release", release, "-verbose:class", jar().toString());
    assertEquals(0, jdeps.run(out, out, arguments.toArray(String[]::new)), printed.toString());
    List<String> missing =
        printed
            .toString()
            .lines()
            .filter(l -> l.startsWith(" ") && l.contains("not found"))
            .filter(l -> !needsMore(l.strip().replaceAll(" .*", "").replace('.', '/')))
            .toList();
    assertEquals(List.of(), missing);
    assertTrue(printed.toString().contains("io.quern.runtime.Planner"), printed.toString());
  }

  @Test
  void everyClassLoadsAndVerifies() throws Exception {
    int classes = 0;
    Path jar = jar();
    ClassLoader platform = ClassLoader.getPlatformClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, platform);
        JarFile file = new JarFile(jar.toFile(), true, JarFile.OPEN_READ, Runtime.version())) {
      for (JarEntry e : Collections.list(file.entries())) {
        String name = e.getName();
        if (!name.matches("io/quern/.*\\.class") || needsMore(name)) {
          continue;
        }
        String className = name.substring(0, name.length() - 6).replace('/', '.');
        Class<?> c = Class.forName(className, true, loader);
        for (Method m : c.getDeclaredMethods()) {
          assertTrue(m.getParameterCount() >= 0);
        }
        classes++;
      }
    }
    assertTrue(classes > 150, classes + " classes");
  }

  @Test
  void programsCompileAgainstIt() throws IOException {
    Path source = temp.resolve("Use.java");
    Files.writeString(
        source,
        """
        import io.quern.Model;
        import io.quern.model.Operator;
        import io.quern.model.Tensor;
        import io.quern.runtime.PlanOptions;
        import io.quern.runtime.PlanStep;

        class Use {
          static String show(Model m) {
            String s = "";
            for (Operator o : m.graph().operators()) {
              if (o instanceof Operator.Pool2d p && p.mode() == Operator.Pool2d.Mode.MAX) {
                s += p.output();
              }
            }
            for (Tensor t : m.graph().tensors()) {
              s += t.shape().toString();
            }
            try (var session = m.session(PlanOptions.defaults().withThreads(2))) {
              for (PlanStep step : session.plan().steps()) {
                s += step.tier();
              }
            }
            return s;
          }
        }
        """);
    StringWriter printed = new StringWriter();
    PrintWriter out = new PrintWriter(printed);
    ToolProvider javac = ToolProvider.findFirst("javac").orElseThrow();
    String[] arguments = {
      "-proc:none", "-cp", jar().toString(), "-d", temp.toString(), source.toString()
    };
    assertEquals(0, javac.run(out, out, arguments), printed.toString());
    assertEquals("", printed.toString());
  }

  /** Classes for a newer JDK are refused by an older one. */
  private static boolean needsMore(String name) {
    return name.contains("io/quern/kernels/asm/") && Runtime.version().feature() < 22;
  }

  @Test
  void machineCodeOfOtherArchitectures() {
    String tile = "io/quern/kernels/asm/TileX86.class";
    String pointwise = "io/quern/kernels/asm/PointwiseA64.class";
    String tier = "io/quern/kernels/asm/AsmTier.class";
    assertTrue(RuntimeJar.isForeign(tile, "aarch64"));
    assertTrue(RuntimeJar.isForeign(pointwise, "amd64"));
    assertTrue(RuntimeJar.isForeign(tier, "arm"));
    assertFalse(RuntimeJar.isForeign(tile, "amd64"));
    assertFalse(RuntimeJar.isForeign(pointwise, "aarch64"));
    assertFalse(RuntimeJar.isForeign(tier, "aarch64"));
    assertFalse(RuntimeJar.isForeign("io/quern/Model.class", "arm"));
  }

  @Test
  void belongings() {
    assertTrue(RuntimeJar.belongs("io/quern/Model.class"));
    assertTrue(RuntimeJar.belongs("io/quern/kernels/asm/AsmTier.class"));
    assertTrue(RuntimeJar.belongs("io/quern/target/OnBoard.class"));
    assertTrue(RuntimeJar.belongs("META-INF/LICENSE"));
    assertFalse(RuntimeJar.belongs("io/quern/target/Bundle.class"));
    assertFalse(RuntimeJar.belongs("io/quern/calibrate/Calibrator.class"));
    assertFalse(RuntimeJar.belongs("io/quern/format/tflite/TfliteWriter.class"));
    assertFalse(RuntimeJar.belongs("io/quern/format/tflite/OperatorWriter$Dimension.class"));
    assertFalse(RuntimeJar.belongs("com/google/flatbuffers/Table.class"));
    assertFalse(RuntimeJar.belongs("picocli/CommandLine.class"));
  }
}
