package io.quern.model;

/**
 * A well-formed model that uses something Quern does not support. The message names the operator
 * and its index.
 */
public class UnsupportedModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with a one-line message. */
  public UnsupportedModelException(String message) {
    super(message);
  }
}
