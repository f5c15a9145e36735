package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BoardTest {
  private static final Path TARGETS = Path.of(System.getProperty("quern.basedir", "."), "targets");

  @Test
  void everyFileIsABoardAndEveryBoardHasAFile() throws IOException {
    try (Stream<Path> files = Files.list(TARGETS)) {
      TreeSet<String> ids =
          files
              .map(f -> f.getFileName().toString())
              .filter(f -> f.endsWith(".properties"))
              .map(f -> f.replace(".properties", ""))
              .collect(Collectors.toCollection(TreeSet::new));
      assertEquals(ids, new TreeSet<>(Board.IDS));
    }
    assertEquals(Board.IDS, Board.all().stream().map(Board::id).toList());
  }

  @Test
  void everyFlagHasAReason() {
    for (Board b : Board.all()) {
      assertFalse(b.flags().isEmpty(), b.id());
      for (Board.Flag f : b.flags()) {
        assertTrue(f.value().startsWith("-"), b.id() + ": " + f);
        assertTrue(f.reason().length() > 20, b.id() + ": " + f);
      }
    }
  }

  @Test
  void namesAndAliases() {
    assertEquals("pi-4b", Board.find("pi-4").id());
    assertEquals("pi-4b", Board.find("pi-4b").id());
    String message =
        assertThrows(IllegalArgumentException.class, () -> Board.find("pi-9")).getMessage();
    assertTrue(message.contains("pi-9") && message.contains("pi-4b"), message);
  }

  @Test
  void detectsByModelAndArchitecture() {
    assertEquals("pi-4b", detected("Raspberry Pi 4 Model B Rev 1.5", "aarch64"));
    assertEquals("pi-4-armhf", detected("Raspberry Pi 4 Model B Rev 1.5", "arm"));
    assertEquals("pi-zero-2w", detected("Raspberry Pi Zero 2 W Rev 1.0", "aarch64"));
    assertEquals("pi-5", detected("Raspberry Pi Compute Module 5 Rev 1.0", "aarch64"));
    assertEquals("aarch64-server", detected("", "aarch64"));
    assertEquals("x86-64-desk", detected("", "amd64"));
    assertEquals("none", detected("Some Other Board", "aarch64"));
    assertEquals("none", detected("", "riscv64"));
  }

  private static String detected(String model, String arch) {
    return Board.detect(model, arch).map(Board::id).orElse("none");
  }

  @Test
  void everyBoardDetectsItself() {
    for (Board b : Board.all()) {
      assertEquals(Optional.of(b.id()), Board.detect(b.model(), b.arch()).map(Board::id));
    }
  }

  @Test
  void flagsAndTiersFollowTheRelease() {
    Board b = Board.find("pi-4");
    assertFalse(b.flags(17).stream().anyMatch(f -> f.name().equals("native")));
    assertTrue(b.flags(22).stream().anyMatch(f -> f.name().equals("native")));
    assertEquals(List.of("portable", "reference"), b.tiers(17));
    assertEquals("vector", Board.find("aarch64-server").tiers(17).get(0));
    assertEquals(b.tiers(21), b.tiers(24));
    assertEquals(b.tiers(25), b.tiers(30));
    assertEquals("asm", b.tiers(25).get(0));
  }

  @Test
  void missingKeyAndBadNumberAreNamed() throws IOException {
    String file = Files.readString(TARGETS.resolve("pi-5.properties"));
    String missing = failure(file.replace("soc = ", "sock = "));
    assertEquals("x.properties: no soc", missing);
    String number = failure(file.replace("cores = 4", "cores = four"));
    assertEquals("x.properties: cores: a whole number expected, is four", number);
  }

  private static String failure(String file) {
    return assertThrows(
            IllegalArgumentException.class, () -> Board.read("x", new StringReader(file)))
        .getMessage();
  }

  @Test
  void textsNameEveryBoard() {
    String list = BoardText.list(Board.all());
    String json = BoardText.json(Board.all());
    for (Board b : Board.all()) {
      assertTrue(list.contains(b.id() + " "), list);
      assertTrue(json.contains("\"id\": \"" + b.id() + "\""), json);
      String text = BoardText.explain(b);
      b.flags().forEach(f -> assertTrue(text.contains(f.reason()), text));
    }
    assertFalse(json.contains("NaN"), json);
  }
}
