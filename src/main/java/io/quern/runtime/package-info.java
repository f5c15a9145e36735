/**
 * From a graph to something that runs: the planner decides shapes, memory, kernels and threads
 * once; a session runs without allocation.
 */
package io.quern.runtime;
