package io.quern.kernels.asm;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Pieces of code that many layers have in common, by what they were made from: to copy one is
 * quicker than to assemble it in a JVM that has compiled nothing yet. Without labels, as pieces
 * must not depend on where they lie.
 *
 * <p>Safe for use by several threads.
 */
final class Snippets {
  private final Map<Long, byte[]> pieces = new ConcurrentHashMap<>();

  /** The piece, or null. */
  byte[] get(long key) {
    return pieces.get(key);
  }

  void put(long key, byte[] piece) {
    pieces.put(key, piece);
  }
}
