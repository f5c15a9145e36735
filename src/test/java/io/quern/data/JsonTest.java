package io.quern.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void readsWhatItWrites() {
    Object v =
        Json.object(
            "text",
            "a\"b\\c\n\u0001\u00e9\ud83d\ude00",
            "list",
            List.of(1L, -2.5, true),
            "empty",
            List.of(),
            "nothing",
            null,
            "object",
            Map.of("x", 1e300));
    assertEquals(v, Json.parse(Json.write(v)));
    assertEquals(v, Json.parse(Json.writePretty(v)));
  }

  @Test
  void numbersAreShort() {
    assertEquals(
        "[0.1,127.5,3,null,null,-0.001]",
        Json.write(List.of(0.1f, 127.5f, 3.0f, Float.NaN, Double.NEGATIVE_INFINITY, -0.001)));
  }

  @Test
  void prettyKeepsFlatObjectsOnOneLine() {
    assertEquals(
        "{\n  \"a\": {\"b\": 1,\"c\": 2},\n  \"d\": 3\n}",
        Json.writePretty(Json.object("a", Json.object("b", 1, "c", 2), "d", 3)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[1,]",
        "{\"a\":1,\"a\":2}",
        "01",
        "1 2",
        "\"\\x\"",
        "\"a",
        "nul",
        "{\"a\" 1}",
        "[1 2]",
        "\"\n\"",
        "-",
        "1e",
        "NaN"
      })
  void refusesWhatIsNotJson(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Json.parse(text));
    assertTrue(e.getMessage().startsWith("JSON: "), e.getMessage());
  }

  @Test
  void nestingIsBounded() {
    assertThrows(IllegalArgumentException.class, () -> Json.parse("[".repeat(100_000)));
  }
}
