package io.quern.calibrate;

import java.util.Arrays;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * The largest singular values of a matrix and their vectors.
 *
 * <p>Small matrices are decomposed in full. Of large ones only as many values as asked for, from
 * the range of the matrix on random vectors: Halko, Martinsson and Tropp, Finding Structure with
 * Randomness, 2011, algorithms 4.4 (subspace iteration) and 5.1; ten vectors more than asked for.
 * Deterministic: the vectors come from a fixed seed.
 *
 * @param values descending
 * @param left per value a vector of as many elements as the matrix has rows, of length 1
 * @param right per value a vector of as many elements as the matrix has columns, of length 1
 * @param squares sum of the squares of all elements of the matrix
 */
record TruncatedSvd(double[] values, float[][] left, float[][] right, double squares) {
  /** Matrices with a side up to this are decomposed in full. */
  static final int SMALL = 128;

  private static final int OVERSAMPLING = 10;

  /** Rounds for matrices up to {@link #MEDIUM} elements; larger ones get {@link #FEW}. */
  private static final int ROUNDS = 5;

  private static final int FEW = 2;
  private static final int MEDIUM = 1 << 20;
  private static final long SEED = 20110217;

  /** Rows of the right factor that stay in a cache while all of the left factor passes. */
  private static final int BLOCK = 32;

  /**
   * Decomposes.
   *
   * @param w [rows, columns]
   * @param rank values wanted, less where the matrix has less
   */
  static TruncatedSvd of(float[] w, int rows, int columns, int rank) {
    int least = Math.min(rows, columns);
    return least <= SMALL || rank + OVERSAMPLING >= least
        ? full(w, rows, columns)
        : randomised(w, rows, columns, rank);
  }

  /** Sum of squares. */
  static double squares(float[] w) {
    double sum = 0;
    for (float v : w) {
      sum += (double) v * v;
    }
    return sum;
  }

  /** Fraction of the sum of squares in the first {@code rank} values. */
  double energy(int rank) {
    double kept = 0;
    for (int i = 0; i < Math.min(rank, values.length); i++) {
      kept += values[i] * values[i];
    }
    return squares == 0 ? 1 : Math.min(1, kept / squares);
  }

  private static TruncatedSvd full(float[] w, int rows, int columns) {
    RealMatrix m = new Array2DRowRealMatrix(rows, columns);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        m.setEntry(r, c, w[r * columns + c]);
      }
    }
    SingularValueDecomposition svd = new SingularValueDecomposition(m);
    int n = svd.getSingularValues().length;
    float[][] left = new float[n][];
    float[][] right = new float[n][];
    for (int k = 0; k < n; k++) {
      left[k] = floats(svd.getU().getColumn(k));
      right[k] = floats(svd.getV().getColumn(k));
    }
    return new TruncatedSvd(svd.getSingularValues(), left, right, squares(w));
  }

  private static TruncatedSvd randomised(float[] w, int rows, int columns, int rank) {
    int sketch = rank + OVERSAMPLING;
    float[] transposed = new float[w.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        transposed[c * rows + r] = w[r * columns + c];
      }
    }
    Random random = new Random(SEED);
    float[][] basis = new float[sketch][columns];
    for (float[] row : basis) {
      for (int i = 0; i < columns; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    basis = multiply(basis, transposed, rows);
    orthonormalise(basis);
    int rounds = w.length <= MEDIUM ? ROUNDS : FEW;
    for (int round = 1; round < rounds; round++) {
      basis = multiply(basis, w, columns);
      orthonormalise(basis);
      basis = multiply(basis, transposed, rows);
      orthonormalise(basis);
    }
    float[][] small = multiply(basis, w, columns);
    RealMatrix gram = new Array2DRowRealMatrix(sketch, sketch);
    for (int i = 0; i < sketch; i++) {
      for (int j = 0; j <= i; j++) {
        double v = dot(small[i], small[j]);
        gram.setEntry(i, j, v);
        gram.setEntry(j, i, v);
      }
    }
    return of(new EigenDecomposition(gram), basis, small, rank, squares(w));
  }

  /** The values and vectors of {@code basis' * small} from the eigenvectors of small * small'. */
  private static TruncatedSvd of(
      EigenDecomposition e, float[][] basis, float[][] small, int rank, double squares) {
    double[] eigenvalues = e.getRealEigenvalues();
    Integer[] order = new Integer[eigenvalues.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Double.compare(eigenvalues[b], eigenvalues[a]));
    double[] values = new double[rank];
    float[][] vectors = new float[rank][];
    for (int k = 0; k < rank; k++) {
      values[k] = Math.sqrt(Math.max(0, eigenvalues[order[k]]));
      vectors[k] = floats(e.getEigenvector(order[k]).toArray());
    }
    float[][] left = multiply(vectors, flat(basis), basis[0].length);
    float[][] right = multiply(vectors, flat(small), small[0].length);
    for (int k = 0; k < rank; k++) {
      for (int i = 0; i < right[k].length && values[k] > 0; i++) {
        right[k][i] /= (float) values[k];
      }
    }
    return new TruncatedSvd(values, left, right, squares);
  }

  private static float[] flat(float[][] rows) {
    float[] r = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, r, i * rows[0].length, rows[0].length);
    }
    return r;
  }

  /** {@code x * m}, m of {@code columns} columns. Row by row, so that the JIT vectorises it. */
  private static float[][] multiply(float[][] x, float[] m, int columns) {
    float[][] out = new float[x.length][columns];
    int inner = m.length / columns;
    float[][] rows = new float[BLOCK][columns];
    for (int block = 0; block < inner; block += BLOCK) {
      int count = Math.min(BLOCK, inner - block);
      for (int i = 0; i < BLOCK; i++) {
        if (i < count) {
          System.arraycopy(m, (block + i) * columns, rows[i], 0, columns);
        } else {
          Arrays.fill(rows[i], 0);
        }
      }
      for (int k = 0; k < x.length; k++) {
        for (int i = 0; i < count; i += 4) {
          addFour(out[k], Arrays.copyOfRange(x[k], block + i, block + i + 4), rows, i);
        }
      }
    }
    return out;
  }

  private static void addFour(float[] out, float[] x, float[][] rows, int first) {
    float[] a = rows[first];
    float[] b = rows[first + 1];
    float[] c = rows[first + 2];
    float[] d = rows[first + 3];
    float xa = x[0];
    float xb = x[1];
    float xc = x[2];
    float xd = x[3];
    for (int j = 0; j < out.length; j++) {
      out[j] += xa * a[j] + xb * b[j] + xc * c[j] + xd * d[j];
    }
  }

  /** Modified Gram-Schmidt, twice; vectors that depend on others become 0. */
  private static void orthonormalise(float[][] rows) {
    for (int i = 0; i < rows.length; i++) {
      double before = Math.sqrt(dot(rows[i], rows[i]));
      for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j < i; j++) {
          subtract(rows[i], (float) dot(rows[i], rows[j]), rows[j]);
        }
      }
      double length = Math.sqrt(dot(rows[i], rows[i]));
      float scale = length > 1e-5 * before ? (float) (1 / length) : 0;
      for (int k = 0; k < rows[i].length; k++) {
        rows[i][k] *= scale;
      }
    }
  }

  private static void subtract(float[] from, float factor, float[] x) {
    for (int k = 0; k < from.length; k++) {
      from[k] -= factor * x[k];
    }
  }

  private static double dot(float[] a, float[] b) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int k = 0;
    for (; k + 3 < a.length; k += 4) {
      s0 += (double) a[k] * b[k];
      s1 += (double) a[k + 1] * b[k + 1];
      s2 += (double) a[k + 2] * b[k + 2];
      s3 += (double) a[k + 3] * b[k + 3];
    }
    for (; k < a.length; k++) {
      s0 += (double) a[k] * b[k];
    }
    return s0 + s1 + s2 + s3;
  }

  private static float[] floats(double[] v) {
    float[] r = new float[v.length];
    for (int i = 0; i < r.length; i++) {
      r[i] = (float) v[i];
    }
    return r;
  }
}
