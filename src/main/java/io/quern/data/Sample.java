package io.quern.data;

/**
 * One set of inputs for a network, pre-processed, as real numbers.
 *
 * @param source where it comes from, for messages: a file, or a file and a position in it
 * @param inputs one array per input of the network; owned by the sample
 * @param label index of the class, or {@link #NO_LABEL}
 */
public record Sample(String source, float[][] inputs, int label) {
  /** The sample has no label. */
  public static final int NO_LABEL = -1;
}
