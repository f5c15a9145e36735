package io.quern.calibrate;

import io.quern.model.Graph;

/**
 * A graph after a pass, and what the pass did.
 *
 * @param graph the new graph; the same object as before when nothing changed
 * @param report what was done
 */
public record PassResult(Graph graph, PassReport report) {}
