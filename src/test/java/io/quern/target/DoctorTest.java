package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
  private static final String C2 = "OpenJDK 64-Bit Server VM, mixed mode, sharing";

  private static Machine machine(String model, String arch, int release, String vm) {
    return new Machine(
        model,
        "Cortex-A72",
        Set.of("fp", "asimd"),
        arch,
        4,
        3800,
        "ondemand",
        release,
        "" + release,
        vm);
  }

  private static Map<String, String> tiers(String asm, String vector) {
    Map<String, String> m = new LinkedHashMap<>();
    m.put("asm", asm);
    m.put("vector", vector);
    m.put("portable", null);
    m.put("reference", null);
    return m;
  }

  @Test
  void healthyPi4HasNothingToDo() {
    Doctor d =
        new Doctor(machine("Raspberry Pi 4 Model B Rev 1.4", "aarch64", 25, C2), tiers(null, null));
    assertEquals("asm", d.tier());
    assertEquals(0, d.advice().size(), d.text());
    assertTrue(d.text().contains("pi-4b"), d.text());
  }

  @Test
  void oldJavaIsAdvisedToUpgrade() {
    Doctor d =
        new Doctor(
            machine("Raspberry Pi 4 Model B Rev 1.4", "aarch64", 17, C2),
            tiers("needs 22", "not loaded"));
    assertEquals("portable", d.tier());
    assertEquals(2, d.advice().size(), d.text());
    assertTrue(d.advice().get(1).contains("openjdk-25"), d.text());
  }

  @Test
  void thirtyTwoBitJavaOnSixtyFourBitBoard() {
    Doctor d =
        new Doctor(
            machine("Raspberry Pi 4 Model B Rev 1.4", "arm", 17, "OpenJDK Server VM, mixed mode"),
            tiers("needs 22", "not loaded"));
    assertEquals("portable", d.tier());
    assertEquals(1, d.advice().size(), d.text());
    assertTrue(d.advice().get(0).contains("64-bit Raspberry Pi OS"), d.text());
  }

  @Test
  void javaWithoutCompiler() {
    Doctor d =
        new Doctor(
            machine("", "riscv64", 25, "OpenJDK 64-Bit Zero VM, interpreted mode"),
            tiers(null, null));
    assertTrue(d.advice().get(0).contains("no compiler"), d.text());
  }

  @Test
  void readsTheFilesOfABoard(@TempDir Path root) throws IOException {
    Files.createDirectories(root.resolve("proc/device-tree"));
    Files.writeString(root.resolve("proc/device-tree/model"), "Raspberry Pi 5 Model B Rev 1.0\0");
    Files.writeString(
        root.resolve("proc/cpuinfo"),
        "processor\t: 0\n"
            + "Features\t: fp asimd asimddp\n"
            + "CPU implementer\t: 0x41\n"
            + "CPU part\t: 0xd0b\n");
    Files.writeString(root.resolve("proc/meminfo"), "MemTotal:        8257536 kB\n");
    Machine m = Machine.read(root);
    assertEquals("Raspberry Pi 5 Model B Rev 1.0", m.model());
    assertEquals("Cortex-A76", m.cpu());
    assertTrue(m.features().contains("asimddp"));
    assertEquals(8064, m.memoryMib());
    Doctor d = new Doctor(m, tiers(null, null));
    assertTrue(d.text().contains("int8 dot product (asimddp): yes"), d.text());
    assertTrue(d.json().contains("\"cpu\": \"Cortex-A76\""), d.json());
  }

  @Test
  void emptyMachineIsNoFailure(@TempDir Path root) {
    Doctor d = new Doctor(Machine.read(root), tiers("no", "no"));
    assertEquals("portable", d.tier());
    assertTrue(d.text().contains("tier"), d.text());
  }

  @Test
  void thisMachine() {
    Doctor d = Doctor.here();
    assertTrue(d.text().contains("Java"), d.text());
    assertTrue(d.json().contains("\"tier\": \"" + d.tier() + "\""), d.json());
  }
}
