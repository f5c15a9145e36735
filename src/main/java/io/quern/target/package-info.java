/**
 * Boards and what runs on them: the board files of {@code targets/}, a doctor that says what this
 * machine is and lacks, and bundles that carry a model to a board (folder, tar.gz, Debian package),
 * over ssh if wanted.
 *
 * <p>{@link io.quern.target.OnBoard} is the one class that runs on the board; {@link
 * io.quern.target.Bundle} packs it beside the runtime jar.
 */
package io.quern.target;
