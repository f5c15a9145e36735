package io.quern.data;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a network takes, and how files become that. Immutable.
 *
 * <p>Pixels become real numbers by the given pre-processing; without one, by the model's metadata;
 * without that, a network with 8-bit input takes them as they are (0..255 for UINT8, less 128 for
 * INT8), and one with float input is an error, because a guess would be silently wrong.
 */
public final class InputFormat {
  private final List<Tensor> inputs;
  private final Preprocessing preprocessing;
  private final Image.Resize resize;

  private InputFormat(List<Tensor> inputs, Preprocessing preprocessing, Image.Resize resize) {
    this.inputs = inputs;
    this.preprocessing = preprocessing;
    this.resize = resize;
  }

  /**
   * The format of a graph's inputs.
   *
   * @param preprocessing null for what the model says
   */
  public static InputFormat of(Graph graph, Preprocessing preprocessing, Image.Resize resize) {
    List<Tensor> inputs = new ArrayList<>();
    for (int t : graph.inputs()) {
      inputs.add(graph.tensor(t));
    }
    Preprocessing p =
        preprocessing != null ? preprocessing : ModelMetadata.of(graph).preprocessing();
    if (p == null && inputs.size() == 1) {
      p = ofQuantized(inputs.get(0));
    }
    return new InputFormat(List.copyOf(inputs), p, resize);
  }

  private static Preprocessing ofQuantized(Tensor t) {
    Quantization q = t.quantization();
    if (!t.type().isQuantized8() || q == null) {
      return null;
    }
    int least = t.type() == DataType.INT8 ? 128 : 0;
    return new Preprocessing(new float[] {q.zeroPoint() + least}, new float[] {1 / q.scale()});
  }

  /** The pre-processing in force, or null when nothing says one. */
  public Preprocessing preprocessing() {
    return preprocessing;
  }

  /** The input tensors, in the network's order. */
  public List<Tensor> inputs() {
    return inputs;
  }

  /** Elements of each input. */
  public int[] elements() {
    return inputs.stream().mapToInt(t -> t.shape().elements()).toArray();
  }

  /** Whether an image can be the input: one tensor [1, H, W, C] with 1 or 3 channels. */
  public boolean takesImages() {
    if (inputs.size() != 1) {
      return false;
    }
    Shape s = inputs.get(0).shape();
    return s.rank() == 4 && s.dim(0) == 1 && (s.dim(3) == 1 || s.dim(3) == 3);
  }

  private String text() {
    StringBuilder s = new StringBuilder();
    for (Tensor t : inputs) {
      s.append(s.isEmpty() ? "" : " and ").append(t.type()).append(' ').append(t.shape());
    }
    return s.toString();
  }

  private Preprocessing requirePreprocessing(String source, int channels) {
    if (preprocessing == null) {
      throw new DataException(
          source
              + ": the model does not say how pixels become its float inputs: give --range=LOW,HIGH (such as --range=0,1) or"
              + " --mean=M --std=S");
    }
    if (preprocessing.channels() != 0 && preprocessing.channels() != channels) {
      throw new DataException(
          source
              + ": "
              + preprocessing.channels()
              + " means or standard deviations for "
              + channels
              + " channels");
    }
    return preprocessing;
  }

  /**
   * The inputs that an image file makes.
   *
   * @throws DataException if the network takes no image, or the file is not a readable image of the
   *     right size and depth
   */
  public float[][] fromImage(Path file) {
    if (!takesImages()) {
      throw new DataException(
          file + ": the model takes " + text() + ", not an image (--raw-input gives raw tensors)");
    }
    Shape s = inputs.get(0).shape();
    Preprocessing p = requirePreprocessing(file.toString(), s.dim(3));
    Image image = ImageFiles.read(file, s.dim(1), s.dim(2), s.dim(3), resize);
    float[] x = new float[s.elements()];
    p.apply(image.pixels(), s.dim(3), x);
    return new float[][] {x};
  }

  /**
   * The inputs that pixels make.
   *
   * @param dims [H, W], [H, W, C] or any other dimensions of as many elements as the network's one
   *     input
   * @param pixels each byte 0..255
   * @throws DataException if the dimensions do not fit
   */
  public float[][] fromPixels(String source, int[] dims, byte[] pixels) {
    if (inputs.size() != 1) {
      throw new DataException(source + ": the model takes " + text() + ", not pixels");
    }
    Shape s = inputs.get(0).shape();
    int channels = s.rank() == 4 ? s.dim(3) : 1;
    Preprocessing p = requirePreprocessing(source, channels);
    byte[] fitting = pixels;
    boolean same = fits(s, dims);
    if (!same
        && takesImages()
        && dims.length >= 2
        && dims.length <= 3
        && resize != Image.Resize.NONE) {
      int c = dims.length == 3 ? dims[2] : 1;
      if (c != 1 && c != 3) {
        throw new DataException(source + ": " + c + " channels; 1 or 3 can be resized");
      }
      Image image = new Image(dims[0], dims[1], c, pixels).withChannels(channels);
      fitting = image.resized(s.dim(1), s.dim(2), resize).pixels();
    } else if (!same) {
      throw new DataException(
          source
              + ": samples are "
              + Shape.of(dims)
              + ", the model takes "
              + text()
              + (takesImages() ? " (--resize=stretch or --resize=crop scales them)" : ""));
    }
    float[] x = new float[s.elements()];
    p.apply(fitting, channels, x);
    return new float[][] {x};
  }

  /**
   * The inputs that one sample of numbers makes, without pre-processing.
   *
   * @throws DataException if the dimensions do not fit
   */
  public float[][] fromFloats(String source, int[] dims, float[] values) {
    if (inputs.size() != 1 || !fits(inputs.get(0).shape(), dims)) {
      throw new DataException(
          source + ": samples are " + Shape.of(dims) + ", the model takes " + text());
    }
    return new float[][] {values};
  }

  /** Whether the dimensions are those of the shape when dimensions of 1 are dropped. */
  private static boolean fits(Shape s, int[] dims) {
    int[] a = Arrays.stream(s.toArray()).filter(d -> d != 1).toArray();
    int[] b = Arrays.stream(dims).filter(d -> d != 1).toArray();
    return Arrays.equals(a, b) || (b.length == 1 && b[0] == s.elements());
  }

  /**
   * The element type of raw files for an input: {@code type}, or the tensor's own when {@code type}
   * is null.
   */
  private static DataType rawType(Tensor t, DataType type) {
    return type == null ? t.type() : type;
  }

  /** Bytes that one sample of raw tensors takes: all inputs, one after the other. */
  public long recordBytes(DataType type) {
    long n = 0;
    for (Tensor t : inputs) {
      n += (long) t.shape().elements() * rawType(t, type).bytes();
    }
    return n;
  }

  /**
   * The inputs in one raw record: the elements of all inputs, one after the other, little endian.
   *
   * @param type element type of the file, or null for each tensor's own
   * @param record {@link #recordBytes} bytes
   */
  public float[][] fromRaw(DataType type, byte[] record) {
    float[][] r = new float[inputs.size()][];
    int at = 0;
    for (int i = 0; i < r.length; i++) {
      Tensor t = inputs.get(i);
      DataType elementType = rawType(t, type);
      int n = t.shape().elements() * elementType.bytes();
      r[i] = TensorCodec.decode(t, elementType, Arrays.copyOfRange(record, at, at + n));
      at += n;
    }
    return r;
  }
}
