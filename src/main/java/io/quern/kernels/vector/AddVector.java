package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.DOUBLES;
import static io.quern.kernels.vector.Lanes.FLOATS;
import static io.quern.kernels.vector.Lanes.HALF;
import static io.quern.kernels.vector.Lanes.HALF_INTS;
import static io.quern.kernels.vector.Lanes.LONGS;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.quant.FixedPoint;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sum of two dense tensors as one linear form in double lanes: {@code round(a * left + b * right +
 * c)}, moved away from zero by the half unit of the last rounding as in {@link LaneRequantizer}.
 *
 * <p>The formula's two inner roundings are some 2^-20 of an output step, which the linear form does
 * without. Whether that ever shows is not argued but tried, on all 65,536 pairs, when planning; if
 * it does, there is no kernel. A unit is {@link #UNIT} elements.
 */
final class AddVector implements Kernel {
  private static final int UNIT = 2048;
  private static final double MAGIC = 0x1.8p52;

  private final AddInt8 p;
  private final int elements;
  private final double a;
  private final double b;
  private final double c;
  private final double away;

  private AddVector(AddInt8 p) {
    this.p = p;
    elements = p.left().elements();
    double out = real(p.outMultiplier(), p.outExponent() + p.leftShift());
    a = real(p.leftMultiplier(), p.leftExponent()) * out;
    b = real(p.rightMultiplier(), p.rightExponent()) * (p.subtract() ? -out : out);
    c = -(a * p.leftZeroPoint() + b * p.rightZeroPoint());
    int e = -p.outExponent();
    away = e > 0 ? Math.scalb(1.0, -e - 1) : 0;
  }

  private static double real(int multiplier, int shift) {
    return Math.scalb((double) multiplier, shift - 31);
  }

  /**
   * Null when an operand is not dense or the linear form is not the same function; and on JDK 17,
   * whose C2 takes the vectors out of registers again when it compiles this anew after some 2,000
   * runs.
   */
  static Kernel create(AddInt8 p) {
    if (Lanes.JDK17 || !p.left().isDense() || !p.right().isDense() || p.outExponent() > 0) {
      return null;
    }
    AddVector k = new AddVector(p);
    return k.sameAsFormula() ? k : null;
  }

  private boolean sameAsFormula() {
    int[] rights = new int[256];
    for (int r = -128; r < 128; r++) {
      rights[r + 128] =
          FixedPoint.multiply(
              r - p.rightZeroPoint() << p.leftShift(), p.rightMultiplier(), p.rightExponent());
    }
    for (int l = -128; l < 128; l++) {
      int left =
          FixedPoint.multiply(
              l - p.leftZeroPoint() << p.leftShift(), p.leftMultiplier(), p.leftExponent());
      for (int r = -128; r < 128; r++) {
        int sum = p.subtract() ? left - rights[r + 128] : left + rights[r + 128];
        int q = FixedPoint.multiply(sum, p.outMultiplier(), p.outExponent()) + p.outZeroPoint();
        if (element((byte) l, (byte) r) != (byte) Math.min(Math.max(q, p.qmin()), p.qmax())) {
          return false;
        }
      }
    }
    return true;
  }

  /** One element with the very operations of the lanes. */
  private byte element(byte left, byte right) {
    double t = Math.fma((double) left, a, Math.fma((double) right, b, c));
    double rounded = t + Math.copySign(away, t) + (MAGIC + p.outZeroPoint());
    int q = (int) Double.doubleToRawLongBits(rounded);
    return (byte) Math.min(Math.max(q, p.qmin()), p.qmax());
  }

  @Override
  public int units() {
    return (elements + UNIT - 1) / UNIT;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(COUNT, 0, UNIT + COUNT, 2 * (UNIT + COUNT));
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] f = scratch.floats;
    for (int unit = from; unit < to; unit++) {
      int first = unit * UNIT;
      int n = Math.min(UNIT, elements - first);
      int padded = Lanes.roundUp(n);
      Lanes.toFloats(memory.bytes, p.left().offset() + first, f, 0, n);
      Lanes.toFloats(memory.bytes, p.right().offset() + first, f, padded, n);
      int[] q = scratch.ints;
      sumsLow(f, padded, q);
      sumsHigh(f, padded, q);
      int whole = n / COUNT;
      int out = p.out() + first;
      int tail = out + whole * COUNT;
      byte[] spare = scratch.bytes;
      int lo = p.qmin();
      int hi = p.qmax();
      LaneRequantizer.narrow(q, 0, memory.bytes, out, COUNT, COUNT, whole, lo, hi, spare);
      LaneRequantizer.narrow(
          q,
          whole * COUNT,
          memory.bytes,
          tail,
          COUNT,
          n % COUNT,
          n % COUNT > 0 ? 1 : 0,
          lo,
          hi,
          spare);
    }
  }

  /** Of {@code n} left and {@code n} right values; the results are not yet clamped. */
  private void sumsLow(float[] f, int n, int[] q) {
    DoubleVector va = DoubleVector.broadcast(DOUBLES, a);
    DoubleVector vb = DoubleVector.broadcast(DOUBLES, b);
    DoubleVector vc = DoubleVector.broadcast(DOUBLES, c);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, MAGIC + p.outZeroPoint());
    LongVector sign = LongVector.broadcast(LONGS, Long.MIN_VALUE);
    LongVector offset = LongVector.broadcast(LONGS, Double.doubleToRawLongBits(away));
    for (int i = 0; i < n; i += COUNT) {
      FloatVector l = FloatVector.fromArray(FLOATS, f, i);
      FloatVector r = FloatVector.fromArray(FLOATS, f, i + n);
      DoubleVector t =
          ((DoubleVector) l.convertShape(VectorOperators.F2D, DOUBLES, 0))
              .fma(
                  va, ((DoubleVector) r.convertShape(VectorOperators.F2D, DOUBLES, 0)).fma(vb, vc));
      ((IntVector)
              t.add(t.reinterpretAsLongs().and(sign).or(offset).reinterpretAsDoubles())
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, HALF_INTS, 0))
          .intoArray(q, i);
    }
  }

  private void sumsHigh(float[] f, int n, int[] q) {
    DoubleVector va = DoubleVector.broadcast(DOUBLES, a);
    DoubleVector vb = DoubleVector.broadcast(DOUBLES, b);
    DoubleVector vc = DoubleVector.broadcast(DOUBLES, c);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, MAGIC + p.outZeroPoint());
    LongVector sign = LongVector.broadcast(LONGS, Long.MIN_VALUE);
    LongVector offset = LongVector.broadcast(LONGS, Double.doubleToRawLongBits(away));
    for (int i = 0; i < n; i += COUNT) {
      FloatVector l = FloatVector.fromArray(FLOATS, f, i);
      FloatVector r = FloatVector.fromArray(FLOATS, f, i + n);
      DoubleVector t =
          ((DoubleVector) l.convertShape(VectorOperators.F2D, DOUBLES, 1))
              .fma(
                  va, ((DoubleVector) r.convertShape(VectorOperators.F2D, DOUBLES, 1)).fma(vb, vc));
      ((IntVector)
              t.add(t.reinterpretAsLongs().and(sign).or(offset).reinterpretAsDoubles())
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, HALF_INTS, 0))
          .intoArray(q, i + HALF);
    }
  }

  @Override
  public String microKernel() {
    return "linear" + HALF;
  }
}
