import io.quern.target.CostMark;

/**
 * Three inner loops whose cost is known, to try {@code targets/cost} on: a byte dot product, which
 * no JDK vectorises; float rows, which all do; and 16-bit rows. The operation is one
 * multiply-accumulate.
 */
final class CostSample {
  private static final int LENGTH = 1024;
  private static final int WARM_UP = 12_000;
  private static final int COUNTED = 200;

  private CostSample() {}

  public static void main(String[] args) {
    byte[] a = new byte[LENGTH];
    byte[] b = new byte[LENGTH];
    float[] acc = new float[LENGTH];
    float[][] rows = new float[4][LENGTH];
    short[] acc16 = new short[LENGTH];
    short[][] rows16 = new short[4][LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      a[i] = (byte) i;
      b[i] = (byte) (i * 7);
      for (int r = 0; r < 4; r++) {
        rows[r][i] = a[i] + r;
        rows16[r][i] = (short) (b[i] - r);
      }
    }
    long sum = 0;
    for (int i = 0; i < WARM_UP; i++) {
      sum += dot(a, b);
      floatRows(acc, rows[0], rows[1], rows[2], rows[3], 1, -1, 1, -1);
      shortRows(
          acc16,
          rows16[0],
          rows16[1],
          rows16[2],
          rows16[3],
          (short) 1,
          (short) -1,
          (short) 1,
          (short) -1);
    }
    CostMark bytes = CostMark.region("byte dot");
    CostMark floats = CostMark.region("float rows, 4 taps");
    CostMark shorts = CostMark.region("short rows, 4 taps");
    bytes.open();
    for (int i = 0; i < COUNTED; i++) {
      sum += dot(a, b);
    }
    bytes.close((long) COUNTED * LENGTH);
    floats.open();
    for (int i = 0; i < COUNTED; i++) {
      floatRows(acc, rows[0], rows[1], rows[2], rows[3], 1, -1, 1, -1);
    }
    floats.close(4L * COUNTED * LENGTH);
    shorts.open();
    for (int i = 0; i < COUNTED; i++) {
      shortRows(
          acc16,
          rows16[0],
          rows16[1],
          rows16[2],
          rows16[3],
          (short) 1,
          (short) -1,
          (short) 1,
          (short) -1);
    }
    shorts.close(4L * COUNTED * LENGTH);
    System.out.println("sum " + (sum + (long) acc[7] + acc16[7]));
  }

  private static int dot(byte[] a, byte[] b) {
    int s = 0;
    for (int i = 0; i < a.length; i++) {
      s += a[i] * b[i];
    }
    return s;
  }

  private static void floatRows(
      float[] acc, float[] p, float[] q, float[] r, float[] s, float w, float x, float y, float z) {
    for (int i = 0; i < acc.length; i++) {
      acc[i] = acc[i] + w * p[i] + x * q[i] + y * r[i] + z * s[i];
    }
  }

  private static void shortRows(
      short[] acc, short[] p, short[] q, short[] r, short[] s, short w, short x, short y, short z) {
    for (int i = 0; i < acc.length; i++) {
      acc[i] = (short) (acc[i] + w * p[i] + x * q[i] + y * r[i] + z * s[i]);
    }
  }
}
