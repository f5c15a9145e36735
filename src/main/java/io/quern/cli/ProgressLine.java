package io.quern.cli;

import io.quern.calibrate.Progress;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Progress on stderr, only for work that takes longer than a moment: a bar on a terminal, else a
 * line every few seconds. Close it before writing anything else.
 */
final class ProgressLine implements Progress, AutoCloseable {
  private static final long PATIENCE_NANOS = 1_500_000_000L;
  private static final long LINE_NANOS = 5_000_000_000L;

  private final Console console;
  private final boolean quiet;
  private String stage;
  private long started;
  private long lastLine;
  private ProgressBar bar;

  ProgressLine(Console console, boolean quiet) {
    this.console = console;
    this.quiet = quiet;
  }

  @Override
  public void report(String newStage, long done, long total) {
    if (quiet) {
      return;
    }
    long now = System.nanoTime();
    if (!newStage.equals(stage)) {
      closeBar();
      stage = newStage;
      started = now;
      lastLine = now;
    }
    if (done >= total && total >= 0) {
      if (bar != null) {
        bar.stepTo(done);
      }
      closeBar();
    } else if (console.terminal()) {
      if (bar == null && now - started > PATIENCE_NANOS) {
        bar =
            new ProgressBarBuilder()
                .setTaskName(stage)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .clearDisplayOnFinish()
                .setConsumer(new ConsoleProgressBarConsumer(console.err(), 80))
                .build();
      }
      if (bar != null) {
        bar.stepTo(done);
      }
    } else if (now - lastLine > LINE_NANOS) {
      lastLine = now;
      console.say(stage + ": " + done + (total < 0 ? "" : " of " + total));
    }
  }

  private void closeBar() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  /** Clears the bar, so that something else can be written. */
  void finish() {
    closeBar();
    stage = null;
  }

  @Override
  public void close() {
    finish();
  }
}
