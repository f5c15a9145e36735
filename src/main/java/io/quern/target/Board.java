package io.quern.target;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;

/**
 * One board: a file of {@code targets/}, which is also where every key is explained. Immutable.
 *
 * @param id name of the file, such as {@code pi-4b}
 * @param name for people
 * @param aliases other names that {@link #find} accepts
 * @param model what {@code /proc/device-tree/model} says on it; empty where there is no such file
 * @param match beginnings of that line by which {@link #detect} knows the board
 * @param arch Java's {@code os.arch}
 * @param chip the system on chip
 * @param core the processor core
 * @param cores number of cores
 * @param clockMhz clock without overclocking
 * @param caches sizes in KiB by name ({@code l1i}, {@code l1d}, {@code l2}, {@code l3}), those that
 *     exist
 * @param isa features that some tier asks for
 * @param isaNote what they mean for Quern
 * @param ramMib the smallest memory it is sold with
 * @param systems operating systems and their OpenJDK packages
 * @param jdks Java releases that are tried, the oldest first
 * @param flags JVM flags, each with its reason
 * @param threads default number of threads
 * @param threadsReason why
 * @param tiers kernel tiers in the order they are tried, by Java release
 * @param residentMib memory that a deployed model may take in all
 * @param heapMib upper bound of its heap
 * @param throughput modelled throughput by tier
 */
public record Board(
    String id,
    String name,
    List<String> aliases,
    String model,
    List<String> match,
    String arch,
    String chip,
    String core,
    int cores,
    int clockMhz,
    Map<String, Integer> caches,
    List<String> isa,
    String isaNote,
    int ramMib,
    List<String> systems,
    List<Integer> jdks,
    List<Flag> flags,
    int threads,
    String threadsReason,
    TreeMap<Integer, List<String>> tiers,
    int residentMib,
    int heapMib,
    Map<String, Throughput> throughput) {

  /** The files, in the order of lists: small boards first. */
  static final List<String> IDS =
      List.of(
          "pi-zero-2w",
          "pi-3bplus",
          "pi-4b",
          "pi-5",
          "pi-2",
          "pi-3-armhf",
          "pi-4-armhf",
          "aarch64-server",
          "x86-64-desk");

  /**
   * A JVM flag.
   *
   * @param name short name, unique on the board
   * @param value the flag as {@code java} takes it
   * @param release first Java release it is used on
   * @param until last one
   * @param reason why
   */
  public record Flag(String name, String value, int release, int until, String reason) {
    /** Whether it is used on a Java release. */
    boolean isFor(int java) {
      return java >= release && java <= until;
    }
  }

  /**
   * Throughput of one core, a model unless {@code reason} says measured.
   *
   * @param gmacs 10^9 multiply-accumulates per second
   * @param cyclesPerMac NaN where the figure was measured
   * @param reason how it was derived
   */
  public record Throughput(double gmacs, double cyclesPerMac, String reason) {}

  /** All boards. */
  public static List<Board> all() {
    List<Board> out = new ArrayList<>();
    for (String id : IDS) {
      try (InputStream in = Board.class.getResourceAsStream(id + ".properties")) {
        if (in == null) {
          throw new IllegalStateException(
              "this build lacks the board file " + id + ".properties; build the tools jar");
        }
        out.add(read(id, new InputStreamReader(in, StandardCharsets.US_ASCII)));
      } catch (IOException e) {
        throw new UncheckedIOException(id, e);
      }
    }
    return out;
  }

  /**
   * The board of that name or alias.
   *
   * @throws IllegalArgumentException if there is none; the message names those there are
   */
  public static Board find(String name) {
    for (Board b : all()) {
      if (b.id.equals(name) || b.aliases.contains(name)) {
        return b;
      }
    }
    throw new IllegalArgumentException(
        "no board " + name + "; there are " + String.join(", ", IDS));
  }

  /**
   * The board that a machine is.
   *
   * @param deviceTreeModel content of {@code /proc/device-tree/model}, empty if there is none
   * @param osArch Java's {@code os.arch} there
   */
  public static Optional<Board> detect(String deviceTreeModel, String osArch) {
    Board generic = null;
    for (Board b : all()) {
      if (!b.arch.equals(osArch)) {
        continue;
      }
      if (b.match.stream().anyMatch(deviceTreeModel::startsWith)) {
        return Optional.of(b);
      }
      if (b.match.isEmpty()) {
        generic = b;
      }
    }
    return deviceTreeModel.isEmpty() ? Optional.ofNullable(generic) : Optional.empty();
  }

  /** The flags for a Java release, in order. */
  public List<Flag> flags(int release) {
    return flags.stream().filter(f -> f.isFor(release)).toList();
  }

  /**
   * The tiers that are tried on a Java release; those of the next older release if it is not
   * listed.
   */
  public List<String> tiers(int release) {
    Map.Entry<Integer, List<String>> e = tiers.floorEntry(release);
    return e == null ? tiers.firstEntry().getValue() : e.getValue();
  }

  /**
   * Reads a board file.
   *
   * @throws IllegalArgumentException if a key is missing or no number where one is expected, naming
   *     file and key
   */
  static Board read(String id, Reader in) throws IOException {
    Properties p = new Properties();
    p.load(in);
    Keys k = new Keys(id, p);
    Map<String, Integer> caches = new LinkedHashMap<>();
    for (String cache : List.of("l1i", "l1d", "l2", "l3")) {
      if (p.containsKey("cache." + cache + ".kib")) {
        caches.put(cache, k.number("cache." + cache + ".kib"));
      }
    }
    List<Integer> jdks = k.words("jdks").stream().map(Integer::valueOf).toList();
    TreeMap<Integer, List<String>> tiers = new TreeMap<>();
    Map<String, Throughput> throughput = new LinkedHashMap<>();
    for (int j = jdks.size() - 1; j >= 0; j--) { // the newest has the longest list of tiers
      int jdk = jdks.get(j);
      tiers.put(jdk, k.words("tiers." + jdk));
      for (String tier : tiers.get(jdk)) {
        String cycles = p.getProperty("model." + tier + ".cycles", "NaN");
        throughput.put(
            tier,
            new Throughput(
                Double.parseDouble(k.text("model." + tier + ".gmacs")),
                Double.parseDouble(cycles),
                k.text("model." + tier + ".why")));
      }
    }
    List<Flag> flags = new ArrayList<>();
    for (String flag : k.words("flags")) {
      String key = "flag." + flag;
      int release = p.containsKey(key + ".jdk") ? k.number(key + ".jdk") : 0;
      int until = p.containsKey(key + ".until") ? k.number(key + ".until") : Integer.MAX_VALUE;
      flags.add(new Flag(flag, k.text(key), release, until, k.text(key + ".why")));
    }
    List<String> systems =
        p.stringPropertyNames().stream()
            .filter(s -> s.startsWith("os."))
            .sorted()
            .map(p::getProperty)
            .toList();
    String match = p.getProperty("match", "");
    return new Board(
        id,
        k.text("name"),
        k.words("aliases"),
        p.getProperty("model", ""),
        match.isEmpty() ? List.of() : List.of(match.split(", *")),
        k.text("arch"),
        k.text("soc"),
        k.text("core"),
        k.number("cores"),
        k.number("clock.mhz"),
        Collections.unmodifiableMap(caches),
        k.words("isa"),
        p.getProperty("isa.note", ""),
        k.number("ram.mib"),
        systems,
        jdks,
        List.copyOf(flags),
        k.number("threads"),
        k.text("threads.why"),
        tiers,
        k.number("memory.resident.mib"),
        k.number("memory.heap.mib"),
        Collections.unmodifiableMap(throughput));
  }

  private record Keys(String id, Properties p) {
    String text(String key) {
      String value = p.getProperty(key);
      if (value == null || value.isBlank()) {
        throw new IllegalArgumentException(id + ".properties: no " + key);
      }
      return value.strip();
    }

    int number(String key) {
      try {
        return Integer.parseInt(text(key));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            id + ".properties: " + key + ": a whole number expected, is " + text(key), e);
      }
    }

    List<String> words(String key) {
      String value = p.getProperty(key, "").strip();
      return value.isEmpty() ? List.of() : List.of(value.split(" +"));
    }
  }
}
