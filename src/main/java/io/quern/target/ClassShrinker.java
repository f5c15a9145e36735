package io.quern.target;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * Makes class files smaller without changing what they do. Left out are line numbers, local
 * variables, parameter names and file names (stack traces then name classes and methods, not
 * lines); generic types of members that other packages cannot see; nested classes that are others'
 * and only used here; constants of this package, whose values the compiler has put where they are
 * used; and what of the constant pool is then unused. {@code equals}, {@code hashCode} and {@code
 * toString} that the compiler generated for a record become calls of {@code RecordMethods}.
 *
 * <p>Source: The Java Virtual Machine Specification, chapters 4 and 6.
 */
final class ClassShrinker {
  private static final Set<String> LEFT_OUT =
      Set.of(
          "SourceFile",
          "LineNumberTable",
          "LocalVariableTable",
          "LocalVariableTypeTable",
          "MethodParameters");

  private static final int MAGIC = 0xCAFEBABE;
  private static final int PUBLIC_OR_PROTECTED = 0x5;
  private static final int STATIC_FINAL = 0x18;

  // Instructions.
  private static final int LDC = 18;
  private static final int LDC_W = 19;
  private static final int LDC2_W = 20;
  private static final int IINC = 132;
  private static final int TABLESWITCH = 170;
  private static final int LOOKUPSWITCH = 171;
  private static final int GETSTATIC = 178;
  private static final int INVOKESTATIC = 184;
  private static final int INVOKEDYNAMIC = 186;
  private static final int NEW = 187;
  private static final int ANEWARRAY = 189;
  private static final int CHECKCAST = 192;
  private static final int INSTANCEOF = 193;
  private static final int WIDE = 196;
  private static final int MULTIANEWARRAY = 197;

  /** Bytes of each instruction; 0 for the three whose length varies. */
  private static final String LENGTHS =
      "1".repeat(16) // constants
          + "23233" // BIPUSH to LDC2_W
          + ("22222" + "1".repeat(28)).repeat(2) // loads, stores
          + "1".repeat(45) // stack, arithmetic
          + "3" // IINC
          + "1".repeat(20) // conversions, comparisons
          + "3".repeat(16) // branches
          + "200" // RET, switches
          + "1".repeat(6) // returns
          + "3".repeat(7) // GETSTATIC to INVOKESTATIC
          + "55323" // INVOKEINTERFACE to ANEWARRAY
          + "113311" // ARRAYLENGTH to MONITOREXIT
          + "0" // WIDE
          + "43355"; // MULTIANEWARRAY to JSR_W

  private final ByteBuffer in;
  private final ConstantPool pool;
  private ByteArrayOutputStream out;

  /** Constant of the class itself. */
  private int self;

  private boolean isRecord;

  /** Name of the method that is being copied. */
  private String method = "";

  private ClassShrinker(byte[] classFile) {
    in = ByteBuffer.wrap(classFile);
    if (classFile.length < 10 || in.getInt() != MAGIC) {
      throw new IllegalArgumentException("not a class file");
    }
    in.position(8);
    pool = new ConstantPool(in);
  }

  /**
   * The smaller class file.
   *
   * @throws IllegalArgumentException if it is no class file, or has an attribute or instruction
   *     that is not known here
   * @throws java.nio.BufferUnderflowException if it ends early
   */
  static byte[] shrink(byte[] classFile) {
    ClassShrinker s = new ClassShrinker(classFile);
    int body = s.in.position();
    for (int uses = -1; uses < s.pool.uses(); ) { // bootstrap methods may use others
      uses = s.pool.uses();
      s.body(body);
    }
    s.pool.number();
    byte[] rest = s.body(body);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(classFile, 0, 8);
    s.pool.write(all);
    all.writeBytes(rest);
    return all.toByteArray();
  }

  /** What follows the constants, with the indices that the pool gives. */
  private byte[] body(int start) {
    in.position(start);
    out = new ByteArrayOutputStream();
    copy(2);
    self = in.getChar(start + 2);
    int parent = in.getChar(start + 4);
    isRecord = parent != 0 && pool.name(parent).equals("java/lang/Record");
    use(2);
    use(copyCount());
    counted(this::fields);
    for (int i = copyCount(); i > 0; i--) {
      method = pool.text(in.getChar(in.position() + 2));
      member();
    }
    attributes(PUBLIC_OR_PROTECTED);
    if (in.hasRemaining()) {
      throw new IllegalArgumentException(in.remaining() + " bytes after the class");
    }
    return out.toByteArray();
  }

  // ---- copying ----

  private void put2(int x) {
    out.write(x >> 8);
    out.write(x);
  }

  private void copy(int n) {
    int at = in.position();
    in.position(at + n);
    out.write(in.array(), at, n);
  }

  private int copyCount() {
    int count = in.getChar();
    put2(count);
    return count;
  }

  /** Copies references to n constants. */
  private void use(int n) {
    for (int i = 0; i < n; i++) {
      put2(pool.use(in.getChar()));
    }
  }

  /** Writes how many elements were kept, and then what {@code elements} wrote of them. */
  private int counted(IntSupplier elements) {
    ByteArrayOutputStream outer = out;
    out = new ByteArrayOutputStream();
    int kept = elements.getAsInt();
    byte[] content = out.toByteArray();
    out = outer;
    put2(kept);
    out.writeBytes(content);
    return kept;
  }

  // ---- fields, methods ----

  private int fields() {
    int kept = 0;
    for (int i = in.getChar(); i > 0; i--) {
      int access = in.getChar(in.position());
      if ((access & (STATIC_FINAL | PUBLIC_OR_PROTECTED)) == STATIC_FINAL && isConstant()) {
        in.position(in.position() + 6);
        skipAttributes();
      } else {
        member();
        kept++;
      }
    }
    return kept;
  }

  /** Whether the next field has a constant value. */
  private boolean isConstant() {
    int at = in.position() + 8;
    for (int i = in.getChar(at - 2); i > 0; i--) {
      if (pool.text(in.getChar(at)).equals("ConstantValue")) {
        return true;
      }
      at += 6 + in.getInt(at + 2);
    }
    return false;
  }

  private void member() {
    int access = in.getChar(in.position());
    copy(2);
    use(2);
    attributes(access);
  }

  // ---- attributes ----

  private void skipAttributes() {
    for (int i = in.getChar(); i > 0; i--) {
      in.position(in.position() + 6 + in.getInt(in.position() + 2));
    }
  }

  private void attributes(int access) {
    counted(
        () -> {
          int kept = 0;
          for (int i = in.getChar(); i > 0; i--) {
            kept += attribute(access) ? 1 : 0;
          }
          return kept;
        });
  }

  /** Copies an attribute; false if it is left out. */
  private boolean attribute(int access) {
    int nameIndex = in.getChar();
    String name = pool.text(nameIndex);
    int length = in.getInt();
    int end = in.position() + length;
    ByteArrayOutputStream outer = out;
    out = new ByteArrayOutputStream();
    boolean keep =
        !LEFT_OUT.contains(name)
            && !(name.equals("Signature") && (access & PUBLIC_OR_PROTECTED) == 0)
            && content(name);
    byte[] content = out.toByteArray();
    out = outer;
    if (keep) {
      if (in.position() != end) {
        throw new IllegalArgumentException(name + " has not the length it claims");
      }
      put2(pool.use(nameIndex));
      put2(content.length >> 16);
      put2(content.length);
      out.writeBytes(content);
    }
    in.position(end);
    return keep;
  }

  /** Copies what is in an attribute; false if nothing is left of it. */
  private boolean content(String name) {
    switch (name) {
      case "Code" -> code();
      case "StackMapTable" -> frames();
      case "InnerClasses" -> {
        return counted(this::nestedClasses) > 0;
      }
      case "BootstrapMethods" -> {
        return counted(this::bootstrapMethods) > 0;
      }
      case "Record" -> {
        for (int i = copyCount(); i > 0; i--) {
          use(2);
          attributes(PUBLIC_OR_PROTECTED);
        }
      }
      case "RuntimeVisibleAnnotations" -> {
        for (int i = copyCount(); i > 0; i--) {
          use(1);
          if (copyCount() > 0) {
            throw new IllegalArgumentException("annotation with elements");
          }
        }
      }
      case "Exceptions", "NestMembers", "PermittedSubclasses" -> use(copyCount());
      case "EnclosingMethod" -> use(2);
      case "ConstantValue", "NestHost", "Signature" -> use(1);
      case "Deprecated", "Synthetic" -> {}
      default -> throw new IllegalArgumentException("unknown attribute " + name);
    }
    return true;
  }

  private int nestedClasses() {
    int kept = 0;
    for (int i = in.getChar(); i > 0; i--) {
      int at = in.position();
      if (in.getChar(at) == self || in.getChar(at + 2) == self) {
        use(3);
        copy(2);
        kept++;
      } else {
        in.position(at + 8);
      }
    }
    return kept;
  }

  private int bootstrapMethods() {
    int kept = 0;
    int count = in.getChar();
    for (int i = 0; i < count; i++) {
      if (pool.usesBootstrap(i)) {
        use(1);
        use(copyCount());
        kept++;
      } else {
        in.position(in.position() + 4 + 2 * in.getChar(in.position() + 2));
      }
    }
    return kept;
  }

  private void frames() {
    for (int i = copyCount(); i > 0; i--) {
      int type = in.get(in.position()) & 255;
      copy(1);
      if (type >= 128 && type < 247) {
        throw new IllegalArgumentException("unknown stack frame " + type);
      }
      copy(type >= 247 ? 2 : 0);
      if (type == 255) {
        verificationTypes(copyCount());
        verificationTypes(copyCount());
      } else if (type > 251) {
        verificationTypes(type - 251);
      } else if (type >= 64 && type <= 247) {
        verificationTypes(1);
      }
    }
  }

  private void verificationTypes(int n) {
    for (int i = 0; i < n; i++) {
      int tag = in.get(in.position());
      copy(1);
      switch (tag) {
        case 7 -> use(1); // of a class
        case 8 -> copy(2); // not initialised
        default -> {}
      }
    }
  }

  // ---- code ----

  private void code() {
    int start = in.position() + 8;
    int end = start + in.getInt(start - 4);
    if (isRecord && isGenerated(start, end)) {
      callRecordMethods(start, end);
      return;
    }
    copy(8);
    while (in.position() < end) {
      instruction(start);
    }
    for (int i = copyCount(); i > 0; i--) { // exception handlers
      copy(6);
      use(1);
    }
    attributes(PUBLIC_OR_PROTECTED);
  }

  /** ALOAD_0, for equals ALOAD_1; a call site named like the method; a return. */
  private boolean isGenerated(int start, int end) {
    int site = method.equals("equals") ? start + 2 : start + 1;
    return Set.of("equals", "hashCode", "toString").contains(method)
        && end == site + 6
        && (in.get(site) & 255) == INVOKEDYNAMIC
        && pool.name(in.getChar(site + 1)).equals(method);
  }

  private void callRecordMethods(int start, int end) {
    String type =
        switch (method) {
          case "equals" -> "(Ljava/lang/Record;Ljava/lang/Object;)Z";
          case "hashCode" -> "(Ljava/lang/Record;)I";
          default -> "(Ljava/lang/Record;)Ljava/lang/String;";
        };
    int site = end - 6;
    copy(4);
    put2(0);
    put2(end - start - 2);
    in.position(start);
    copy(site - start);
    out.write(INVOKESTATIC);
    put2(pool.use(pool.method("io/quern/model/RecordMethods", method, type)));
    in.position(end - 1);
    copy(3); // return, no handlers
    skipAttributes();
    put2(0);
  }

  private void instruction(int start) {
    int at = in.position();
    int op = in.get(at) & 255;
    if (op >= LENGTHS.length()) {
      throw new IllegalArgumentException("unknown instruction " + op);
    }
    switch (op) {
      case LDC -> {
        copy(1);
        out.write(pool.useInShortLoad(in.get() & 255));
      }
      case WIDE -> copy((in.get(at + 1) & 255) == IINC ? 6 : 4);
      case TABLESWITCH, LOOKUPSWITCH -> {
        int aligned = start + (at - start + 4 & -4);
        int first = in.getInt(aligned + 4);
        copy(
            aligned
                - at
                + (op == TABLESWITCH
                    ? 12 + 4 * (in.getInt(aligned + 8) - first + 1)
                    : 8 + 8 * first));
      }
      default -> {
        int length = LENGTHS.charAt(op) - '0';
        copy(1);
        if (takesConstant(op)) {
          use(1);
          length -= 2;
        }
        copy(length - 1);
      }
    }
  }

  private static boolean takesConstant(int op) {
    return switch (op) {
      case LDC_W, LDC2_W, ANEWARRAY, CHECKCAST, INSTANCEOF, MULTIANEWARRAY -> true;
      default -> op >= GETSTATIC && op <= NEW;
    };
  }
}
