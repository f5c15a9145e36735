/** Model files. Each format has its own package. */
package io.quern.format;
