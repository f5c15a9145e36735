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

    /** From a point outside to the nearest edge; 0 inside. */
    double distance(double x, double y) {
      double dx = Math.max(0, Math.max(left - x, x - right));
      double dy = Math.max(0, Math.max(top - y, y - bottom));
      return Math.hypot(dx, dy);
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

  /** Rings in which a label that belongs to no other point is looked for. */
  private static final int CLOSE = 4;

  /** Between two labels on a line. */
  private static final double BESIDE = 4;

  private final Box bounds;
  private final List<Box> marks = new ArrayList<>();
  private final List<Box> labels = new ArrayList<>();
  private final List<double[]> points = new ArrayList<>();

  Labels(double left, double top, double right, double bottom) {
    this.bounds = new Box(left, top, right, bottom);
  }

  /** Nothing shall cover this point. */
  void avoid(double x, double y) {
    points.add(new double[] {x, y});
    marks.add(new Box(x - 5, y - 5, x + 5, y + 5));
  }

  /**
   * A place for the label of a point: one that is nearer to it than to any other point, if there is
   * one close by, else the nearest free one, with a line. Null when there is none left.
   */
  Place place(double x, double y, double width) {
    Place p = place(x, y, width, CLOSE, true);
    return p != null ? p : place(x, y, width, RINGS, false);
  }

  private Place place(double x, double y, double width, int rings, boolean own) {
    for (int ring = 0; ring < rings; ring++) {
      double distance = GAP + ring * 7;
      for (int step = 0; step <= STEPS; step++) {
        for (int sign = -1; sign <= (step == 0 ? -1 : 1); sign += 2) {
          double angle = sign * step * Math.PI / 2 / STEPS;
          double dx = distance * Math.cos(angle);
          double cy = y + distance * Math.sin(angle);
          for (double left : new double[] {x + dx, x - dx - width}) {
            Box b = new Box(left, cy - HEIGHT / 2, left + width, cy + HEIGHT / 2);
            boolean nearest = isNearest(b, x, y);
            if ((nearest || !own) && take(b)) {
              return new Place(left, cy, width, ring > 1 || !nearest);
            }
          }
        }
      }
    }
    return null;
  }

  /** Whether a point is clearly nearer to a label than all others are. */
  private boolean isNearest(Box b, double x, double y) {
    double own = b.distance(x, y);
    return points.stream()
        .allMatch(p -> p[0] == x && p[1] == y || b.distance(p[0], p[1]) > own + 2);
  }

  private boolean take(Box b) {
    Box wide = new Box(b.left - BESIDE, b.top, b.right + BESIDE, b.bottom);
    boolean free =
        b.isInside(bounds)
            && marks.stream().noneMatch(b::overlaps)
            && labels.stream().noneMatch(wide::overlaps);
    if (free) {
      labels.add(b);
    }
    return free;
  }
}
