package io.quern.data;

/** Which of a number of samples are taken: a part, thinned evenly to a limit. */
final class Selection {
  private final int total;
  private final DataOptions.Part part;
  private final int calibration;
  private final int partSize;
  private final int size;

  /**
   * @param source for messages
   * @throws DataException if nothing is left
   */
  Selection(String source, int total, DataOptions o) {
    this.total = total;
    this.part = o.part();
    this.calibration = Math.min(DataOptions.Part.MAX_CALIBRATION, (total + 3) / 4);
    this.partSize =
        switch (part) {
          case ALL -> total;
          case CALIBRATION -> calibration;
          case EVALUATION -> total - calibration;
        };
    this.size = o.limit() > 0 ? Math.min(partSize, o.limit()) : partSize;
    if (size == 0) {
      throw new DataException(
          source + ": " + total + " samples are too few to divide into calibration and evaluation");
    }
  }

  /** How many are taken. */
  int size() {
    return size;
  }

  /** Whether sample i is taken. */
  boolean contains(int i) {
    int before = EvenSpread.taken(i, total, calibration);
    boolean forCalibration = EvenSpread.takes(i, total, calibration);
    int rank =
        switch (part) {
          case ALL -> i;
          case CALIBRATION -> forCalibration ? before : -1;
          case EVALUATION -> forCalibration ? -1 : i - before;
        };
    return rank >= 0 && EvenSpread.takes(rank, partSize, size);
  }
}
