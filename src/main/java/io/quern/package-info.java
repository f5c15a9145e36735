/**
 * Quern: runs quantized convolutional networks on any OpenJDK, with no native library and no
 * allocation per run.
 *
 * <p>Start with {@link io.quern.Model}: load, plan, run. {@link io.quern.runtime.PlanOptions}
 * chooses the kernel tier and the number of threads; {@link io.quern.runtime.Session} is what runs.
 * The tools (calibration, reports, command line) are a separate artifact.
 */
package io.quern;
