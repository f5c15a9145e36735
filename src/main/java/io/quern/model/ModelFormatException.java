package io.quern.model;

/** A model file that is malformed. The message says where, which field and which value. */
public class ModelFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with a one-line message. */
  public ModelFormatException(String message) {
    super(message);
  }

  /** An error with a one-line message and its cause. */
  public ModelFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
