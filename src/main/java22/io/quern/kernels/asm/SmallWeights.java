package io.quern.kernels.asm;

/**
 * Weights that are a small number times a factor of their column, as binary ones are +-1 times it:
 * many products of such numbers and 8-bit activations fit in int16.
 *
 * @param factors greatest common divisor of each column's weights, 1 to 128
 * @param greatest magnitude of any weight divided by its factor, at least 1
 */
record SmallWeights(int[] factors, int greatest) {
  /**
   * Those of a layer, or null if they are not small.
   *
   * <p>Other weights are known after a few of them: a factor only falls, a magnitude only grows.
   *
   * @param most greatest magnitude that counts as small
   */
  static SmallWeights of(PointwiseLayer layer, int most) {
    byte[] weights = layer.weights();
    int[] factors = new int[layer.n()];
    int greatest = 1;
    for (int c = 0, at = 0; c < factors.length; c++) {
      int factor = 0;
      int magnitude = 0;
      for (int end = at + layer.k(); at < end; at++) {
        int w = Math.abs(weights[at]);
        if (w > magnitude) {
          magnitude = w;
        }
        if (factor == 0 || w % factor != 0) {
          factor = divisor(factor, w);
        }
        if (magnitude > most * factor) {
          return null;
        }
      }
      factors[c] = Math.max(1, factor);
      greatest = Math.max(greatest, magnitude / factors[c]);
    }
    return new SmallWeights(factors, greatest);
  }

  private static int divisor(int a, int b) {
    int x = a;
    int y = b;
    while (y != 0) {
      int rest = x % y;
      x = y;
      y = rest;
    }
    return x;
  }

  /** The weights without their factors. */
  byte[] divided(byte[] weights) {
    byte[] divided = new byte[weights.length];
    int k = weights.length / factors.length;
    for (int c = 0, at = 0; c < factors.length; c++) {
      for (int end = at + k; at < end; at++) {
        divided[at] = (byte) (weights[at] / factors[c]);
      }
    }
    return divided;
  }
}
