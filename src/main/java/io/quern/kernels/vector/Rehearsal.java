package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.BYTES;
import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The kinds of operations that kernels use, in turn, so that the JDK's methods behind them are
 * compiled with profiles that know all kinds of operators and vectors. For Java before 21.
 *
 * <p>A network uses one kind of operation thousands of times in a row. C2 compiles those methods
 * for it alone, and the first operation of another kind leaves the compiled code, which happens up
 * to four times in each method. C2 adds that up for every call that it inlines into a loop, and
 * from 100 on ({@code PerMethodTrapLimit}) it uses no profile there. On JDK 17 the types of sums
 * are then lost, stores remain calls, and all vectors of the loop are allocated for as long as the
 * process runs. A loop of 20 multiply-adds was enough.
 *
 * <p>That alone is not enough: a method such as {@code IntVector.intoArray} serves vectors of all
 * lengths, and C2 knows the length by the only class that is linked. So kernels use one shape of
 * each type; see {@link LaneRequantizer}. Doubles and longs are left out, as they share the methods
 * that matter.
 */
final class Rehearsal {
  /** Interpreted methods have no profile before some 400 calls; the shared ones get 15 a round. */
  private static final int ROUNDS = 200;

  private Rehearsal() {}

  static void run() {
    float[] floats = new float[COUNT];
    byte[] bytes = new byte[BYTES.length()];
    for (int i = 0; i < ROUNDS; i++) {
      FloatVector x = floats(floats, bytes);
      IntVector n = x.reinterpretAsInts();
      n = n.add(n).and(n).sub(n).or(n).max(n).min(n);
      ((ByteVector) n.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(bytes, 0);
      floats[0] = n.reinterpretAsFloats().reduceLanes(VectorOperators.ADD);
    }
  }

  private static FloatVector floats(float[] floats, byte[] bytes) {
    FloatVector x = FloatVector.fromArray(FLOATS, floats, 0);
    ByteVector b = ByteVector.fromArray(BYTES, bytes, 0);
    x = x.fma(FloatVector.broadcast(FLOATS, 1), x).add(x).sub(x).max(x).min(x).abs();
    x.add(b.convertShape(VectorOperators.B2F, FLOATS, 0)).intoArray(floats, 0);
    return x;
  }
}
