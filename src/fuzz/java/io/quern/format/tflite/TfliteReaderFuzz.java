package io.quern.format.tflite;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Coverage-guided fuzzing of reader, planner and kernels: {@code ./mvnw -Pfuzz test}. It starts
 * from the networks of {@code src/test/resources/tflite}; what it finds belongs into {@code
 * src/test/resources/corrupt}.
 */
class TfliteReaderFuzz {
  @FuzzTest(maxDuration = "10m")
  void anyBytes(byte[] file) {
    HostileFiles.feed(file);
  }
}
