package io.quern.target;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Marks the parts of a program whose instructions {@code targets/cost} counts.
 *
 * <pre>{@code
 * CostMark kernel = CostMark.region("conv2d portable 3x3");
 * kernel.open();
 * for (int i = 0; i < 20; i++) run();
 * kernel.close(20L * macs);
 * }</pre>
 *
 * <p>A mark is a seek on {@code /dev/null} to {@code 0x5155 << 48 | region << 40 | operations},
 * which the counting plugin of the emulator sees and which does nothing anywhere else. Operations 0
 * opens. Only the thread that opened a region is counted. An open and a close cost about a thousand
 * instructions together, inside the region. Allocates nothing after {@link #region}; a region
 * belongs to one thread at a time.
 */
public final class CostMark {
  private static final long MARK = 0x5155L << 48;
  private static final int MAX_REGIONS = 256;
  private static final RandomAccessFile NULL = openNull();

  private static int regions;

  private final long word;

  private CostMark(int region) {
    word = MARK | (long) region << 40;
  }

  /**
   * Returns a new region. Its name goes to the file that the system property {@code
   * quern.cost.names} names, one line "number, space, name" per region; without the property,
   * nowhere.
   *
   * @throws IllegalStateException beyond 256 regions, or if the file cannot be written
   */
  public static synchronized CostMark region(String name) {
    if (regions == MAX_REGIONS) {
      throw new IllegalStateException(name + ": more than " + MAX_REGIONS + " regions");
    }
    String file = System.getProperty("quern.cost.names");
    if (file != null) {
      try {
        Files.write(
            Path.of(file),
            (regions + " " + name.replace('\n', ' ') + "\n").getBytes(StandardCharsets.UTF_8),
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new IllegalStateException(file + ": " + e.getMessage(), e);
      }
    }
    return new CostMark(regions++);
  }

  /**
   * Starts counting this thread's instructions into this region; ends any other region of the
   * thread.
   */
  public void open() {
    seek(word);
  }

  /**
   * Stops counting.
   *
   * @param operations what the region did since {@link #open}, in the unit the figures are wanted
   *     in (multiply- accumulates for kernels); 1 to 2^40 - 1
   * @throws IllegalArgumentException if operations is outside that range
   */
  public void close(long operations) {
    if (operations < 1 || operations >= 1L << 40) {
      throw new IllegalArgumentException("operations: 1 to 2^40 - 1 expected, got " + operations);
    }
    seek(word | operations);
  }

  private static void seek(long offset) {
    try {
      NULL.seek(offset);
    } catch (IOException e) {
      throw new IllegalStateException("/dev/null: " + e.getMessage(), e);
    }
  }

  private static RandomAccessFile openNull() {
    try {
      return new RandomAccessFile("/dev/null", "r");
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
