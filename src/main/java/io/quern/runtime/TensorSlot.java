package io.quern.runtime;

import io.quern.model.DataType;

/**
 * Where a tensor lives.
 *
 * @param tensor index in the graph
 * @param type decides the array: 8-bit types in bytes, FLOAT32 in floats, INT32 and INT64 in ints
 * @param offset in elements of that array
 * @param length in elements
 * @param firstUse step that writes it; -1 for graph inputs and constants
 * @param lastUse last step that reads it; the number of steps for graph outputs and constants
 * @param aliasOf tensor whose memory this one shares because it is the same elements under another
 *     shape, or -1
 */
public record TensorSlot(
    int tensor, DataType type, int offset, int length, int firstUse, int lastUse, int aliasOf) {}
