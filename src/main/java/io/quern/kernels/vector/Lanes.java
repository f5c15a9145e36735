package io.quern.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The shapes that all kernels use, and conversion of rows. */
final class Lanes {
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;

  static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;

  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

  /** Float lanes of a vector. */
  static final int COUNT = FLOATS.length();

  /** Double lanes of a vector. */
  static final int HALF = COUNT / 2;

  /**
   * 512 bits, and a C2 that keeps vectors in registers in the loops made for them: that of JDK 17
   * boxes some of them for as long as the process runs.
   */
  static final boolean WIDE = COUNT == 16 && Runtime.version().feature() >= 21;

  /** Whether {@link #COUNT} bytes are a vector: not with 128 bits. */
  static final boolean NARROW = COUNT >= 8;

  static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(
          byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));

  static {
    if (Runtime.version().feature() < 21) {
      Rehearsal.run();
    }
  }

  private Lanes() {}

  /** {@code n} rounded up to whole vectors. */
  static int roundUp(int n) {
    return (n + COUNT - 1) / COUNT * COUNT;
  }

  /** {@code to[toAt + i] = from[fromAt + i]}. */
  static void toFloats(byte[] from, int fromAt, float[] to, int toAt, int n) {
    int i = 0;
    if (NARROW) {
      int end = n - COUNT + 1;
      for (; i < end; i += COUNT) {
        ByteVector.fromArray(BYTES, from, fromAt + i)
            .convertShape(VectorOperators.B2F, FLOATS, 0)
            .reinterpretAsFloats()
            .intoArray(to, toAt + i);
      }
    }
    for (; i < n; i++) {
      to[toAt + i] = from[fromAt + i];
    }
  }

  /** {@code to[at + i] = value}. */
  static void fill(float[] to, int at, int n, float value) {
    Arrays.fill(to, at, at + n, value);
  }
}
