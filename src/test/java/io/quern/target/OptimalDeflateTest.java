package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.runtime.Planner;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;

class OptimalDeflateTest {
  private static int check(byte[] in) throws DataFormatException {
    byte[] stream = OptimalDeflate.deflate(in);
    Inflater inflater = new Inflater(true);
    inflater.setInput(stream);
    byte[] out = new byte[in.length + 1];
    int n = inflater.inflate(out);
    assertEquals(in.length, n);
    assertTrue(inflater.finished());
    assertEquals(0, inflater.getRemaining());
    inflater.end();
    assertArrayEquals(in, Arrays.copyOf(out, n));
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    deflater.setInput(in);
    deflater.finish();
    byte[] jdk = new byte[in.length + 100];
    int jdkBytes = deflater.deflate(jdk);
    deflater.end();
    assertTrue(stream.length <= jdkBytes, stream.length + " bytes, the JDK needs " + jdkBytes);
    return stream.length;
  }

  @Test
  void inflatesToTheSameBytes() throws DataFormatException {
    SplittableRandom random = new SplittableRandom(1);
    for (int n : new int[] {0, 1, 2, 3, 4, 7, 100, 257, 258, 259, 1000, 40_000}) {
      for (int values : new int[] {1, 2, 5, 30, 256}) {
        byte[] in = new byte[n];
        for (int i = 0; i < n; i++) {
          boolean repeat = i > 20 && random.nextInt(4) > 0;
          in[i] = repeat ? in[i - 1 - random.nextInt(20)] : (byte) random.nextInt(values);
        }
        check(in);
      }
    }
  }

  @Test
  void longMatchesAndFarOnes() throws DataFormatException {
    byte[] in = new byte[70_000];
    new SplittableRandom(2).nextBytes(in);
    System.arraycopy(in, 0, in, 32_768, 600);
    System.arraycopy(in, 100, in, 32_767 + 1_000, 300);
    System.arraycopy(in, 40_000, in, 60_000, 5_000);
    check(in);
  }

  @Test
  void classesAreShorter() throws IOException, DataFormatException {
    byte[] in;
    try (InputStream s = Planner.class.getResourceAsStream("Planner.class")) {
      in = s.readAllBytes();
    }
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    deflater.setInput(in);
    deflater.finish();
    int jdk = deflater.deflate(new byte[in.length]);
    deflater.end();
    int own = check(in);
    System.out.println("Planner.class: " + in.length + ", JDK " + jdk + ", own " + own);
    assertTrue(own < jdk * 0.99, own + " of " + jdk);
  }

  @Test
  void codesKeepTheirLimit() {
    int[] counts = new int[30];
    for (int i = 0, a = 1, b = 1; i < counts.length; i++) {
      counts[i] = a;
      b = a + b;
      a = b - a;
    }
    for (int limit : new int[] {5, 7, 15}) {
      int[] lengths = OptimalDeflate.codeLengths(counts, limit);
      double sum = 0;
      for (int l : lengths) {
        assertTrue(l > 0 && l <= limit);
        sum += Math.pow(2, -l);
      }
      assertEquals(1, sum, "a complete code");
    }
  }
}
