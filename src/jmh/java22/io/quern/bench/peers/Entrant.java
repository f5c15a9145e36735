package io.quern.bench.peers;

import java.util.List;

/**
 * A runtime in one configuration.
 *
 * @param name as in tables
 * @param own whether it is Quern, on the tier of that name
 * @param threads of a run
 * @param exact whether its bytes must be those of TensorFlow Lite's reference kernels
 * @param command starts its runner, before the name of the model file
 * @param oneThread the same with one thread, for Quern with several; else null
 */
record Entrant(
    String name,
    boolean own,
    int threads,
    boolean exact,
    List<String> command,
    List<String> oneThread) {}
