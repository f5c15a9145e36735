package io.quern.cli;

import io.quern.calibrate.Progress;

/**
 * Progress on stderr, only for work that takes longer than a moment: a bar on a terminal, else a
 * line every few seconds. Finish it before writing anything else.
 *
 * <p>Written by hand because the progress-bar library draws nothing without its terminal library,
 * which brings native code.
 */
final class ProgressLine implements Progress, AutoCloseable {
  private static final long PATIENCE_NANOS = 1_500_000_000L;
  private static final long DRAW_NANOS = 200_000_000L;
  private static final long LINE_NANOS = 5_000_000_000L;
  private static final int BAR = 30;
  private static final int WIDTH = 79;

  private final Console console;
  private String stage;
  private long started;
  private long last;
  private boolean drawn;

  ProgressLine(Console console) {
    this.console = console;
  }

  @Override
  public synchronized void report(String newStage, long done, long total) {
    long now = System.nanoTime();
    if (!newStage.equals(stage)) {
      finish();
      stage = newStage;
      started = now;
      last = now;
    }
    if (done >= total && total >= 0) {
      erase();
    } else if (console.terminal()) {
      if (now - started > PATIENCE_NANOS && now - last > DRAW_NANOS) {
        last = now;
        draw(done, total, (now - started) / 1_000_000_000L);
      }
    } else if (now - last > LINE_NANOS) {
      last = now;
      console.say(stage + ": " + done + (total < 0 ? "" : " of " + total));
    }
  }

  private void draw(long done, long total, long seconds) {
    String bar = "";
    if (total > 0) {
      int full = (int) (done * BAR / total);
      bar = " [" + "=".repeat(full) + " ".repeat(BAR - full) + "]";
    }
    String text = stage + bar + " " + done + (total < 0 ? "" : "/" + total) + " " + seconds + " s";
    String cut =
        text.length() > WIDTH ? text.substring(0, WIDTH) : text + " ".repeat(WIDTH - text.length());
    console.err().print("\r" + cut);
    console.err().flush();
    drawn = true;
  }

  private void erase() {
    if (drawn) {
      console.err().print("\r" + " ".repeat(WIDTH) + "\r");
      console.err().flush();
      drawn = false;
    }
  }

  /** Clears the bar, so that something else can be written. */
  void finish() {
    erase();
    stage = null;
  }

  @Override
  public void close() {
    finish();
  }
}
