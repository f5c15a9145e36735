/**
 * Inputs of networks, streamed: images, folders of images, CSV lists, IDX files and raw tensors,
 * with the pre-processing that turns pixels into what a model takes. Files are untrusted; every
 * error names the file and the value.
 */
package io.quern.data;
