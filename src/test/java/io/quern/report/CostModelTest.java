package io.quern.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class CostModelTest {
  @Test
  void tenFiltersOverFiftyChannels() {
    CostModel.Layer l = new CostModel.Layer(416, 416, 50, 10, 3, 3);
    assertEquals(416L * 416 * 9 * 50 * 10, l.standard().macs());
    assertEquals(4500, l.standard().weights());
    assertEquals(450 + 500, l.separable().weights());
    assertEquals(0.211, l.ratio(), 0.0005);
    assertEquals(l.ratio(), (double) l.separable().macs() / l.standard().macs(), 1e-12);
  }

  @Test
  void multipliersScaleQuadratically() {
    CostModel.Layer l = new CostModel.Layer(112, 112, 64, 128, 3, 3);
    assertEquals(l.pointwise().macs() / 4, l.scaled(0.5, 1).pointwise().macs());
    assertEquals(l.standard().macs() / 4, l.scaled(1, 0.5).standard().macs());
  }

  @Test
  void sizesAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> new CostModel.Layer(0, 1, 1, 1, 1, 1));
    int big = 999_999_999;
    assertThrows(
        IllegalArgumentException.class, () -> new CostModel.Layer(big, big, big, big, big, big));
  }
}
