package io.quern.bench.runner;

/**
 * One runtime with one network: what {@link RoundServer} measures. Values are raw little-endian
 * bytes in the network's own types and layout.
 */
public interface Contestant {
  /** Sets the network's input. */
  void setInput(byte[] values);

  /** Runs the network once. */
  void invoke();

  /** The network's output. */
  byte[] output();
}
