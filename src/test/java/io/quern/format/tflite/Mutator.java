package io.quern.format.tflite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Damages model files, mostly where the damage has a meaning. */
final class Mutator {
  private static final int[] NUMBERS = {
    0,
    1,
    -1,
    2,
    3,
    4,
    7,
    8,
    16,
    31,
    32,
    33,
    127,
    128,
    255,
    256,
    1000,
    4096,
    65535,
    65536,
    1 << 20,
    1 << 28,
    1 << 30,
    Integer.MAX_VALUE,
    Integer.MAX_VALUE - 7,
    Integer.MIN_VALUE,
    Integer.MIN_VALUE + 1,
    -2,
    -128,
    -129
  };

  private static final float[] FLOATS = {
    0,
    -0f,
    1,
    -1,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    1e-30f,
    1e30f,
    1e-10f,
    1e10f,
    1f / 256,
    1f / 128,
    0.5f
  };

  private final SplittableRandom random;
  private byte[] bytes;
  private List<FlatMap.Place> places;
  private boolean structural;

  Mutator(SplittableRandom random) {
    this.random = random;
  }

  /**
   * A damaged copy.
   *
   * @param file a well-formed file
   * @param map its places
   * @param donor another file, for splicing
   */
  byte[] mutate(byte[] file, List<FlatMap.Place> map, byte[] donor) {
    bytes = file.clone();
    // Half of the files keep their structure, so that more of them get as far as the kernels.
    structural = random.nextBoolean();
    places = structural ? map : map.stream().filter(p -> p.kind().isValue()).toList();
    for (int edits = 1 + random.nextInt(random.nextInt(4) + 1); edits > 0; edits--) {
      edit(donor);
    }
    return bytes;
  }

  private void edit(byte[] donor) {
    if (bytes.length < 16) {
      return;
    }
    switch (random.nextInt(structural ? 0 : 6, 20)) {
      case 0 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      case 2 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case 3 -> splice(donor);
      case 4 -> shift();
      case 5 -> redirect();
      case 6, 7, 8, 9 -> everywhere();
      default -> place(places.get(random.nextInt(places.size())));
    }
  }

  private void splice(byte[] donor) {
    int n = 1 + random.nextInt(Math.min(Math.min(donor.length, bytes.length), 512));
    System.arraycopy(
        donor,
        random.nextInt(donor.length - n + 1),
        bytes,
        random.nextInt(bytes.length - n + 1),
        n);
  }

  /** Moves the tail forwards or backwards. */
  private void shift() {
    int at = random.nextInt(bytes.length);
    int by = random.nextInt(-8, 9);
    byte[] shifted = new byte[Math.max(0, bytes.length + by)];
    System.arraycopy(bytes, 0, shifted, 0, Math.min(at, shifted.length));
    int from = Math.max(at, at - by);
    int to = Math.max(at, at + by);
    int n = Math.min(bytes.length - from, shifted.length - to);
    if (n > 0) {
      System.arraycopy(bytes, from, shifted, to, n);
    }
    bytes = shifted;
  }

  /** Points an offset to where another one points. */
  private void redirect() {
    List<FlatMap.Place> offsets =
        places.stream().filter(p -> p.kind() == FlatMap.Kind.OFFSET).toList();
    FlatMap.Place from = offsets.get(random.nextInt(offsets.size()));
    FlatMap.Place to = offsets.get(random.nextInt(offsets.size()));
    if (from.at() + 4 <= bytes.length && to.at() + 4 <= bytes.length) {
      int target = to.at() + buffer().getInt(to.at());
      buffer().putInt(from.at(), target - from.at());
    }
  }

  /**
   * Replaces a number by another wherever it stands in shapes and small constants, so that the
   * graph may still fit together.
   */
  private void everywhere() {
    List<FlatMap.Place> numbers =
        places.stream()
            .filter(
                p ->
                    p.kind() == FlatMap.Kind.INT32 && p.path().contains("shape[")
                        || p.kind() == FlatMap.Kind.DATA)
            .filter(p -> p.at() + 4 <= bytes.length)
            .toList();
    if (numbers.isEmpty()) {
      return;
    }
    int old = buffer().getInt(numbers.get(random.nextInt(numbers.size())).at());
    int replacement =
        random.nextBoolean() ? 1 + random.nextInt(40) : NUMBERS[random.nextInt(NUMBERS.length)];
    for (FlatMap.Place p : numbers) {
      if (buffer().getInt(p.at()) == old) {
        buffer().putInt(p.at(), replacement);
      }
    }
  }

  private void place(FlatMap.Place p) {
    if (p.at() + 8 > bytes.length) {
      return;
    }
    ByteBuffer b = buffer();
    switch (p.kind()) {
      case INT8 -> b.put(p.at(), (byte) (random.nextBoolean() ? random.nextInt(8) : number()));
      case VTABLE_ENTRY ->
          b.putShort(
              p.at(),
              (short) (random.nextBoolean() ? 4 * random.nextInt(12) : random.nextInt(65536)));
      case FLOAT32 -> b.putFloat(p.at(), FLOATS[random.nextInt(FLOATS.length)]);
      case INT64 -> b.putLong(p.at(), random.nextInt(4) == 0 ? random.nextLong() : (long) number());
      case LENGTH -> b.putInt(p.at(), near(b.getInt(p.at())));
      case OFFSET, VTABLE_OFFSET -> b.putInt(p.at(), near(b.getInt(p.at())));
      case INT32, DATA -> b.putInt(p.at(), number(b.getInt(p.at())));
    }
  }

  private int number(int old) {
    return switch (random.nextInt(4)) {
      case 0 -> number();
      case 1 -> near(old);
      case 2 -> random.nextInt(-2, 12);
      default -> old + random.nextInt(-2, 3);
    };
  }

  private int near(int value) {
    return switch (random.nextInt(5)) {
      case 0 -> value + random.nextInt(-4, 5);
      case 1 -> value + 4 * random.nextInt(-16, 17);
      case 2 -> value ^ 1 << random.nextInt(32);
      case 3 -> random.nextInt(bytes.length);
      default -> number();
    };
  }

  private int number() {
    return NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private ByteBuffer buffer() {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
