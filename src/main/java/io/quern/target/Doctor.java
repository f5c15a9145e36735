package io.quern.target;

import io.quern.runtime.Tiers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Says what a machine is, which tier runs there and why, and what to install or switch on. */
public final class Doctor {
  private final Machine machine;
  private final Optional<Board> board;
  private final Map<String, String> tiers;
  private final List<String> advice = new ArrayList<>();

  /**
   * Examines.
   *
   * @param machine the machine
   * @param tiers every tier, the fastest first, with the reason why it cannot run; null where it
   *     can
   */
  Doctor(Machine machine, Map<String, String> tiers) {
    this.machine = machine;
    this.tiers = tiers;
    this.board = Board.detect(machine.model(), machine.arch());
    advise();
  }

  /** Examines this machine and this JVM. */
  public static Doctor here() {
    Map<String, String> tiers = new LinkedHashMap<>();
    for (String name : Tiers.NAMES) {
      tiers.put(name, Tiers.whyMissing(name));
    }
    return new Doctor(Machine.here(), tiers);
  }

  /** The tier that a plan would ask first. */
  public String tier() {
    for (Map.Entry<String, String> e : tiers.entrySet()) {
      if (e.getValue() == null) {
        return e.getKey();
      }
    }
    throw new IllegalStateException("no tier can run: " + tiers);
  }

  /** What to install or switch on; empty if nothing. */
  public List<String> advice() {
    return List.copyOf(advice);
  }

  private void advise() {
    if (machine.javaVm().contains("Zero") || machine.javaVm().contains("interpreted mode")) {
      advice.add(
          "this JVM has no compiler ("
              + machine.javaVm()
              + "): install OpenJDK from the system's packages; expect 50 times the speed");
    }
    boolean arm64Board =
        machine.arch().equals("arm")
            && (machine.model().contains("Pi 3")
                || machine.model().contains("Pi 4")
                || machine.model().contains("Pi 5")
                || machine.model().contains("Zero 2"));
    if (arm64Board) {
      advice.add(
          "a 64-bit processor with a 32-bit Java: 64-bit Raspberry Pi OS is two to three times as"
              + " fast");
    }
    if (tiers.get("vector") != null && !machine.arch().equals("arm")) {
      advice.add("vector tier: " + tiers.get("vector"));
    }
    if (tiers.get("asm") != null && machine.javaRelease() < 22 && wantsAsm()) {
      advice.add(
          "asm tier: "
              + tiers.get("asm")
              + "; on Debian or Raspberry Pi OS 13: sudo apt install openjdk-25-jre-headless");
    } else if (tiers.get("asm") != null && wantsAsm()) {
      advice.add("asm tier: " + tiers.get("asm"));
    }
    if (board.isPresent()
        && machine.memoryMib() > 0
        && machine.memoryMib() < 2L * board.get().residentMib()) {
      advice.add(
          "memory: "
              + machine.memoryMib()
              + " MiB in all for a budget of "
              + board.get().residentMib()
              + " MiB a model; deploy one model at most");
    }
    if (machine.governor().equals("powersave")) {
      advice.add(
          "the clock governor is powersave: echo ondemand | sudo tee"
              + " /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
    }
    if (board.isEmpty() && !machine.model().isEmpty()) {
      advice.add(
          "no board file for \""
              + machine.model()
              + "\": deploy with the --target that is nearest");
    }
  }

  private boolean wantsAsm() {
    return board.isPresent()
        && board.get().tiers().values().stream().anyMatch(names -> names.contains("asm"));
  }

  /** The findings for people. */
  public String text() {
    StringBuilder out = new StringBuilder();
    row(out, "board", board.map(b -> b.name() + " (" + b.id() + ")").orElse("not one we know"));
    if (!machine.model().isEmpty()) {
      row(out, "model", machine.model());
    }
    row(
        out,
        "processor",
        machine.cores() + " x " + (machine.cpu().isEmpty() ? machine.arch() : machine.cpu()));
    if (machine.features().contains("asimddp")) {
      row(out, "", "int8 dot product (asimddp): yes");
    } else if (machine.arch().equals("aarch64")) {
      row(out, "", "int8 dot product (asimddp): no");
    }
    if (machine.memoryMib() > 0) {
      row(out, "memory", machine.memoryMib() + " MiB");
    }
    row(out, "Java", machine.javaVersion());
    row(out, "", machine.javaVm());
    row(out, "tier", tier() + ", the first of these that can run");
    for (Map.Entry<String, String> e : tiers.entrySet()) {
      StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-10s", e.getKey()));
      line.append(e.getValue() == null ? "can run" : "cannot: " + e.getValue());
      Board.Throughput t = board.map(b -> b.throughput().get(e.getKey())).orElse(null);
      if (t != null) {
        line.append(
            String.format(
                Locale.ROOT,
                " (%s %.1f GMAC/s a core)",
                Double.isNaN(t.cyclesPerMac()) ? "measured on our desk:" : "modelled:",
                t.gmacs()));
      }
      row(out, "", line.toString());
    }
    if (board.isPresent()) {
      StringBuilder flags = new StringBuilder();
      for (Board.Flag f : board.get().flags(machine.javaRelease())) {
        flags.append(flags.length() == 0 ? "" : " ").append(f.value());
      }
      row(out, "flags", flags.toString());
    }
    row(out, "advice", advice.isEmpty() ? "none: all is as it should be" : advice.get(0));
    for (int i = 1; i < advice.size(); i++) {
      row(out, "", advice.get(i));
    }
    return out.toString();
  }

  /** The findings for programs. */
  public String json() {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("board", board.map(Board::id).orElse(null));
    m.put("model", machine.model());
    m.put("cpu", machine.cpu());
    m.put("features", machine.features());
    m.put("arch", machine.arch());
    m.put("cores", machine.cores());
    m.put("memoryMib", machine.memoryMib());
    m.put("java", machine.javaVersion());
    m.put("vm", machine.javaVm());
    m.put("tier", tier());
    Map<String, Object> why = new LinkedHashMap<>();
    tiers.forEach((name, reason) -> why.put(name, reason == null ? "available" : reason));
    m.put("tiers", why);
    m.put("advice", advice);
    return Json.write(m);
  }

  private static void row(StringBuilder out, String key, String value) {
    out.append(String.format(Locale.ROOT, "%-10s %s%n", key, value));
  }
}
