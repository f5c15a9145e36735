/**
 * How good and how fast a network is: error metrics against the float network, speed, allocation,
 * and their tables and documents.
 */
package io.quern.report;
