package io.quern.kernels.asm;

import java.lang.foreign.MemorySegment;

/**
 * An operating system that refuses one kind of call from the n-th on, and counts what is mapped.
 */
final class FailingMemory implements NativeMemory {
  enum Call {
    NONE,
    PAGE_BYTES,
    MAP,
    MAKE_EXECUTABLE,
    AUXILIARY
  }

  private final NativeMemory os = new LinuxMemory();
  private final Call refused;
  private final boolean hideClearCache;
  private int granted;
  volatile int mapped;
  volatile int mappings;

  FailingMemory(Call refused, int granted, boolean hideClearCache) throws AsmUnavailableException {
    this.refused = refused;
    this.granted = granted;
    this.hideClearCache = hideClearCache;
  }

  /** Mappings may end on the cleaner's thread. */
  private synchronized void count(int change) {
    mapped += change;
    mappings += Math.max(change, 0);
  }

  private void pass(Call call) throws AsmUnavailableException {
    if (call == refused && granted-- <= 0) {
      throw new AsmUnavailableException("simulated:\n  " + call + " refused");
    }
  }

  @Override
  public long pageBytes() throws AsmUnavailableException {
    pass(Call.PAGE_BYTES);
    return os.pageBytes();
  }

  @Override
  public MemorySegment map(long bytes) throws AsmUnavailableException {
    pass(Call.MAP);
    MemorySegment pages = os.map(bytes);
    count(1);
    return pages;
  }

  @Override
  public void makeExecutable(MemorySegment pages) throws AsmUnavailableException {
    pass(Call.MAKE_EXECUTABLE);
    os.makeExecutable(pages);
  }

  @Override
  public void makeInaccessible(MemorySegment pages) throws AsmUnavailableException {
    os.makeInaccessible(pages);
  }

  @Override
  public void unmap(MemorySegment pages) {
    os.unmap(pages);
    count(-1);
  }

  @Override
  public long auxiliary(long type) throws AsmUnavailableException {
    pass(Call.AUXILIARY);
    return os.auxiliary(type);
  }

  @Override
  public MemorySegment clearCache() {
    return hideClearCache ? MemorySegment.NULL : os.clearCache();
  }
}
