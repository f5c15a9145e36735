package io.quern.kernels.asm;

import io.quern.kernels.Requantization;

/** Checks of the integers that reach the instruction stream. */
final class Checks {
  private Checks() {}

  static void range(String name, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " is " + value + ", not in [" + min + ", " + max + "]");
    }
  }

  static void length(String name, long actual, long expected) {
    if (actual != expected) {
      throw new IllegalArgumentException(name + " has length " + actual + ", not " + expected);
    }
  }

  static void requantization(Requantization q, int channels) {
    length("multipliers", q.multipliers().length, channels);
    length("shifts", q.shifts().length, channels);
    for (int c = 0; c < channels; c++) {
      int multiplier = q.multipliers()[c];
      int shift = q.shifts()[c];
      // names only of what is wrong: there are many channels
      if (multiplier != 0 && multiplier < 1 << 30) {
        range("multipliers[" + c + "]", multiplier, 1 << 30, Integer.MAX_VALUE);
      }
      if (shift < -31 || shift > 30) {
        range("shifts[" + c + "]", shift, -31, 30);
      }
    }
    range("zeroPoint", q.zeroPoint(), -128, 127);
    range("qmin", q.qmin(), -128, 127);
    range("qmax", q.qmax(), q.qmin(), 127);
  }

  static boolean hasMinimum(byte[] weights) {
    for (byte w : weights) {
      if (w == Byte.MIN_VALUE) {
        return true;
      }
    }
    return false;
  }
}
