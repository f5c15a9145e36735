package io.quern.target;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a machine is, as Linux and the JVM tell it.
 *
 * @param model {@code /proc/device-tree/model}; empty where there is none
 * @param cpu model name or Arm part number; empty if unknown
 * @param features what the kernel lists under Features or flags
 * @param arch {@code os.arch}
 * @param cores processors that the JVM sees
 * @param memoryMib 0 if unknown
 * @param governor of the first core's clock; empty if unknown
 * @param javaRelease feature release
 * @param javaVersion and where it comes from
 * @param javaVm name and mode of the virtual machine
 */
public record Machine(
    String model,
    String cpu,
    Set<String> features,
    String arch,
    int cores,
    long memoryMib,
    String governor,
    int javaRelease,
    String javaVersion,
    String javaVm) {

  /** The machine that this runs on. */
  public static Machine here() {
    return read(Path.of("/"));
  }

  /** As {@link #here}, with the files of another root folder. */
  static Machine read(Path root) {
    String cpuinfo = text(root.resolve("proc/cpuinfo"));
    String part = field(cpuinfo, "CPU part");
    String cpu = field(cpuinfo, "model name");
    if (!part.isEmpty()) {
      cpu = core(field(cpuinfo, "CPU implementer"), part);
    }
    String features = field(cpuinfo, "Features");
    if (features.isEmpty()) {
      features = field(cpuinfo, "flags");
    }
    String total = field(text(root.resolve("proc/meminfo")), "MemTotal").replaceAll("[^0-9]", "");
    return new Machine(
        text(root.resolve("proc/device-tree/model")).replace("\0", "").strip(),
        cpu,
        new TreeSet<>(Arrays.asList(features.split(" +"))),
        System.getProperty("os.arch"),
        Runtime.getRuntime().availableProcessors(),
        total.isEmpty() ? 0 : Long.parseLong(total) / 1024,
        text(root.resolve("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")).strip(),
        Runtime.version().feature(),
        System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")",
        System.getProperty("java.vm.name") + ", " + System.getProperty("java.vm.info"));
  }

  /** Resident memory of this process in KiB at its highest; 0 if unknown. */
  static long residentKib() {
    String kib = field(text(Path.of("/proc/self/status")), "VmHWM").replaceAll("[^0-9]", "");
    return kib.isEmpty() ? 0 : Long.parseLong(kib);
  }

  private static String core(String implementer, String part) {
    if (!implementer.equals("0x41")) {
      return "implementer " + implementer + ", part " + part;
    }
    return switch (part) {
      case "0xc07" -> "Cortex-A7";
      case "0xd03" -> "Cortex-A53";
      case "0xd05" -> "Cortex-A55";
      case "0xd08" -> "Cortex-A72";
      case "0xd0b" -> "Cortex-A76";
      case "0xd0c" -> "Neoverse-N1";
      default -> "Arm part " + part;
    };
  }

  /** The first value of a key in the kernel's "key : value" lists; empty if it is not there. */
  private static String field(String text, String key) {
    for (String line : text.split("\n")) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
        return line.substring(colon + 1).strip();
      }
    }
    return "";
  }

  private static String text(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
