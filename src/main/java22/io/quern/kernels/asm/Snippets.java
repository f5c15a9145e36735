package io.quern.kernels.asm;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Pieces of code that many layers have in common, by what they were made from: to copy one is
 * quicker than to assemble it in a JVM that has compiled nothing yet. Without labels, as pieces
 * must not depend on where they lie. Whole functions too, for layers of the same shape.
 *
 * <p>Safe for use by several threads.
 */
final class Snippets {
  private final Map<Long, byte[]> pieces = new ConcurrentHashMap<>();
  private final Map<String, byte[]> functions = new ConcurrentHashMap<>();

  /** The piece, or null. */
  byte[] get(long key) {
    return pieces.get(key);
  }

  void put(long key, byte[] piece) {
    pieces.put(key, piece);
  }

  /** A key of a function: all that its code depends on. */
  static String key(int... parts) {
    char[] key = new char[2 * parts.length];
    for (int i = 0; i < parts.length; i++) {
      key[2 * i] = (char) parts[i];
      key[2 * i + 1] = (char) (parts[i] >>> 16);
    }
    return new String(key);
  }

  /** The function, or null. */
  byte[] function(String key) {
    return functions.get(key);
  }

  void putFunction(String key, byte[] code) {
    functions.put(key, code);
  }
}
