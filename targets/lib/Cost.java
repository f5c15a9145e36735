import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns what {@code targets/cost} recorded into tables: instructions per operation, counted, and
 * cycles per operation, modelled by llvm-mca on the machine code that ran. Started from source, so
 * it needs no build.
 *
 * <p>The cycles of a region are the sum over its runs of code (blocks that follow one another in
 * memory and ran equally often) of executions times llvm-mca's cycles for the run when it repeats.
 * That fits loops, which is where kernels spend their time; it knows no cache misses, no memory, no
 * wrong predictions, and no other core.
 */
final class Cost {
  private static final int ITERATIONS = 200;
  private static final String LLVM_RELEASE = System.getProperty("llvm.release");

  /**
   * Blocks that make up this share of a region's instructions are modelled, and the result is
   * scaled up.
   */
  private static final double COVER = 0.995;

  private record Model(String triple, String attributes, int sentinel) {}

  private static final Model AARCH64 =
      new Model("aarch64", "+all", 0xd4200000 | 0xbeef << 5); // brk #0xbeef
  private static final Model ARM =
      new Model("armv7a", "+neon,+vfp4,+hwdiv-arm,+hwdiv", 0xe12bee7f); // bkpt #0xbeef

  /** Code that ran, at an address, as a region's report has it. */
  private record Code(long address, long executions, int instructions, byte[] bytes) {
    long executed() {
      return executions * instructions;
    }

    boolean fixedWidth() {
      return bytes.length == 4 * instructions;
    }
  }

  private static final class Region {
    long operations;
    long instructions;
    final List<Code> code = new ArrayList<>();
  }

  private record Compiled(long from, long to, String method, String how) {}

  /** One run of the program: a board, a Java release, what was counted. */
  private record Recording(
      String board,
      String jdk,
      String arch,
      int clockMhz,
      List<String> cpus,
      Map<Integer, String> names,
      Map<Integer, Region> regions,
      List<Compiled> compiled) {}

  /** A line of the table for one board. */
  private record Line(
      double instructions, double lowCycles, double highCycles, int clockMhz, double optimised) {}

  public static void main(String[] args) throws IOException, InterruptedException {
    // How many pieces of code to list, the folder of the llvm tools, then the folders of the
    // recordings.
    int top = Integer.parseInt(args[0]);
    List<Recording> recordings = new ArrayList<>();
    for (int i = 2; i < args.length; i++) {
      recordings.add(read(Path.of(args[i])));
    }
    String tools = args[1];
    Map<String, Map<String, Line>> table = new LinkedHashMap<>();
    List<String> boards = new ArrayList<>();
    StringBuilder details = new StringBuilder();
    for (Recording r : recordings) {
      if (!boards.contains(r.board)) {
        boards.add(r.board);
      }
      for (Map.Entry<Integer, Region> e : r.regions.entrySet()) {
        String name = r.names.getOrDefault(e.getKey(), "region " + e.getKey());
        Line line = line(tools, r, name, e.getValue(), top, details);
        table.computeIfAbsent(name + " | " + r.jdk, k -> new HashMap<>()).put(r.board, line);
      }
    }
    if (table.isEmpty()) {
      System.err.println("cost: the program ran, but closed no region with CostMark");
      System.exit(1);
    }
    print(table, boards, recordings);
    System.out.print(details);
  }

  private static void print(
      Map<String, Map<String, Line>> table, List<String> boards, List<Recording> recordings) {
    StringBuilder head = new StringBuilder("| kernel | JDK |");
    StringBuilder rule = new StringBuilder("|---|---|");
    for (String board : boards) {
      Recording r = recordings.stream().filter(x -> x.board.equals(board)).findFirst().get();
      head.append(" ").append(board).append(" insn/op | ");
      head.append(r.cpus.isEmpty() ? "cycles/op" : "cycles/op (" + String.join(", ", r.cpus) + ")");
      head.append(" | Gop/s at ").append(r.clockMhz).append(" MHz | C2 |");
      rule.append("---:|---:|---:|---:|");
    }
    System.out.println(head);
    System.out.println(rule);
    for (Map.Entry<String, Map<String, Line>> e : table.entrySet()) {
      StringBuilder row = new StringBuilder("| " + e.getKey() + " |");
      for (String board : boards) {
        Line l = e.getValue().get(board);
        if (l == null) {
          row.append(" - | - | - | - |");
        } else if (Double.isNaN(l.lowCycles)) {
          row.append(
              String.format(
                  Locale.ROOT, " %s | - | - | %.0f%% |", figure(l.instructions), l.optimised));
        } else {
          row.append(
              String.format(
                  Locale.ROOT,
                  " %s | %s | %s | %.0f%% |",
                  figure(l.instructions),
                  range(l.lowCycles, l.highCycles),
                  range(l.clockMhz / 1000.0 / l.highCycles, l.clockMhz / 1000.0 / l.lowCycles),
                  l.optimised));
        }
      }
      System.out.println(row);
    }
  }

  private static String range(double low, double high) {
    String a = figure(low);
    String b = figure(high);
    return a.equals(b) ? a : a + "-" + b;
  }

  /** Three significant digits, and never an exponent. */
  private static String figure(double x) {
    return String.format(
        Locale.ROOT, x >= 100 ? "%.0f" : x >= 10 ? "%.1f" : x >= 1 ? "%.2f" : "%.3f", x);
  }

  private static Line line(
      String tools, Recording r, String name, Region region, int top, StringBuilder details)
      throws IOException, InterruptedException {
    List<Code> runs = runs(region.code);
    runs.sort(Comparator.comparingLong(Code::executed).reversed());
    long covered = 0;
    List<Code> hot = new ArrayList<>();
    for (Code c : runs) {
      if (covered >= COVER * region.instructions) {
        break;
      }
      hot.add(c);
      covered += c.executed();
    }
    Model model = r.arch.equals("armhf") ? ARM : AARCH64;
    List<List<String>> text = disassemble(tools, model, hot);
    double low = Double.NaN;
    double high = Double.NaN;
    List<double[]> cycles = new ArrayList<>();
    for (String cpu : r.cpus) {
      double[] each = cycles(tools, model, cpu, text);
      cycles.add(each);
      double sum = 0;
      long modelled = 0;
      for (int i = 0; i < each.length; i++) {
        if (!Double.isNaN(each[i])) {
          sum += each[i] * hot.get(i).executions;
          modelled += hot.get(i).executed();
        }
      }
      double perOperation = sum / modelled * region.instructions / Math.max(1, region.operations);
      low = Double.isNaN(low) ? perOperation : Math.min(low, perOperation);
      high = Double.isNaN(high) ? perOperation : Math.max(high, perOperation);
    }
    long optimised = 0;
    for (Code c : region.code) {
      if (owner(r.compiled, c.address).how.equals("C2")) {
        optimised += c.executed();
      }
    }
    if (top > 0) {
      details
          .append("\n")
          .append(name)
          .append(", JDK ")
          .append(r.jdk)
          .append(", ")
          .append(r.board)
          .append("\n");
      for (int i = 0; i < Math.min(top, hot.size()); i++) {
        Code c = hot.get(i);
        Compiled owner = owner(r.compiled, c.address);
        details.append(
            String.format(
                Locale.ROOT,
                "  %5.1f%% of the instructions: %d executions of %d instructions in %s (%s)",
                100.0 * c.executed() / region.instructions,
                c.executions,
                c.instructions,
                owner.method,
                owner.how));
        for (int k = 0; k < r.cpus.size(); k++) {
          details.append(
              String.format(Locale.ROOT, "; %s %.1f cycles", r.cpus.get(k), cycles.get(k)[i]));
        }
        details.append("\n");
        for (String instruction : text.get(i)) {
          details.append("      ").append(instruction).append("\n");
        }
      }
    }
    return new Line(
        (double) region.instructions / Math.max(1, region.operations),
        low,
        high,
        r.clockMhz,
        100.0 * optimised / region.instructions);
  }

  /** Joins code that is adjacent in memory and ran equally often, to within 1 percent. */
  private static List<Code> runs(List<Code> code) {
    List<Code> sorted = new ArrayList<>(code);
    sorted.sort(Comparator.comparingLong(Code::address));
    List<Code> out = new ArrayList<>();
    for (Code c : sorted) {
      Code last = out.isEmpty() ? null : out.get(out.size() - 1);
      if (last != null
          && last.address + last.bytes.length == c.address
          && last.fixedWidth() == c.fixedWidth()
          && Math.abs(last.executions - c.executions) * 100
              <= Math.max(last.executions, c.executions)) {
        byte[] joined = new byte[last.bytes.length + c.bytes.length];
        System.arraycopy(last.bytes, 0, joined, 0, last.bytes.length);
        System.arraycopy(c.bytes, 0, joined, last.bytes.length, c.bytes.length);
        out.set(
            out.size() - 1,
            new Code(last.address, last.executions, last.instructions + c.instructions, joined));
      } else {
        out.add(c);
      }
    }
    return out;
  }

  private static List<List<String>> disassemble(String tools, Model model, List<Code> code)
      throws IOException, InterruptedException {
    StringBuilder in = new StringBuilder();
    for (Code c : code) {
      if (c
          .fixedWidth()) { // 32-bit libraries also hold Thumb code, which is counted but not
                           // modelled
        for (int i = 0; i < c.bytes.length; i++) {
          in.append(String.format("0x%02x%s", c.bytes[i], i % 4 == 3 ? "\n" : " "));
        }
      }
      for (int i = 0; i < 4; i++) {
        in.append(String.format("0x%02x%s", model.sentinel >>> 8 * i & 0xff, i == 3 ? "\n" : " "));
      }
    }
    List<List<String>> out = new ArrayList<>();
    List<String> current = new ArrayList<>();
    for (String line :
        tool(
            tools,
            "llvm-mc",
            in,
            "-disassemble",
            "-triple=" + model.triple,
            "-mattr=" + model.attributes)) {
      String instruction = line.strip().replace('\t', ' ');
      if (instruction.matches("(brk|bkpt) #(48879|0xbeef)")) {
        out.add(current);
        current = new ArrayList<>();
      } else if (!instruction.isEmpty() && !instruction.startsWith(".")) {
        current.add(instruction);
      }
    }
    if (out.size() != code.size()) {
      throw new IllegalStateException(
          "llvm-mc gave " + out.size() + " pieces of code for " + code.size());
    }
    return out;
  }

  /**
   * The cycles that one pass through each piece of code takes when it repeats; NaN where llvm-mca
   * has no answer.
   */
  private static double[] cycles(String tools, Model model, String cpu, List<List<String>> text)
      throws IOException, InterruptedException {
    StringBuilder in = new StringBuilder();
    for (int i = 0; i < text.size(); i++) {
      in.append("# LLVM-MCA-BEGIN run").append(i).append("\n");
      for (String instruction : text.get(i)) {
        in.append(instruction).append("\n");
      }
      in.append("# LLVM-MCA-END\n");
    }
    double[] out = new double[text.size()];
    Arrays.fill(out, Double.NaN);
    Pattern title = Pattern.compile("\\[\\d+] Code Region - run(\\d+)");
    Pattern total = Pattern.compile("Total Cycles:\\s+(\\d+)");
    int run = -1;
    for (String line :
        tool(
            tools,
            "llvm-mca",
            in,
            "-mtriple=" + model.triple,
            "-mattr=" + model.attributes,
            "-mcpu=" + cpu,
            "-iterations=" + ITERATIONS,
            "-skip-unsupported-instructions=any",
            "-all-views=false",
            "-summary-view")) {
      Matcher m = title.matcher(line);
      if (m.matches()) {
        run = Integer.parseInt(m.group(1));
      }
      m = total.matcher(line);
      if (m.matches()) {
        out[run] = Double.parseDouble(m.group(1)) / ITERATIONS;
      }
    }
    return out;
  }

  private static List<String> tool(String tools, String name, CharSequence in, String... arguments)
      throws IOException, InterruptedException {
    Path input = Files.createTempFile("quern-cost", ".s");
    Path output = Files.createTempFile("quern-cost", ".out");
    try {
      Files.writeString(input, in);
      List<String> command =
          new ArrayList<>(
              List.of(tools + "/run", tools + "/usr/lib/llvm-" + LLVM_RELEASE + "/bin/" + name));
      command.addAll(List.of(arguments));
      command.add(input.toString());
      Process p =
          new ProcessBuilder(command)
              .redirectOutput(output.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      p.waitFor();
      return Files.readAllLines(output);
    } finally {
      Files.delete(input);
      Files.delete(output);
    }
  }

  private static Compiled owner(List<Compiled> compiled, long address) {
    for (int i = compiled.size() - 1; i >= 0; i--) {
      if (compiled.get(i).from <= address && address < compiled.get(i).to) {
        return compiled.get(i);
      }
    }
    return new Compiled(0, 0, "the interpreter, a stub or the JVM", "not compiled");
  }

  private static Recording read(Path folder) throws IOException {
    Map<String, String> about = new HashMap<>();
    for (String line : Files.readAllLines(folder.resolve("about"))) {
      int space = line.indexOf(' ');
      about.put(line.substring(0, space), line.substring(space + 1).strip());
    }
    Map<Integer, String> names = new HashMap<>();
    if (Files.exists(folder.resolve("names"))) {
      for (String line : Files.readAllLines(folder.resolve("names"))) {
        int space = line.indexOf(' ');
        names.put(Integer.parseInt(line.substring(0, space)), line.substring(space + 1));
      }
    }
    String models = about.getOrDefault("models", "");
    return new Recording(
        about.get("board"),
        about.get("jdk"),
        about.get("arch"),
        Integer.parseInt(about.get("clock")),
        models.isEmpty() ? List.of() : List.of(models.split(" +")),
        names,
        readReport(folder.resolve("report")),
        readCompilations(folder.resolve("compilations")));
  }

  private static Map<Integer, Region> readReport(Path file) throws IOException {
    Map<Integer, Region> regions = new TreeMap<>();
    Map<String, Code> merged = new HashMap<>();
    try (BufferedReader in = Files.newBufferedReader(file)) {
      for (String line; (line = in.readLine()) != null; ) {
        String[] f = line.split(" ");
        Region region = regions.computeIfAbsent(Integer.valueOf(f[1]), k -> new Region());
        if (f[0].equals("region")) {
          region.operations = Long.parseLong(f[5]);
          region.instructions = Long.parseLong(f[7]);
        } else {
          merged.merge(
              f[1] + " " + f[2] + " " + f[8],
              new Code(
                  Long.parseUnsignedLong(f[2], 16),
                  Long.parseLong(f[4]),
                  Integer.parseInt(f[6]),
                  HexFormat.of().parseHex(f[8])),
              (a, b) -> new Code(a.address, a.executions + b.executions, a.instructions, a.bytes));
        }
      }
    }
    merged.forEach((key, code) -> regions.get(Integer.valueOf(key.split(" ")[0])).code.add(code));
    regions.values().removeIf(r -> r.operations == 0 || r.instructions == 0);
    return regions;
  }

  /** The nmethod elements of a -XX:+LogCompilation file, in the order of compilation. */
  private static List<Compiled> readCompilations(Path file) {
    List<Compiled> out = new ArrayList<>();
    Pattern attribute = Pattern.compile("(\\w+)='([^']*)'");
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      for (String line; (line = in.readLine()) != null; ) {
        if (!line.startsWith("<nmethod ")) {
          continue;
        }
        Map<String, String> a = new HashMap<>();
        for (Matcher m = attribute.matcher(line); m.find(); ) {
          a.put(m.group(1), m.group(2));
        }
        if (a.containsKey("address") && a.containsKey("size")) {
          long from = Long.decode(a.get("address"));
          String[] method = a.getOrDefault("method", "a native call").split(" ");
          String how = a.getOrDefault("compiler", "stub").toUpperCase(Locale.ROOT);
          out.add(
              new Compiled(
                  from,
                  from + Long.parseLong(a.get("size")),
                  method.length > 1
                      ? method[0] + "." + method[1].replace("&lt;", "<").replace("&gt;", ">")
                      : method[0],
                  how));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out;
  }
}
