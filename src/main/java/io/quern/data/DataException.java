package io.quern.data;

/** Input data that cannot be used. The message is one line and names the file and the value. */
public class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with a one-line message. */
  public DataException(String message) {
    super(message);
  }

  /** An error with a one-line message and its cause. */
  public DataException(String message, Throwable cause) {
    super(message, cause);
  }
}
