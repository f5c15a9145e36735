/** Fixed-point arithmetic: Q31 multipliers, TFLite's roundings, quantize and dequantize. */
package io.quern.quant;
