package io.quern.data;

/** Which of a row of samples are taken so that those taken lie evenly over it. */
public final class EvenSpread {
  private EvenSpread() {}

  /**
   * How many of the first {@code i} samples are taken.
   *
   * @param of how many samples there are
   * @param wanted how many of them are taken in all
   */
  public static int taken(long i, long of, long wanted) {
    return (int) (i * wanted / of);
  }

  /** Whether sample {@code i} is taken. */
  public static boolean takes(long i, long of, long wanted) {
    return taken(i + 1, of, wanted) > taken(i, of, wanted);
  }
}
