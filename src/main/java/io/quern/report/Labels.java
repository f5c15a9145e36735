package io.quern.report;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds places for the labels of points, so that labels overlap neither each other nor a point: the
 * nearest free place around each point, first come, first served.
 */
final class Labels {
  /** A rectangle. */
  private record Box(double left, double top, double right, double bottom) {
    boolean overlaps(Box o) {
      return left < o.right && o.left < right && top < o.bottom && o.top < bottom;
    }

    boolean isInside(Box o) {
      return left >= o.left && right <= o.right && top >= o.top && bottom <= o.bottom;
    }
  }

  /**
   * Where a label stands: its left end and middle.
   *
   * @param far whether a line should join it with its point
   */
  record Place(double x, double y, double width, boolean far) {}

  private static final double HEIGHT = 13;
  private static final double GAP = 8;
  private static final int RINGS = 24;
  private static final int STEPS = 6;

  private final Box bounds;
  private final List<Box> taken = new ArrayList<>();

  Labels(double left, double top, double right, double bottom) {
    this.bounds = new Box(left, top, right, bottom);
  }

  /** Nothing shall cover this point. */
  void avoid(double x, double y) {
    taken.add(new Box(x - 5, y - 5, x + 5, y + 5));
  }

  /** A place for the label of a point; null when there is none left. */
  Place place(double x, double y, double width) {
    for (int ring = 0; ring < RINGS; ring++) {
      double distance = GAP + ring * 7;
      for (int step = 0; step <= STEPS; step++) {
        for (int sign = -1; sign <= (step == 0 ? -1 : 1); sign += 2) {
          double angle = sign * step * Math.PI / 2 / STEPS;
          double dx = distance * Math.cos(angle);
          double cy = y + distance * Math.sin(angle);
          for (double left : new double[] {x + dx, x - dx - width}) {
            if (take(new Box(left, cy - HEIGHT / 2, left + width, cy + HEIGHT / 2))) {
              return new Place(left, cy, width, ring > 1);
            }
          }
        }
      }
    }
    return null;
  }

  private boolean take(Box b) {
    boolean free = b.isInside(bounds) && taken.stream().noneMatch(b::overlaps);
    if (free) {
      taken.add(b);
    }
    return free;
  }
}
