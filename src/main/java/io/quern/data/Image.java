package io.quern.data;

/**
 * Decoded pixels.
 *
 * @param height rows
 * @param width columns
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param pixels [height, width, channels], each byte 0..255; owned by the image, must not change
 */
public record Image(int height, int width, int channels, byte[] pixels) {
  /** How an image whose size or depth is not the network's is treated. */
  public enum Resize {
    /** It is an error. */
    NONE,
    /** Scaled to the network's height and width, whatever that does to its proportions. */
    STRETCH,
    /** Scaled until it covers the network's height and width, then cut at the centre. */
    CROP
  }

  /** Checks the length. */
  public Image {
    if (height < 1
        || width < 1
        || channels < 1
        || pixels.length != (long) height * width * channels) {
      throw new IllegalArgumentException(
          pixels.length + " bytes for " + height + "x" + width + "x" + channels);
    }
  }

  /**
   * The image at another size: bilinear with half-pixel centres when scaling up; when scaling down
   * the triangle is widened by the scale, so that every pixel of the image counts (as Pillow's
   * BILINEAR does). Pixels outside the image take no part; results are rounded to the nearest pixel
   * value, ties up.
   *
   * @param how STRETCH or CROP
   */
  public Image resized(int newHeight, int newWidth, Resize how) {
    double scaleY = (double) height / newHeight;
    double scaleX = (double) width / newWidth;
    double offsetY = 0;
    double offsetX = 0;
    if (how == Resize.CROP) {
      double scale = Math.min(scaleX, scaleY);
      offsetY = (height - newHeight * scale) / 2;
      offsetX = (width - newWidth * scale) / 2;
      scaleX = scale;
      scaleY = scale;
    }
    float[] rows = new float[height * newWidth * channels];
    for (int x = 0; x < newWidth; x++) {
      Window w = Window.of(width, (x + 0.5) * scaleX + offsetX, scaleX);
      for (int y = 0; y < height; y++) {
        int from = (y * width + w.first) * channels;
        int to = (y * newWidth + x) * channels;
        for (int c = 0; c < channels; c++) {
          float sum = 0;
          for (int i = 0; i < w.weights.length; i++) {
            sum += w.weights[i] * (pixels[from + i * channels + c] & 255);
          }
          rows[to + c] = sum;
        }
      }
    }
    byte[] out = new byte[newHeight * newWidth * channels];
    int rowLength = newWidth * channels;
    for (int y = 0; y < newHeight; y++) {
      Window w = Window.of(height, (y + 0.5) * scaleY + offsetY, scaleY);
      float[] sums = new float[rowLength];
      for (int i = 0; i < w.weights.length; i++) {
        float weight = w.weights[i];
        int from = (w.first + i) * rowLength;
        for (int x = 0; x < rowLength; x++) {
          sums[x] += weight * rows[from + x];
        }
      }
      for (int x = 0; x < rowLength; x++) {
        out[y * rowLength + x] = (byte) Math.min(255, (int) (sums[x] + 0.5f));
      }
    }
    return new Image(newHeight, newWidth, channels, out);
  }

  /**
   * The positions that one output position draws from, and how much of each; weights add up to 1.
   */
  private record Window(int first, float[] weights) {
    static Window of(int size, double center, double scale) {
      double support = Math.max(scale, 1);
      int first = Math.max(0, (int) (center - support + 0.5));
      int end = Math.min(size, (int) (center + support + 0.5));
      float[] weights = new float[Math.max(1, end - first)];
      first = Math.min(first, size - weights.length);
      double total = 0;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (float) Math.max(0, 1 - Math.abs((first + i + 0.5 - center) / support));
        total += weights[i];
      }
      for (int i = 0; i < weights.length; i++) {
        weights[i] = total > 0 ? (float) (weights[i] / total) : 1f / weights.length;
      }
      return new Window(first, weights);
    }
  }

  /**
   * The same image in grey (BT.601 luma) or in three equal channels.
   *
   * @param newChannels 1 or 3
   */
  public Image withChannels(int newChannels) {
    if (newChannels == channels) {
      return this;
    }
    int n = height * width;
    byte[] out = new byte[n * newChannels];
    for (int i = 0; i < n; i++) {
      if (newChannels == 1) {
        double luma =
            0.299 * (pixels[3 * i] & 255)
                + 0.587 * (pixels[3 * i + 1] & 255)
                + 0.114 * (pixels[3 * i + 2] & 255);
        out[i] = (byte) (int) (luma + 0.5);
      } else {
        out[3 * i] = pixels[i];
        out[3 * i + 1] = pixels[i];
        out[3 * i + 2] = pixels[i];
      }
    }
    return new Image(height, width, newChannels, out);
  }
}
