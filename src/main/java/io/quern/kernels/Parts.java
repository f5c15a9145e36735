package io.quern.kernels;

/** Work in parts of like size. */
public final class Parts {
  private Parts() {}

  /** Size of the fewest parts of at most {@code most}, all but the last of one size. */
  public static int even(int total, int most) {
    int parts = (total + most - 1) / most;
    return (total + parts - 1) / parts;
  }
}
