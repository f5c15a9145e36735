package io.quern.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetsTest {
  private static final Preprocessing AS_IS = new Preprocessing(new float[] {0}, new float[] {1});

  @TempDir Path dir;

  private static Graph graph(DataType type, Quantization q, int... dims) {
    Shape s = Shape.of(dims);
    return new Graph(
        "test",
        List.of(Tensor.activation("in", type, s, q), Tensor.activation("out", type, s, q)),
        List.of(new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, 0, 1)),
        List.of(0),
        List.of(1),
        Map.of());
  }

  private static InputFormat format(Image.Resize resize, int... dims) {
    return InputFormat.of(graph(DataType.FLOAT32, null, dims), AS_IS, resize);
  }

  private Path image(String name, int type, int w, int h, String format) {
    try {
      Path p = dir.resolve(name);
      Files.createDirectories(p.getParent());
      BufferedImage b = new BufferedImage(w, h, type);
      for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
          for (int c = 0; c < b.getRaster().getNumBands(); c++) {
            b.getRaster().setSample(x, y, c, c == 3 ? 255 : 10 * y + x + 100 * (c % 3));
          }
        }
      }
      assertTrue(ImageIO.write(b, format, p.toFile()));
      return p;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Sample> all(Dataset d) {
    List<Sample> r = new ArrayList<>();
    d.forEach(r::add);
    assertEquals(d.size(), r.size());
    return r;
  }

  private List<Sample> read(Path p, InputFormat f) {
    return all(Datasets.open(p, f, DataOptions.defaults()));
  }

  private String error(Path p, InputFormat f) {
    DataException e = assertThrows(DataException.class, () -> read(p, f));
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    return e.getMessage().replace(dir.toString(), "DIR");
  }

  @Test
  void greyPngKeepsItsBytes() {
    Path p = image("a.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2, "png");
    assertArrayEquals(
        new float[] {0, 1, 2, 10, 11, 12},
        read(p, format(Image.Resize.NONE, 1, 2, 3, 1)).get(0).inputs()[0]);
  }

  @Test
  void colourIsRedGreenBlue() {
    float[] expected = {0, 100, 200, 1, 101, 201};
    InputFormat f = format(Image.Resize.NONE, 1, 1, 2, 3);
    assertArrayEquals(
        expected,
        read(image("a.png", BufferedImage.TYPE_INT_RGB, 2, 1, "png"), f).get(0).inputs()[0]);
    assertArrayEquals(
        expected,
        read(image("b.png", BufferedImage.TYPE_4BYTE_ABGR, 2, 1, "png"), f).get(0).inputs()[0]);
    assertArrayEquals(
        expected,
        read(image("c.bmp", BufferedImage.TYPE_3BYTE_BGR, 2, 1, "bmp"), f).get(0).inputs()[0]);
    float[] jpeg =
        read(image("d.jpg", BufferedImage.TYPE_INT_RGB, 2, 1, "jpg"), f).get(0).inputs()[0];
    assertEquals(200, jpeg[2], 20);
  }

  @Test
  void wrongSizeAndDepthAreErrorsUnlessResized() {
    Path p = image("a.png", BufferedImage.TYPE_BYTE_GRAY, 8, 4, "png");
    assertEquals(
        "DIR/a.png: the image is 8x4, the model takes 4x4 (width x height; --resize=stretch or --resize=crop scales it)",
        error(p, format(Image.Resize.NONE, 1, 4, 4, 1)));
    assertEquals(
        "DIR/a.png: the image is grey (1 channel), the model takes colour (3 channels) (--resize converts)",
        error(p, format(Image.Resize.NONE, 1, 4, 8, 3)));
    float[] cropped = read(p, format(Image.Resize.CROP, 1, 4, 4, 1)).get(0).inputs()[0];
    assertEquals(2, cropped[0]);
    assertEquals(35, cropped[15]);
    assertEquals(48, read(p, format(Image.Resize.STRETCH, 1, 4, 4, 3)).get(0).inputs()[0].length);
  }

  @Test
  void sixteenBitsAreAnErrorUnlessResized() {
    Path p = image("a.png", BufferedImage.TYPE_USHORT_GRAY, 2, 2, "png");
    assertEquals(
        "DIR/a.png: 16 bits per channel, only 8 are taken (--resize converts)",
        error(p, format(Image.Resize.NONE, 1, 2, 2, 1)));
  }

  @Test
  void resizingAConstantKeepsIt() {
    byte[] pixels = new byte[7 * 13 * 3];
    java.util.Arrays.fill(pixels, (byte) 201);
    for (Image.Resize how : List.of(Image.Resize.STRETCH, Image.Resize.CROP)) {
      for (int size : new int[] {1, 2, 5, 7, 13, 40}) {
        for (byte b : new Image(7, 13, 3, pixels).resized(size, 9, how).pixels()) {
          assertEquals((byte) 201, b);
        }
      }
    }
  }

  @Test
  void damagedAndForeignImages() throws IOException {
    InputFormat f = format(Image.Resize.NONE, 1, 20, 20, 3);
    for (String kind : List.of("png", "jpg", "bmp")) {
      Path p = image("a." + kind, BufferedImage.TYPE_INT_RGB, 20, 20, kind);
      byte[] bytes = Files.readAllBytes(p);
      // The last bytes of a PNG (checksums and end mark) come after the last pixel.
      for (int n = 0; n < bytes.length - (kind.equals("png") ? 24 : 1); n++) {
        Files.write(p, java.util.Arrays.copyOf(bytes, n));
        assertTrue(error(p, f).startsWith("DIR/a." + kind + ": "));
      }
    }
    Path text = Files.writeString(dir.resolve("b.jpg"), "hello");
    assertEquals("DIR/b.jpg: not a PNG, JPEG or BMP image", error(text, f));
  }

  @Test
  void hugeDimensionsAreRefusedBeforeDecoding() throws IOException {
    Path p = image("a.png", BufferedImage.TYPE_BYTE_GRAY, 20, 20, "png");
    byte[] bytes = Files.readAllBytes(p);
    ByteBuffer.wrap(bytes).putInt(16, 60_000).putInt(20, 60_000);
    java.util.zip.CRC32 crc = new java.util.zip.CRC32();
    crc.update(bytes, 12, 17);
    ByteBuffer.wrap(bytes).putInt(29, (int) crc.getValue());
    Files.write(p, bytes);
    assertEquals(
        "DIR/a.png: 60000x60000 pixels; at most 67108864 are read",
        error(p, format(Image.Resize.CROP, 1, 20, 20, 1)));
  }

  @Test
  void subFoldersAreClasses() {
    image("set/cat/1.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    image("set/cat/2.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    image("set/ant/1.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    InputFormat f = format(Image.Resize.NONE, 1, 2, 2, 1);
    Dataset d = Datasets.open(dir.resolve("set"), f, DataOptions.defaults());
    assertEquals(List.of("ant", "cat"), d.classes());
    assertEquals(List.of(0, 1, 1), all(d).stream().map(Sample::label).toList());
    DataOptions named =
        new DataOptions(null, List.of("bee", "cat", "ant"), null, DataOptions.Part.ALL, 0);
    assertEquals(
        List.of(2, 1, 1),
        all(Datasets.open(dir.resolve("set"), f, named)).stream().map(Sample::label).toList());
    DataOptions foreign =
        new DataOptions(null, List.of("bee", "cat"), null, DataOptions.Part.ALL, 0);
    DataException e =
        assertThrows(DataException.class, () -> Datasets.open(dir.resolve("set"), f, foreign));
    assertTrue(
        e.getMessage().endsWith("class \"ant\" is none of the model's 2 labels"), e.getMessage());
    assertEquals(
        2,
        all(Datasets.open(
                dir.resolve("set"),
                f,
                new DataOptions(null, List.of(), null, DataOptions.Part.ALL, 2)))
            .size());
  }

  @Test
  void numberedFoldersAreIndices() {
    image("set/10/1.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    image("set/7/1.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    assertEquals(
        List.of(10, 7),
        read(dir.resolve("set"), format(Image.Resize.NONE, 1, 2, 2, 1)).stream()
            .map(Sample::label)
            .toList());
  }

  @Test
  void emptyAndMixedFolders() throws IOException {
    InputFormat f = format(Image.Resize.NONE, 1, 2, 2, 1);
    assertEquals(
        "DIR: no images (png, jpg, bmp), .bin tensors or IDX files in this folder", error(dir, f));
    assertEquals("DIR/none: no such file or folder", error(dir.resolve("none"), f));
    image("x/1.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    image("2.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    assertEquals(
        "DIR: 1 images beside 1 sub-folders, which are taken for classes; move them",
        error(dir, f));
    Files.write(dir.resolve("a.bin"), new byte[16]);
    assertEquals("DIR: holds 2 images, 1 .bin and 0 IDX files; name one of them", error(dir, f));
  }

  @Test
  void csvLists() throws IOException {
    image("a b.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    image("c.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    InputFormat f = format(Image.Resize.NONE, 1, 2, 2, 1);
    Path csv = dir.resolve("list.csv");
    Files.writeString(csv, "file,label\r\n\"a b.png\",\"x, \"\"y\"\"\"\r\nc.png , z\r\n");
    Dataset d = Datasets.open(csv, f, DataOptions.defaults());
    assertEquals(List.of("x, \"y\"", "z"), d.classes());
    assertEquals(List.of(0, 1), all(d).stream().map(Sample::label).toList());
    Files.writeString(csv, "c.png\n");
    assertEquals(Sample.NO_LABEL, read(csv, f).get(0).label());
    Files.writeString(csv, "c.png,1\nd.png,2\n");
    assertEquals("DIR/list.csv:2: no such file: d.png", error(csv, f));
    Files.writeString(csv, "c.png,1\nc.png\n");
    assertEquals("DIR/list.csv:2: either every line has a label or none: c.png", error(csv, f));
    Files.writeString(csv, "\n# nothing\n");
    assertEquals("DIR/list.csv: lists no files", error(csv, f));
    Files.write(csv, new byte[] {(byte) 0xff, (byte) 0xfe});
    assertEquals("DIR/list.csv: not UTF-8 text", error(csv, f));
  }

  @Test
  void labelsAreCheckedWhereTheyStand() throws IOException {
    InputFormat f = format(Image.Resize.NONE, 1, 2, 3, 1);
    image("a.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2, "png");
    Path csv = Files.writeString(dir.resolve("list.csv"), "file,label\na.png,2\n\na.png,3\n");
    Files.createDirectories(dir.resolve("folder/0"));
    Files.createDirectories(dir.resolve("folder/7"));
    image("folder/0/a.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2, "png");
    image("folder/7/a.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2, "png");
    Path bin = Files.write(dir.resolve("a.bin"), new byte[2 * 24]);
    Path text = Files.writeString(dir.resolve("l.txt"), "0\n5\n");
    Path bytes = Files.write(dir.resolve("l.idx1"), idx(8, new byte[] {0, 5}, 2));
    assertEquals("DIR/list.csv:4: label 3, but the model has 3 outputs", labels(csv, f, null, 3));
    assertEquals("none", labels(csv, f, null, 4));
    assertEquals(
        "DIR/folder/7: label 7, but the model has 7 outputs",
        labels(dir.resolve("folder"), f, null, 7));
    assertEquals("DIR/l.txt:2: label 5, but the model has 5 outputs", labels(bin, f, text, 5));
    assertEquals("DIR/l.idx1 [1]: label 5, but the model has 5 outputs", labels(bin, f, bytes, 5));
    assertEquals("none", labels(bin, f, text, 6));
    assertEquals("none", labels(bin, f, null, 1));
  }

  private String labels(Path data, InputFormat f, Path labels, int classes) {
    Dataset d =
        Datasets.open(data, f, new DataOptions(labels, List.of(), null, DataOptions.Part.ALL, 0));
    try {
      d.requireLabelsBelow(classes);
      return "none";
    } catch (DataException e) {
      return e.getMessage().replace(dir.toString(), "DIR");
    }
  }

  private static byte[] idx(int type, byte[] data, int... dims) {
    ByteBuffer b = ByteBuffer.allocate(4 + 4 * dims.length + data.length);
    b.put((byte) 0).put((byte) 0).put((byte) type).put((byte) dims.length);
    for (int d : dims) {
      b.putInt(d);
    }
    return b.put(data).array();
  }

  private static byte[] gzip(byte[] b) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream z = new GZIPOutputStream(out)) {
      z.write(b);
    }
    return out.toByteArray();
  }

  @Test
  void idxWithLabelsBeside() throws IOException {
    Path p = dir.resolve("t-images-idx3-ubyte.gz");
    Files.write(p, gzip(idx(8, new byte[] {0, 1, 2, 3, 4, 5, 6, (byte) 255}, 2, 2, 2)));
    Files.write(dir.resolve("t-labels-idx1-ubyte.gz"), gzip(idx(8, new byte[] {9, 4}, 2)));
    InputFormat f = format(Image.Resize.NONE, 1, 2, 2, 1);
    for (Path from : List.of(p, dir)) {
      List<Sample> s = read(from, f);
      assertArrayEquals(new float[] {4, 5, 6, 255}, s.get(1).inputs()[0]);
      assertEquals(List.of(9, 4), s.stream().map(Sample::label).toList());
    }
    Dataset one =
        Datasets.open(p, f, new DataOptions(null, List.of(), null, DataOptions.Part.ALL, 1));
    assertEquals(List.of(4), all(one).stream().map(Sample::label).toList());
  }

  @Test
  void idxErrors() throws IOException {
    InputFormat f = format(Image.Resize.NONE, 1, 2, 2, 1);
    Path p = dir.resolve("a.idx3");
    Files.write(p, idx(8, new byte[7], 2, 2, 2));
    assertEquals("DIR/a.idx3: ends in sample 1 of 2", error(p, f));
    Files.write(p, idx(8, new byte[6], 2, 3, 1));
    assertEquals(
        "DIR/a.idx3 [0]: samples are 3x1, the model takes FLOAT32 1x2x2x1 (--resize=stretch or --resize=crop scales them)",
        error(p, f));
    Files.write(p, idx(0xB, new byte[8], 1, 2, 2));
    assertEquals(
        "DIR/a.idx3: IDX type 0x0B; 0x08 (unsigned byte) and 0x0D (float) are read", error(p, f));
    Files.write(p, idx(8, new byte[0], 1, Integer.MAX_VALUE, Integer.MAX_VALUE));
    assertTrue(error(p, f).contains("at most 268435456 are read"));
    Files.write(p, idx(8, new byte[0], -1, 2, 2));
    assertEquals("DIR/a.idx3: dimension 0 is -1", error(p, f));
    Files.write(dir.resolve("a.idx1"), idx(8, new byte[0], Integer.MAX_VALUE));
    Files.write(p, idx(8, new byte[4], 1, 2, 2));
    assertEquals("DIR/a.idx1: 2147483647 labels for 1 samples", error(p, f));
    Files.delete(dir.resolve("a.idx1"));
    byte[] z = gzip(idx(8, new byte[4], 1, 2, 2));
    Files.write(p, java.util.Arrays.copyOf(z, 12));
    assertTrue(error(p, f).startsWith("DIR/a.idx3: "), error(p, f));
  }

  @Test
  void rawTensors() throws IOException {
    Path p = dir.resolve("a.bin");
    ByteBuffer b = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 8; i++) {
      b.putFloat(i / 2f);
    }
    Files.write(p, b.array());
    InputFormat f = format(Image.Resize.NONE, 1, 4);
    assertArrayEquals(new float[] {2, 2.5f, 3, 3.5f}, read(p, f).get(1).inputs()[0]);
    Path labels = Files.writeString(dir.resolve("l.txt"), "3\n1\n");
    assertEquals(
        List.of(3, 1),
        all(Datasets.open(p, f, new DataOptions(labels, List.of(), null, DataOptions.Part.ALL, 0)))
            .stream()
            .map(Sample::label)
            .toList());
    Files.writeString(labels, "3\n");
    DataException e =
        assertThrows(
            DataException.class,
            () ->
                Datasets.open(
                    p, f, new DataOptions(labels, List.of(), null, DataOptions.Part.ALL, 0)));
    assertTrue(e.getMessage().endsWith("l.txt: 1 labels for 2 samples"), e.getMessage());
    Files.write(p, new byte[33]);
    assertEquals(
        "DIR/a.bin: 33 bytes are not a whole number of samples of 16 (FLOAT32 1x4)", error(p, f));
    assertEquals("DIR: 33 bytes", error(dir, f).replace("/a.bin", "").substring(0, 13));
    InputFormat int8 =
        InputFormat.of(
            graph(DataType.INT8, Quantization.perTensor(0.5f, -3), 1, 4), null, Image.Resize.NONE);
    Files.write(p, new byte[] {-3, -2, -1, 127});
    assertArrayEquals(new float[] {0, 0.5f, 1, 65}, read(p, int8).get(0).inputs()[0]);
  }

  @Test
  void floatModelsNeedPreprocessing() {
    Path p = image("a.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    Graph g = graph(DataType.FLOAT32, null, 1, 2, 2, 1);
    assertTrue(error(p, InputFormat.of(g, null, Image.Resize.NONE)).contains("--range"));
    Graph told = new ModelMetadata(Preprocessing.range(-1, 1), List.of("x")).storeIn(g);
    assertEquals(-1, read(p, InputFormat.of(told, null, Image.Resize.NONE)).get(0).inputs()[0][0]);
    assertEquals(List.of("x"), ModelMetadata.of(told).labels());
    assertEquals(
        "{\"input\":{\"mean\":[127.5],\"std\":[127.5]},\"labels\":[\"x\"]}",
        told.metadata().get("quern"));
    assertNull(ModelMetadata.of(g).preprocessing());
  }

  @Test
  void quantizedModelsTakePixelsAsTheyAre() {
    Path p = image("a.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2, "png");
    for (DataType type : List.of(DataType.INT8, DataType.UINT8)) {
      Graph g =
          graph(
              type, Quantization.perTensor(1 / 255f, type == DataType.INT8 ? -128 : 3), 1, 2, 2, 1);
      byte[] q = new byte[4];
      TensorCodec.quantize(
          g.tensor(0), read(p, InputFormat.of(g, null, Image.Resize.NONE)).get(0).inputs()[0], q);
      int least = type.min();
      assertArrayEquals(
          new byte[] {(byte) least, (byte) (least + 1), (byte) (least + 10), (byte) (least + 11)},
          q);
    }
  }

  @Test
  void badMetadataIsOneLine() {
    for (String json :
        List.of(
            "",
            "[]",
            "{\"input\":{\"mean\":[0],\"std\":[0]}}",
            "{\"input\":{}}",
            "{\"labels\":[1]}")) {
      Graph g = graph(DataType.FLOAT32, null, 1, 4);
      Graph bad =
          new Graph("", g.tensors(), g.operators(), g.inputs(), g.outputs(), Map.of("quern", json));
      DataException e = assertThrows(DataException.class, () -> ModelMetadata.of(bad));
      assertTrue(e.getMessage().startsWith("metadata \"quern\": "), e.getMessage());
    }
  }

  @Test
  void quantizationRoundsTiesUpAndClamps() {
    Tensor t = Tensor.activation("t", DataType.INT8, Shape.of(7), Quantization.perTensor(2, 1));
    byte[] q = new byte[7];
    TensorCodec.quantize(t, new float[] {1, -1, 3, -1.1f, 1e30f, -1e30f, Float.NaN}, q);
    assertArrayEquals(new byte[] {2, 1, 3, 0, 127, -128, 1}, q);
  }

  /** Half-way between two levels all of them: programs take the byte less 128, and so do we. */
  @Test
  void pixelsFromMinusOneToOneKeepTheir256Levels() {
    byte[] pixels = new byte[256];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) i;
    }
    for (Quantization p :
        List.of(
            Quantization.perTensor(1 / 127.5f, 0),
            Quantization.perTensor((float) (2 / 255.0), -1))) {
      float[] x = new float[256];
      Preprocessing.range(-1, 1).apply(pixels, 1, x);
      byte[] q = new byte[256];
      TensorCodec.quantize(Tensor.activation("t", DataType.INT8, Shape.of(256), p), x, q);
      int first = p.zeroPoint() - 127; // of -1: -128, pixel 255 is 127
      for (int i = 0; i < q.length; i++) {
        assertEquals(Math.min(127, i + first), q[i], "pixel " + i + ", " + p);
      }
    }
  }

  @Test
  void partsAreDisjointAndCoverTheData() {
    for (int total : new int[] {2, 3, 4, 5, 97, 1000, 5000}) {
      DataOptions o = DataOptions.defaults();
      Selection c = new Selection("x", total, o.withPart(DataOptions.Part.CALIBRATION));
      Selection e = new Selection("x", total, o.withPart(DataOptions.Part.EVALUATION));
      Selection few =
          new Selection("x", total, o.withPart(DataOptions.Part.EVALUATION).withLimit(7));
      int calibration = 0;
      int limited = 0;
      for (int i = 0; i < total; i++) {
        assertTrue(c.contains(i) != e.contains(i));
        calibration += c.contains(i) ? 1 : 0;
        limited += few.contains(i) ? 1 : 0;
        assertTrue(!few.contains(i) || e.contains(i));
      }
      assertEquals(c.size(), calibration);
      assertEquals(total, c.size() + e.size());
      assertEquals(few.size(), limited);
      assertEquals(Math.min(7, e.size()), few.size());
      assertTrue(c.size() <= 512);
    }
    DataException none =
        assertThrows(
            DataException.class,
            () ->
                new Selection(
                    "x", 1, DataOptions.defaults().withPart(DataOptions.Part.EVALUATION)));
    assertEquals(
        "x: 1 samples are too few to divide into calibration and evaluation", none.getMessage());
  }
}
