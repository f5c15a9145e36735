package io.quern.target;

import io.quern.Model;
import io.quern.model.DataType;
import io.quern.model.Tensor;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * A model made ready for a board: a folder with the runtime, the model, a launch script with the
 * board's flags, a systemd unit and recorded bytes to check itself against; also as tar.gz and as a
 * Debian package. The same model and options give the same bytes.
 */
public final class Bundle {
  private static final int CHECKS = 3;
  private static final int MIB = 1 << 20;

  private final String name;
  private final Board board;
  private final int heapMib;
  private String version;
  private final List<String> warnings = new ArrayList<>();
  private final Map<String, Archives.Entry> files = new LinkedHashMap<>();

  /** Files of a Java runtime; empty where the board's own is used. */
  private final Map<String, Archives.Entry> runtime = new LinkedHashMap<>();

  /**
   * Packs.
   *
   * @param modelFile a {@code .tflite} file
   * @param board the target
   * @param name of the bundle, its service and its package: lower-case letters, digits and hyphens;
   *     null to derive it from the file's name
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if the name is not of that form
   */
  public Bundle(Path modelFile, Board board, String name) throws IOException {
    this(modelFile, board, name, board.arch());
  }

  /**
   * Packs for another architecture than the board's.
   *
   * @param arch as {@link RuntimeJar#forBoard} takes it
   */
  Bundle(Path modelFile, Board board, String name, String arch) throws IOException {
    this.board = board;
    this.name = name == null ? nameOf(modelFile) : name;
    if (!this.name.matches("[a-z0-9][a-z0-9-]{0,60}")) {
      throw new IllegalArgumentException(
          "name " + this.name + ": lower-case letters, digits and hyphens expected, 1 to 61");
    }
    byte[] model = Files.readAllBytes(modelFile);
    Model loaded = Model.load(modelFile);
    // A tier that every JVM has: the bundle does not depend on the one that makes it.
    Plan plan =
        loaded.plan(PlanOptions.defaults().withTier("portable").withThreads(board.threads()));
    this.heapMib = heapMib(model.length, plan);
    if (heapMib > board.heapMib()) {
      warnings.add(
          "the heap needs "
              + heapMib
              + " MiB, the budget of "
              + board.id()
              + " is "
              + board.heapMib());
    }
    byte[] jar = RuntimeJar.forBoard(arch);
    files.put("README", Archives.Entry.text(readme(loaded, plan, model.length, jar.length)));
    files.put("run", Archives.Entry.script(script(jar)));
    files.put("quern.jar", new Archives.Entry(jar, false));
    files.put("model.tflite", new Archives.Entry(model, false));
    files.put("bundle.properties", Archives.Entry.text(properties()));
    files.put(service(), Archives.Entry.text(unit()));
    record(loaded);
    files.put("SHA256SUMS", Archives.Entry.text(sha256Sums(service())));
  }

  /**
   * Checksums of all files.
   *
   * @param unit where the systemd unit lies: beside the others, or where packages put it
   */
  private String sha256Sums(String unit) {
    StringBuilder sums = new StringBuilder();
    files.forEach(
        (path, e) -> {
          if (!path.equals("SHA256SUMS")) {
            String place = path.equals(service()) ? unit : path;
            sums.append(hash("SHA-256", e.content())).append("  ").append(place).append("\n");
          }
        });
    return sums.toString();
  }

  /** The name, derived from a file's: {@code My_Model.int8.tflite} gives {@code my-model-int8}. */
  static String nameOf(Path modelFile) {
    String s = modelFile.getFileName().toString().toLowerCase(Locale.ROOT);
    s = s.replaceAll("\\.tflite$", "").replaceAll("[^a-z0-9]+", "-").replaceAll("^-+|-+$", "");
    return s.isEmpty() ? "model" : s.substring(0, Math.min(61, s.length()));
  }

  /** Name of bundle, folder, service and package. */
  public String name() {
    return name;
  }

  /**
   * Gives the Debian package a version, so that a new model counts as newer than the last.
   *
   * @throws IllegalArgumentException if Debian would not take it
   */
  public void setVersion(String version) {
    if (!version.matches("[0-9]([A-Za-z0-9.+~-]*[A-Za-z0-9.+~])?")) {
      throw new IllegalArgumentException(
          "version "
              + version
              + ": a digit expected, then letters, digits and . + ~ -, as Debian has them");
    }
    this.version = version;
  }

  /** What the user should know; empty if nothing. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** Size of every file in bytes, by path. */
  public Map<String, Integer> sizes() {
    Map<String, Integer> out = new LinkedHashMap<>();
    files.forEach((path, e) -> out.put(path, e.content().length));
    return out;
  }

  /** Writes the folder; files of the same names are replaced, others stay. */
  public void writeFolder(Path folder) throws IOException {
    for (Map.Entry<String, Archives.Entry> e : files.entrySet()) {
      Path file = folder.resolve(e.getKey());
      Files.createDirectories(file.getParent());
      Files.write(file, e.getValue().content());
      if (e.getValue().executable()) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }

  /**
   * Takes a Java runtime into the archives; the folder has it already.
   *
   * @param jre what {@link Jre#write} wrote
   * @throws IOException if a file cannot be read
   */
  public void addJre(Path jre) throws IOException {
    try (Stream<Path> walk = Files.walk(jre)) {
      for (Path file : walk.filter(Files::isRegularFile).sorted().toList()) {
        runtime.put(
            "jre/" + jre.relativize(file),
            new Archives.Entry(Files.readAllBytes(file), Files.isExecutable(file)));
      }
    }
  }

  /** The bundle as one tar.gz, all of it below a folder of its name. */
  public byte[] tarGz() throws IOException {
    Map<String, Archives.Entry> below = new LinkedHashMap<>();
    files.forEach((path, e) -> below.put(name + "/" + path, e));
    runtime.forEach((path, e) -> below.put(name + "/" + path, e));
    return Archives.tarGz(below);
  }

  /** File name that Debian gives the package. */
  public String debName() {
    return "quern-" + name + "_" + version() + "_" + debArch() + ".deb";
  }

  /** Without a Java runtime the package runs wherever there is one. */
  private String debArch() {
    if (runtime.isEmpty()) {
      return "all";
    }
    return switch (board.arch()) {
      case "aarch64" -> "arm64";
      case "arm" -> "armhf";
      default -> board.arch();
    };
  }

  /** The bundle as a Debian package: files to /opt/quern, service enabled and started. */
  public byte[] deb() throws IOException {
    Map<String, Archives.Entry> data = new LinkedHashMap<>();
    String unit = "usr/lib/systemd/system/" + service();
    long bytes = 0;
    for (Map.Entry<String, Archives.Entry> e : files.entrySet()) {
      boolean isUnit = e.getKey().equals(service());
      data.put(isUnit ? unit : "opt/quern/" + name + "/" + e.getKey(), e.getValue());
      bytes += e.getValue().content().length;
    }
    data.put("opt/quern/" + name + "/SHA256SUMS", Archives.Entry.text(sha256Sums("/" + unit)));
    for (Map.Entry<String, Archives.Entry> e : runtime.entrySet()) {
      data.put("opt/quern/" + name + "/" + e.getKey(), e.getValue());
      bytes += e.getValue().content().length;
    }
    StringBuilder sums = new StringBuilder();
    data.forEach(
        (path, e) -> sums.append(hash("MD5", e.content())).append("  ").append(path).append("\n"));
    Map<String, Archives.Entry> control = new LinkedHashMap<>();
    control.put(
        "control",
        Archives.Entry.text(
            "Package: quern-"
                + name
                + "\n"
                + "Version: "
                + version()
                + "\n"
                + "Architecture: "
                + debArch()
                + "\n"
                + "Maintainer: Quern <quern@localhost>\n"
                + "Installed-Size: "
                + (bytes + 1023) / 1024
                + "\n"
                + (runtime.isEmpty()
                    ? "Depends: default-jre-headless (>= 2:1.17) | java17-runtime-headless\n"
                    : "Depends: libc6, zlib1g\n")
                + "Section: misc\n"
                + "Priority: optional\n"
                + "Description: neural network "
                + name
                + ", int8, for "
                + board.name()
                + "\n"
                + " Runs on OpenJDK without native libraries and answers on a Unix socket,\n"
                + " /run/quern-"
                + name
                + "/socket.\n"));
    control.put("md5sums", Archives.Entry.text(sums.toString()));
    control.put(
        "postinst",
        Archives.Entry.script(
            "#!/bin/sh\nset -e\nif [ \"$1\" = configure ] && [ -d /run/systemd/system ]; then\n"
                + "  systemctl daemon-reload\n  systemctl enable --now "
                + service()
                + "\n"
                + "  systemctl try-restart "
                + service()
                + "\nfi\n"));
    control.put(
        "prerm",
        Archives.Entry.script(
            "#!/bin/sh\nset -e\nif [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then\n"
                + "  systemctl disable --now "
                + service()
                + "\nfi\n"));
    control.put(
        "postrm",
        Archives.Entry.script(
            "#!/bin/sh\nset -e\nif [ \"$1\" = purge ]; then\n  rm -rf /var/cache/quern-"
                + name
                + " /var/cache/private/quern-"
                + name
                + "\nfi\n"
                + "if [ -d /run/systemd/system ]; then\n  systemctl daemon-reload\nfi\n"));
    return Archives.deb(control, data);
  }

  /**
   * The version of the package. Unless one was given it is Quern's and a hash of the files: another
   * bundle has another version, but apt does not know which of two is the newer.
   */
  private String version() {
    if (version != null) {
      return version;
    }
    String own = Bundle.class.getPackage().getImplementationVersion();
    String base = own == null ? "0.1.0" : own.replaceAll("[^0-9.].*", "");
    byte[] all = sha256Sums(service()).getBytes(StandardCharsets.US_ASCII);
    return base + "+" + Long.parseLong(hash("SHA-256", all).substring(0, 8), 16);
  }

  private String service() {
    return "quern-" + name + ".service";
  }

  /** Weights are held as read and once more packed; tiers and classes take what is added. */
  private static int heapMib(long modelBytes, Plan plan) {
    long bytes = 2 * modelBytes + plan.arenaBytes() + plan.scratchBytes() + 8L * MIB;
    return (int) ((bytes + MIB - 1) / MIB);
  }

  private String script(byte[] jar) throws IOException {
    StringBuilder flags = new StringBuilder();
    for (Board.Flag f : board.flags()) {
      if (f.release() > 0) {
        flags.append("[ \"$release\" -lt ").append(f.release()).append(" ] || ");
      }
      if (f.until() < Integer.MAX_VALUE) {
        flags.append("[ \"$release\" -gt ").append(f.until()).append(" ] || ");
      }
      flags.append("flags=\"$flags ").append(f.value()).append("\"\n");
    }
    try (InputStream in = Bundle.class.getResourceAsStream("run.sh")) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
          .replace("@NAME@", name)
          .replace("@BOARD@", board.name())
          .replace("@HEAP@", String.valueOf(heapMib))
          .replace("@ID@", hash("SHA-256", jar).substring(0, 12))
          .replace("@FLAGS@\n", flags);
    }
  }

  private String properties() {
    return "# Read by quern.jar. -Dquern.tier and -Dquern.threads go before it.\n"
        + "name="
        + name
        + "\nboard="
        + board.id()
        + "\ntier=auto\nthreads="
        + board.threads()
        + "\n";
  }

  private String unit() {
    return "# Answers requests for the model "
        + name
        + " on /run/quern-"
        + name
        + "/socket.\n"
        + "[Unit]\nDescription=Quern model "
        + name
        + "\nAfter=local-fs.target\n\n"
        + "[Service]\n"
        + "ExecStart=/opt/quern/"
        + name
        + "/run serve /run/quern-"
        + name
        + "/socket\n"
        + "Restart=on-failure\nRestartSec=5\nSuccessExitStatus=143\n"
        + "DynamicUser=yes\nRuntimeDirectory=quern-"
        + name
        + "\nCacheDirectory=quern-"
        + name
        + "\n"
        + "UMask=0000\nNoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\n"
        + "PrivateDevices=yes\nRestrictAddressFamilies=AF_UNIX\nLimitNOFILE=256\n\n"
        + "[Install]\nWantedBy=multi-user.target\n";
  }

  private String readme(Model model, Plan plan, int modelBytes, int jarBytes) {
    StringBuilder s = new StringBuilder();
    s.append(name).append(" for ").append(board.name()).append("\n\n");
    s.append("Needs OpenJDK 17 or newer and nothing else. ");
    s.append(
        board.systems().isEmpty() ? "" : "Systems: " + String.join("; ", board.systems()) + ".");
    s.append("\n\n");
    s.append(
        "  ./run check                          compare with the bytes recorded when this was"
            + " made\n");
    s.append("  ./run infer INPUT [OUTPUT]           raw files; - for the standard streams\n");
    s.append("  ./run serve SOCKET                   answer requests on a Unix socket\n");
    s.append("  ./run call SOCKET INPUT [OUTPUT]     send one\n");
    s.append("  ./run bench                          time per inference, as JSON\n");
    s.append("  sha256sum -c SHA256SUMS              is everything here, as it was made?\n\n");
    s.append("As a service: copy this folder to /opt/quern/").append(name).append(", then\n\n");
    s.append("  sudo cp ").append(service()).append(" /etc/systemd/system/\n");
    s.append("  sudo systemctl enable --now ").append(service()).append("\n\n");
    s.append(
        "A request is the bytes of all inputs in this order, a reply those of all outputs,"
            + " little-endian:\n\n");
    for (int t : model.graph().inputs()) {
      s.append("  input   ").append(describe(model.graph().tensor(t))).append("\n");
    }
    for (int t : model.graph().outputs()) {
      s.append("  output  ").append(describe(model.graph().tensor(t))).append("\n");
    }
    s.append(
        "\n"
            + "The first start checks the model and makes a start-up archive in ~/.cache/quern (the"
            + " service: in\n");
    s.append("/var/cache); later starts are quicker. QUERN_CACHE=none does without.\n\n");
    s.append("Model ")
        .append(modelBytes)
        .append(" bytes, runtime ")
        .append(jarBytes)
        .append(" bytes, ");
    s.append(plan.macs())
        .append(" multiply-accumulates, arena ")
        .append(plan.arenaBytes())
        .append(" bytes.\n");
    s.append("JVM flags (-Xmx")
        .append(heapMib)
        .append("m: model twice, arena, scratch, 8 MiB):\n\n");
    for (Board.Flag f : board.flags()) {
      s.append("  ").append(f.value());
      s.append(f.release() == 0 ? "" : "   from Java " + f.release());
      s.append(f.until() == Integer.MAX_VALUE ? "" : "   until Java " + f.until())
          .append("\n      ");
      s.append(f.reason()).append("\n");
    }
    s.append("\nThreads: ")
        .append(board.threads())
        .append(" (")
        .append(board.threadsReason())
        .append(").\n");
    return s.toString();
  }

  private static String describe(Tensor t) {
    String q = t.quantization() == null ? "" : ", " + t.quantization();
    return t.type() + " " + t.shape() + " \"" + t.name() + "\"" + q;
  }

  /** Inputs from a fixed seed, and the bytes that the reference tier answers. */
  private void record(Model model) {
    SplittableRandom random = new SplittableRandom(20260101);
    try (OnBoard reference =
        new OnBoard(model, PlanOptions.defaults().withTier("reference").withThreads(1))) {
      for (int i = 0; i < CHECKS; i++) {
        ByteBuffer in =
            ByteBuffer.allocate(reference.requestBytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int t : model.graph().inputs()) {
          Tensor tensor = model.graph().tensor(t);
          for (int k = tensor.shape().elements(); k > 0; k--) {
            if (tensor.type() == DataType.FLOAT32) {
              in.putFloat((float) random.nextDouble());
            } else if (tensor.type() == DataType.INT32) {
              in.putInt(0);
            } else {
              in.put((byte) random.nextInt());
            }
          }
        }
        files.put("check/input-" + i + ".bin", new Archives.Entry(in.array(), false));
        files.put(
            "check/output-" + i + ".bin", new Archives.Entry(reference.answer(in.array()), false));
      }
    }
  }

  private static String hash(String algorithm, byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
