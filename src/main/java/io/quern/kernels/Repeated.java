package io.quern.kernels;

import java.lang.reflect.Array;

/** Values of channels for several pixels side by side. */
public final class Repeated {
  private Repeated() {}

  /**
   * All elements {@code n} times over.
   *
   * @param <A> an array
   */
  @SuppressWarnings("unchecked") // of the same class
  public static <A> A times(A array, int n) {
    int length = Array.getLength(array);
    A r = (A) Array.newInstance(array.getClass().getComponentType(), n * length);
    for (int i = 0; i < n; i++) {
      System.arraycopy(array, 0, r, i * length, length);
    }
    return r;
  }
}
