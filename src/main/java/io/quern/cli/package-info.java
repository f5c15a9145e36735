/**
 * The command line: commands, options, exit codes (0 done, 1 failed, 2 wrong usage). Results go to
 * stdout, talk goes to stderr.
 */
package io.quern.cli;
