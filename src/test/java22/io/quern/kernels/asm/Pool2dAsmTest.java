package io.quern.kernels.asm;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.Pool2dContract;

class Pool2dAsmTest extends Pool2dContract {
  @Override
  protected Tier tier() {
    return new AsmTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return !System.getProperty("os.arch").equals("amd64") || !test.startsWith("wholeImage");
  }
}
