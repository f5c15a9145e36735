package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.BYTES;
import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;
import static io.quern.kernels.vector.Lanes.INTS;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.quant.FixedPoint;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sum of two dense tensors as one linear form in float lanes: {@code round(a * left + b * right +
 * c)}, moved away from zero by the half unit of the last rounding as in {@link FloatScales}.
 *
 * <p>Every coefficient is the nearest multiple of 2^-14 and a rest. The form of the multiples is
 * exact in float; from it the nearest integer is taken, and what is left and the form of the rests,
 * which are small and hence precise, decide whether that is the result.
 *
 * <p>The formula's two inner roundings are some 2^-20 of an output step, which the linear form does
 * without. Whether that ever shows is not argued but tried, on all 65,536 pairs, when planning; if
 * it does, there is no kernel. A unit is {@link #UNIT} elements.
 */
final class AddVector implements Kernel {
  private static final int UNIT = 2048;
  private static final float ROUNDER = FloatScales.ROUNDER;
  private static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);

  /** Multiples of this, below 2^10 in magnitude, are exact. */
  private static final double GRID = 0x1p-14;

  private final AddInt8 p;
  private final int elements;

  /** Upper parts and rests of the coefficients: left, right, constant. */
  private final float[] high = new float[3];

  private final float[] low = new float[3];
  private final float away;

  /** The same, and what is added to round and to get the result, a vector each. */
  private final float[] uniform;

  private AddVector(AddInt8 p) {
    this.p = p;
    elements = p.left().elements();
    double out = real(p.outMultiplier(), p.outExponent() + p.leftShift());
    double a = real(p.leftMultiplier(), p.leftExponent()) * out;
    double b = real(p.rightMultiplier(), p.rightExponent()) * (p.subtract() ? -out : out);
    double c = -(a * p.leftZeroPoint() + b * p.rightZeroPoint());
    double[] form = {a, b, c};
    for (int i = 0; i < 3; i++) {
      double upper = Math.rint(form[i] / GRID) * GRID;
      high[i] = (float) upper;
      low[i] = (float) (form[i] - upper);
    }
    int e = -p.outExponent();
    away = e > 0 ? Math.scalb(1f, -e - 1) : 0;
    float[] constants = {
      high[0],
      high[1],
      high[2],
      low[0],
      low[1],
      low[2],
      away,
      ROUNDER,
      ROUNDER + p.outZeroPoint(),
      ROUNDER + p.qmin(),
      ROUNDER + p.qmax()
    };
    uniform = new float[constants.length * COUNT];
    for (int i = 0; i < constants.length; i++) {
      Lanes.fill(uniform, i * COUNT, COUNT, constants[i]);
    }
  }

  private static double real(int multiplier, int shift) {
    return Math.scalb((double) multiplier, shift - 31);
  }

  /** Null when an operand is not dense or the linear form is not the same function. */
  static Kernel create(AddInt8 p) {
    if (!p.left().isDense() || !p.right().isDense() || p.outExponent() > 0) {
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
    float l = left;
    float r = right;
    float upper = Math.fma(l, high[0], Math.fma(r, high[1], high[2]));
    float rest = Math.fma(l, low[0], Math.fma(r, low[1], low[2])) + Math.copySign(away, upper);
    float near = upper + ROUNDER - ROUNDER;
    float rounded = upper - near + rest + (ROUNDER + p.outZeroPoint()) + near;
    int q = Float.floatToRawIntBits(rounded) - ROUNDER_BITS;
    return (byte) Math.min(Math.max(q, p.qmin()), p.qmax());
  }

  @Override
  public int units() {
    return (elements + UNIT - 1) / UNIT;
  }

  @Override
  public ScratchSize scratch() {
    return Lanes.NARROW
        ? new ScratchSize(3 * COUNT, 0, 0, 0)
        : new ScratchSize(COUNT, 0, UNIT + COUNT, 2 * (UNIT + COUNT));
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int first = unit * UNIT;
      int n = Math.min(UNIT, elements - first);
      int left = p.left().offset() + first;
      int right = p.right().offset() + first;
      int out = p.out() + first;
      if (Lanes.NARROW) {
        bytes(memory.bytes, scratch.bytes, left, right, out, n);
      } else {
        int padded = Lanes.roundUp(n);
        Lanes.toFloats(memory.bytes, left, scratch.floats, 0, n);
        Lanes.toFloats(memory.bytes, right, scratch.floats, padded, n);
        sumsOfFloats(scratch.floats, padded, scratch.ints);
        for (int i = 0; i < n; i++) {
          int q = Math.min(Math.max(scratch.ints[i], p.qmin()), p.qmax());
          memory.bytes[out + i] = (byte) q;
        }
      }
    }
  }

  private void bytes(byte[] bytes, byte[] spare, int left, int right, int out, int n) {
    int whole = n / COUNT * COUNT;
    sumsOfBytes(bytes, left, right, out, whole);
    if (whole < n) {
      System.arraycopy(bytes, left + whole, spare, 0, n - whole);
      System.arraycopy(bytes, right + whole, spare, COUNT, n - whole);
      sumsOfBytes(spare, 0, COUNT, 2 * COUNT, COUNT);
      System.arraycopy(spare, 2 * COUNT, bytes, out + whole, n - whole);
    }
  }

  private void sumsOfBytes(byte[] bytes, int left, int right, int out, int n) {
    FloatVector highLeft = FloatVector.fromArray(FLOATS, uniform, 0);
    FloatVector highRight = FloatVector.fromArray(FLOATS, uniform, COUNT);
    FloatVector highRest = FloatVector.fromArray(FLOATS, uniform, 2 * COUNT);
    FloatVector lowLeft = FloatVector.fromArray(FLOATS, uniform, 3 * COUNT);
    FloatVector lowRight = FloatVector.fromArray(FLOATS, uniform, 4 * COUNT);
    FloatVector lowRest = FloatVector.fromArray(FLOATS, uniform, 5 * COUNT);
    IntVector half = FloatVector.fromArray(FLOATS, uniform, 6 * COUNT).reinterpretAsInts();
    FloatVector rounder = FloatVector.fromArray(FLOATS, uniform, 7 * COUNT);
    FloatVector result = FloatVector.fromArray(FLOATS, uniform, 8 * COUNT);
    IntVector least = FloatVector.fromArray(FLOATS, uniform, 9 * COUNT).reinterpretAsInts();
    IntVector greatest = FloatVector.fromArray(FLOATS, uniform, 10 * COUNT).reinterpretAsInts();
    IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    for (int i = 0; i < n; i += COUNT) {
      FloatVector l =
          (FloatVector)
              ByteVector.fromArray(BYTES, bytes, left + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0);
      FloatVector r =
          (FloatVector)
              ByteVector.fromArray(BYTES, bytes, right + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0);
      FloatVector upper = l.fma(highLeft, r.fma(highRight, highRest));
      FloatVector away = upper.reinterpretAsInts().and(sign).or(half).reinterpretAsFloats();
      FloatVector rest = l.fma(lowLeft, r.fma(lowRight, lowRest)).add(away);
      FloatVector near = upper.add(rounder).sub(rounder);
      ((ByteVector)
              upper
                  .sub(near)
                  .add(rest)
                  .add(result)
                  .add(near)
                  .reinterpretAsInts()
                  .max(least)
                  .min(greatest)
                  .convertShape(VectorOperators.I2B, BYTES, 0))
          .intoArray(bytes, out + i);
    }
  }

  /** Of {@code n} left and {@code n} right values; the results are not yet clamped. */
  private void sumsOfFloats(float[] f, int n, int[] q) {
    FloatVector highLeft = FloatVector.fromArray(FLOATS, uniform, 0);
    FloatVector highRight = FloatVector.fromArray(FLOATS, uniform, COUNT);
    FloatVector highRest = FloatVector.fromArray(FLOATS, uniform, 2 * COUNT);
    FloatVector lowLeft = FloatVector.fromArray(FLOATS, uniform, 3 * COUNT);
    FloatVector lowRight = FloatVector.fromArray(FLOATS, uniform, 4 * COUNT);
    FloatVector lowRest = FloatVector.fromArray(FLOATS, uniform, 5 * COUNT);
    IntVector half = FloatVector.fromArray(FLOATS, uniform, 6 * COUNT).reinterpretAsInts();
    FloatVector rounder = FloatVector.fromArray(FLOATS, uniform, 7 * COUNT);
    FloatVector result = FloatVector.fromArray(FLOATS, uniform, 8 * COUNT);
    IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    IntVector bits = IntVector.broadcast(INTS, ROUNDER_BITS);
    for (int i = 0; i < n; i += COUNT) {
      FloatVector l = FloatVector.fromArray(FLOATS, f, i);
      FloatVector r = FloatVector.fromArray(FLOATS, f, i + n);
      FloatVector upper = l.fma(highLeft, r.fma(highRight, highRest));
      FloatVector away = upper.reinterpretAsInts().and(sign).or(half).reinterpretAsFloats();
      FloatVector rest = l.fma(lowLeft, r.fma(lowRight, lowRest)).add(away);
      FloatVector near = upper.add(rounder).sub(rounder);
      upper.sub(near).add(rest).add(result).add(near).reinterpretAsInts().sub(bits).intoArray(q, i);
    }
  }

  @Override
  public String microKernel() {
    return "linear" + COUNT;
  }
}
