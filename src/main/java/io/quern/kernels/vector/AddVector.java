package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.DOUBLES;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
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
  private static final int UNIT = 4096;
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

  /** Null when an operand is not dense or the linear form is not the same function. */
  static Kernel create(AddInt8 p) {
    if (!Lanes.NARROW || !p.left().isDense() || !p.right().isDense() || p.outExponent() > 0) {
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
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int start = from * UNIT;
    int end = Math.min(elements, to * UNIT);
    int whole = start + (end - start) / COUNT * COUNT;
    lanes(memory.bytes, start, whole);
    for (int i = whole; i < end; i++) {
      byte left = memory.bytes[p.left().offset() + i];
      memory.bytes[p.out() + i] = element(left, memory.bytes[p.right().offset() + i]);
    }
  }

  private void lanes(byte[] bytes, int start, int end) {
    int left = p.left().offset();
    int right = p.right().offset();
    int out = p.out();
    int lo = p.qmin();
    int hi = p.qmax();
    double magic = MAGIC + p.outZeroPoint();
    long offset = Double.doubleToRawLongBits(away);
    DoubleVector va = DoubleVector.broadcast(DOUBLES, a);
    DoubleVector vb = DoubleVector.broadcast(DOUBLES, b);
    DoubleVector vc = DoubleVector.broadcast(DOUBLES, c);
    for (int i = start; i < end; i += COUNT) {
      FloatVector l =
          (FloatVector)
              ByteVector.fromArray(Lanes.BYTES, bytes, left + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0);
      FloatVector r =
          (FloatVector)
              ByteVector.fromArray(Lanes.BYTES, bytes, right + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0);
      DoubleVector l0 = (DoubleVector) l.convertShape(VectorOperators.F2D, DOUBLES, 0);
      DoubleVector l1 = (DoubleVector) l.convertShape(VectorOperators.F2D, DOUBLES, 1);
      DoubleVector r0 = (DoubleVector) r.convertShape(VectorOperators.F2D, DOUBLES, 0);
      DoubleVector r1 = (DoubleVector) r.convertShape(VectorOperators.F2D, DOUBLES, 1);
      DoubleVector t0 = l0.fma(va, r0.fma(vb, vc));
      DoubleVector t1 = l1.fma(va, r1.fma(vb, vc));
      LongVector q0 = away(t0, offset).add(magic).reinterpretAsLongs();
      LongVector q1 = away(t1, offset).add(magic).reinterpretAsLongs();
      LaneRequantizer.narrow(q0, q1, lo, hi).intoArray(bytes, out + i);
    }
  }

  private static DoubleVector away(DoubleVector t, long offset) {
    return t.add(t.reinterpretAsLongs().and(Long.MIN_VALUE).or(offset).reinterpretAsDoubles());
  }

  @Override
  public String microKernel() {
    return "linear" + COUNT;
  }
}
