package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.runtime.Planner;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class ClassShrinkerTest {
  private static final byte[] SOME_BYTES = {1, 2, 3};

  /** All kinds of components. */
  record Everything(
      boolean flag,
      byte b,
      short s,
      char c,
      int i,
      long l,
      float f,
      double d,
      String text,
      List<String> list,
      int[] array) {}

  record Nothing() {}

  /** The compact form of one method, own code for the others. */
  record Mixed(int key, String note) {
    @Override
    public boolean equals(Object o) {
      return o instanceof Mixed m && m.key == key;
    }

    @Override
    public int hashCode() {
      return key;
    }
  }

  /** Many kinds of instructions, constants and attributes. */
  static final class Mixture implements Function<String, String> {
    private static final int HIDDEN = 123_456;
    static final String OWN = "own";
    public static final long SHOWN = 1L << 40;

    enum Colour {
      RED,
      GREEN
    }

    static class Box<T extends Comparable<T>> {
      final T value;

      Box(T value) {
        this.value = value;
      }

      @Deprecated
      public List<T> values() {
        return List.of(value);
      }
    }

    private static int dense(int x) {
      return switch (x) {
        case 3 -> 10;
        case 4 -> 20;
        case 6 -> 30;
        default -> -1;
      };
    }

    private static int sparse(String s) {
      return switch (s) {
        case "a" -> 1;
        case "a text" -> -100_000;
        case "Aa", "BB" -> 7;
        default -> dense(s.length());
      };
    }

    @SuppressWarnings("fallthrough")
    private static double wide(int n) {
      double a0 = 0, a1 = 1, a2 = 2, a3 = 3, a4 = 4, a5 = 5, a6 = 6, a7 = 7;
      long[][][] cube = new long[2][3][n];
      int i = 0;
      for (; i < n; i += 1000) {
        cube[1][2][i] += i;
        a0 += a1 * a2 - a3 / a4 + a5 % a6 + a7;
      }
      i += 30_000;
      return a0 + i + cube[1][2][0] + Math.PI;
    }

    private static String caught(Object o) {
      try {
        return "" + ((Integer) o + HIDDEN);
      } catch (ClassCastException | NullPointerException e) {
        return e.getClass().getSimpleName();
      } finally {
        SOME_BYTES[0]++;
      }
    }

    @Override
    public String apply(String in) {
      StringBuilder out = new StringBuilder();
      IntUnaryOperator twice = x -> 2 * x + in.length();
      Function<Object, String> show = String::valueOf;
      for (String s : new String[] {"a", "a text", "Aa", "BB", "four", "cde", in}) {
        out.append(sparse(s)).append(' ').append(twice.applyAsInt(sparse(s))).append(' ');
      }
      for (Colour c : Colour.values()) {
        out.append(c).append(c == Colour.RED ? "!" : "?");
      }
      Object lock = new Object();
      synchronized (lock) {
        out.append(wide(2001)).append(caught(1)).append(caught("x")).append(caught(null));
      }
      out.append(new Box<>(in).values()).append(show.apply(SHOWN)).append(OWN).append(1.5f);
      return out.append(new Mixed(1, "n")).append((char) 233).toString();
    }
  }

  /** Loads the test's own nested classes anew, made small. */
  private static final class Small extends ClassLoader {
    Small() {
      super(ClassShrinkerTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(ClassShrinkerTest.class.getName())) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      try {
        byte[] code = ClassShrinker.shrink(bytesOf(name));
        return loaded != null ? loaded : defineClass(name, code, 0, code.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  private static byte[] bytesOf(String className) throws IOException {
    String path = "/" + className.replace('.', '/') + ".class";
    try (InputStream in = ClassShrinkerTest.class.getResourceAsStream(path)) {
      return in.readAllBytes();
    }
  }

  private static byte[] bytesOf(Class<?> c) throws IOException {
    return bytesOf(c.getName());
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static Object small(Class<?> c, Object... arguments) throws Exception {
    Constructor<?> constructor = new Small().loadClass(c.getName()).getDeclaredConstructors()[0];
    constructor.setAccessible(true);
    return constructor.newInstance(arguments);
  }

  @Test
  void doesWhatItDid() throws Exception {
    @SuppressWarnings("unchecked")
    Function<String, String> small = (Function<String, String>) small(Mixture.class);
    assertNotEquals(Mixture.class, small.getClass());
    for (String in : List.of("", "a", "something longer")) {
      assertEquals(new Mixture().apply(in), small.apply(in));
    }
    assertEquals(Mixture.class.getSimpleName(), small.getClass().getSimpleName());
    assertEquals(3, small.getClass().getDeclaredClasses().length + 1);
  }

  @Test
  void whatOtherPackagesSeeIsKept() throws Exception {
    Class<?> mixture = new Small().loadClass(Mixture.class.getName());
    List<String> fields = new ArrayList<>();
    Arrays.stream(mixture.getDeclaredFields()).forEach(f -> fields.add(f.getName()));
    assertEquals(List.of("SHOWN"), fields);
    Class<?> box = new Small().loadClass(Mixture.Box.class.getName());
    Method values = box.getDeclaredMethod("values");
    assertEquals("java.util.List<T>", values.getGenericReturnType().toString());
    assertTrue(values.isAnnotationPresent(Deprecated.class));
    assertEquals("T", box.getTypeParameters()[0].getName());
  }

  private static Everything everything(float f, double d, String text) {
    return new Everything(
        true, (byte) -1, (short) 2, 'c', 3, 4L, f, d, text, List.of("x"), new int[0]);
  }

  private static Object[] parts(Everything e) {
    return new Object[] {e.flag, e.b, e.s, e.c, e.i, e.l, e.f, e.d, e.text, e.list, e.array};
  }

  @Test
  void recordsCompareHashAndPrintAsBefore() throws Exception {
    Everything plain = everything(1.5f, -2, "text");
    for (Everything e :
        List.of(plain, everything(Float.NaN, -0.0, null), everything(-0f, Double.NaN, ""))) {
      Constructor<?> constructor =
          small(Everything.class, parts(e)).getClass().getDeclaredConstructors()[0];
      constructor.setAccessible(true);
      Object small = constructor.newInstance(parts(e));
      assertEquals(e.toString(), small.toString());
      assertEquals(e.hashCode(), small.hashCode());
      assertEquals(small, constructor.newInstance(parts(e)));
      assertNotEquals(small, e);
      assertNotEquals(small, null);
      for (Everything other :
          List.of(everything(0f, 0.0, null), everything(1.5f, -2, "texts"), plain)) {
        Object smallOther = constructor.newInstance(parts(other));
        boolean same = Arrays.equals(parts(e), parts(other));
        assertEquals(same, small.equals(smallOther), () -> e + " and " + other);
      }
    }
    assertEquals("Nothing[]", small(Nothing.class).toString());
    assertEquals(0, small(Nothing.class).hashCode());
    assertEquals("Mixed[key=5, note=x]", small(Mixed.class, 5, "x").toString());
    assertEquals(5, small(Mixed.class, 5, "x").hashCode());
  }

  @Test
  void leavesOutDebugTablesAndUnusedConstants() throws IOException {
    for (Class<?> c : List.of(Planner.class, Mixture.class, Everything.class)) {
      byte[] before = bytesOf(c);
      byte[] after = ClassShrinker.shrink(before);
      for (String name : List.of("LineNumberTable", "SourceFile", "MethodParameters")) {
        assertFalse(text(after).contains(name), name);
      }
      assertTrue(text(before).contains("LineNumberTable"));
      assertTrue(after.length < before.length, after.length + " of " + before.length);
      assertArrayEquals(after, ClassShrinker.shrink(after));
    }
    assertFalse(text(ClassShrinker.shrink(bytesOf(Mixture.class))).contains("HIDDEN"));
    assertFalse(text(ClassShrinker.shrink(bytesOf(Everything.class))).contains("ObjectMethods"));
  }

  @Test
  void whatIsNoClassFileOrUnknownFails() throws IOException {
    byte[] whole = bytesOf(Planner.class);
    for (byte[] bad : List.of(new byte[0], new byte[20], Arrays.copyOf(whole, whole.length + 1))) {
      assertThrows(IllegalArgumentException.class, () -> ClassShrinker.shrink(bad));
    }
    for (int n = 10; n < whole.length; n += 97) {
      byte[] cut = Arrays.copyOf(whole, n);
      assertThrows(RuntimeException.class, () -> ClassShrinker.shrink(cut));
    }
    byte[] unknown =
        text(whole).replace("StackMapTable", "StackMapTablo").getBytes(StandardCharsets.ISO_8859_1);
    RuntimeException e =
        assertThrows(IllegalArgumentException.class, () -> ClassShrinker.shrink(unknown));
    assertEquals("unknown attribute StackMapTablo", e.getMessage());
  }
}
