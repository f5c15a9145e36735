package io.quern.target;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/**
 * The constants of a class file. They can be added to, and are written without those that nobody
 * used, in an order that compresses well: kind by kind and sorted, so that neighbours are alike,
 * and the upper bytes of indices.
 *
 * <p>Source: The Java Virtual Machine Specification, section 4.4.
 */
final class ConstantPool {
  private static final int UTF8 = 1;
  private static final int INTEGER = 3;
  private static final int FLOAT = 4;
  private static final int LONG = 5;
  private static final int DOUBLE = 6;
  private static final int CLASS = 7;
  private static final int STRING = 8;
  private static final int FIELD = 9;
  private static final int METHOD = 10;
  private static final int INTERFACE_METHOD = 11;
  private static final int NAME_AND_TYPE = 12;
  private static final int METHOD_HANDLE = 15;
  private static final int METHOD_TYPE = 16;
  private static final int DYNAMIC = 17;
  private static final int INVOKE_DYNAMIC = 18;

  /** Kinds in the order they are written; of the orders tried this compresses best. */
  private static final List<Integer> KINDS =
      List.of(
          CLASS,
          METHOD_HANDLE,
          METHOD_TYPE,
          UTF8,
          INTERFACE_METHOD,
          METHOD,
          FIELD,
          NAME_AND_TYPE,
          DYNAMIC,
          INVOKE_DYNAMIC,
          INTEGER,
          FLOAT,
          LONG,
          DOUBLE,
          STRING);

  /** Greatest index in an instruction that has one byte for it. */
  private static final int SHORT = 255;

  /**
   * A constant.
   *
   * @param data bytes of a text or a number, one in each character; empty for the others
   * @param number kind of a method handle, bootstrap method of a call site; 0 for the others
   * @param parts constants that this one refers to
   */
  private record Constant(int tag, String data, int number, List<Integer> parts) {
    boolean isWide() {
      return tag == LONG || tag == DOUBLE;
    }
  }

  private final List<Constant> constants = new ArrayList<>();
  private final BitSet used = new BitSet();
  private final BitSet inShortLoads = new BitSet();
  private final BitSet bootstraps = new BitSet();

  /** New index of each constant; null as long as uses are noted. */
  private int[] index;

  /**
   * Reads constants.
   *
   * @param in at their number; afterwards behind the last of them
   * @throws IllegalArgumentException for one of unknown kind
   */
  ConstantPool(ByteBuffer in) {
    int count = in.getChar();
    constants.add(null);
    while (constants.size() < count) {
      Constant c = read(in);
      constants.add(c);
      if (c.isWide()) {
        constants.add(null); // it takes two places
      }
    }
  }

  private static Constant read(ByteBuffer in) {
    int tag = in.get();
    return switch (tag) {
      case UTF8 -> new Constant(tag, data(in, in.getChar()), 0, List.of());
      case INTEGER, FLOAT -> new Constant(tag, data(in, 4), 0, List.of());
      case LONG, DOUBLE -> new Constant(tag, data(in, 8), 0, List.of());
      case CLASS, STRING, METHOD_TYPE -> new Constant(tag, "", 0, List.of(part(in)));
      case FIELD, METHOD, INTERFACE_METHOD, NAME_AND_TYPE ->
          new Constant(tag, "", 0, List.of(part(in), part(in)));
      case METHOD_HANDLE -> new Constant(tag, "", in.get(), List.of(part(in)));
      case DYNAMIC, INVOKE_DYNAMIC -> new Constant(tag, "", in.getChar(), List.of(part(in)));
      default -> throw new IllegalArgumentException("constant of unknown kind " + tag);
    };
  }

  private static String data(ByteBuffer in, int length) {
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static int part(ByteBuffer in) {
    return in.getChar();
  }

  /** The text of a constant that is one. */
  String text(int i) {
    return constants.get(i).data;
  }

  /** The name of a class, or of a call site's method. */
  String name(int i) {
    Constant c = constants.get(i);
    return c.tag == CLASS ? text(c.parts.get(0)) : text(constants.get(c.parts.get(0)).parts.get(0));
  }

  /** The constant that stands for a static method of a class; added if it is not there. */
  int method(String owner, String name, String type) {
    int ownerClass = find(CLASS, "", List.of(utf8(owner)));
    return find(
        METHOD, "", List.of(ownerClass, find(NAME_AND_TYPE, "", List.of(utf8(name), utf8(type)))));
  }

  private int utf8(String text) {
    return find(UTF8, text, List.of());
  }

  private int find(int tag, String data, List<Integer> parts) {
    Constant c = new Constant(tag, data, 0, parts);
    int i = constants.indexOf(c);
    if (i < 0) {
      i = constants.size();
      constants.add(c);
    }
    return i;
  }

  // ---- what is used ----

  /** Before {@link #number}: notes a use. After it: the constant's new index. 0 is no constant. */
  int use(int i) {
    if (index != null) {
      return index[i];
    }
    if (i != 0 && !used.get(i)) {
      used.set(i);
      Constant c = constants.get(i);
      if (c.tag == DYNAMIC || c.tag == INVOKE_DYNAMIC) {
        bootstraps.set(c.number);
      }
      c.parts.forEach(this::use);
    }
    return i;
  }

  /** The same, for an instruction that has one byte for the index. */
  int useInShortLoad(int i) {
    inShortLoads.set(i);
    return use(i);
  }

  /** Whether a used call site has a bootstrap method. */
  boolean usesBootstrap(int number) {
    return bootstraps.get(number);
  }

  /** How many constants are in use so far. */
  int uses() {
    return used.cardinality();
  }

  // ---- the new order ----

  /** Gives the used constants their new indices. */
  void number() {
    index = new int[constants.size()];
    int next = 1;
    for (int i : order()) {
      index[i] = next;
      if (inShortLoads.get(i) && next > SHORT) {
        throw new IllegalStateException("constant " + next + " is beyond a short index");
      }
      next += constants.get(i).isWide() ? 2 : 1;
    }
    index[0] = 0;
  }

  /** Used constants in their new order. */
  private List<Integer> order() {
    List<Integer> order = new ArrayList<>(used.stream().boxed().toList());
    int[] place = new int[constants.size()];
    Comparator<Integer> kind = Comparator.comparingInt(this::rank);
    // Each round sorts those that refer to constants which the round before has sorted.
    for (int round = 0; round < 3; round++) {
      order.sort(kind.thenComparing((i, j) -> compare(i, j, place)));
      for (int k = 0; k < order.size(); k++) {
        place[order.get(k)] = k;
      }
    }
    return order;
  }

  private int rank(int i) {
    return inShortLoads.get(i) ? -1 : KINDS.indexOf(constants.get(i).tag);
  }

  /** Texts from their ends; names by their types; members by their classes; others as they were. */
  private int compare(int i, int j, int[] place) {
    Constant a = constants.get(i);
    Constant b = constants.get(j);
    return switch (a.tag != b.tag ? 0 : a.tag) {
      case UTF8 -> reversed(a.data).compareTo(reversed(b.data));
      case NAME_AND_TYPE -> compare(a, b, place, 1);
      case FIELD, METHOD, INTERFACE_METHOD -> compare(a, b, place, 0);
      default -> 0;
    };
  }

  private static int compare(Constant a, Constant b, int[] place, int first) {
    int order = Integer.compare(place[a.parts.get(first)], place[b.parts.get(first)]);
    return order != 0
        ? order
        : Integer.compare(place[a.parts.get(1 - first)], place[b.parts.get(1 - first)]);
  }

  private static String reversed(String text) {
    return new StringBuilder(text).reverse().toString();
  }

  /** Appends the number of constants and the constants. */
  void write(ByteArrayOutputStream out) {
    List<Integer> order = order();
    int last = order.get(order.size() - 1);
    put2(out, index[last] + (constants.get(last).isWide() ? 2 : 1));
    for (int i : order) {
      Constant c = constants.get(i);
      out.write(c.tag);
      switch (c.tag) {
        case UTF8 -> put2(out, c.data.length());
        case METHOD_HANDLE -> out.write(c.number);
        case DYNAMIC, INVOKE_DYNAMIC -> put2(out, bootstraps.get(0, c.number).cardinality());
        default -> {}
      }
      out.writeBytes(c.data.getBytes(StandardCharsets.ISO_8859_1));
      c.parts.forEach(part -> put2(out, index[part]));
    }
  }

  private static void put2(ByteArrayOutputStream out, int x) {
    out.write(x >> 8);
    out.write(x);
  }
}
