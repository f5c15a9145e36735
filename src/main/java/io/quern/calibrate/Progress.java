package io.quern.calibrate;

/** Told how far a long calibration has come. Called from the calibrating thread only. */
@FunctionalInterface
public interface Progress {
  /** Ignores everything. */
  Progress NONE = (stage, done, total) -> {};

  /**
   * One more piece of work is done.
   *
   * @param stage what is being done, such as {@code observe}; a new stage begins when it changes
   * @param done pieces done in this stage, counting from 1; 0 announces the stage
   * @param total pieces that the stage has, or -1 when unknown
   */
  void report(String stage, long done, long total);
}
