package io.quern.data;

import io.quern.model.Graph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a model file says about its own use: the pre-processing of its inputs and the names of its
 * classes. Kept under the metadata name {@value #KEY} as JSON: {@code
 * {"input":{"mean":[..],"std":[..]},"labels":[..]}}.
 *
 * @param preprocessing null when the model does not say
 * @param labels one name per class, in the order of the outputs; empty when the model does not say
 */
public record ModelMetadata(Preprocessing preprocessing, List<String> labels) {
  /** Name under which {@link Graph#metadata()} holds the JSON. */
  public static final String KEY = "quern";

  private static final int MAX_LABELS = 1 << 20;

  /** Copies the list. */
  public ModelMetadata {
    labels = List.copyOf(labels);
  }

  /**
   * The metadata of a model; empty when it has none.
   *
   * @throws DataException if the model's entry is not of the form above
   */
  public static ModelMetadata of(Graph graph) {
    String text = graph.metadata().get(KEY);
    if (text == null) {
      return new ModelMetadata(null, List.of());
    }
    try {
      if (!(Json.parse(text) instanceof Map<?, ?> root)) {
        throw new IllegalArgumentException("not an object");
      }
      Preprocessing p = null;
      if (root.get("input") instanceof Map<?, ?> input) {
        p = new Preprocessing(floats(input.get("mean"), "mean"), floats(input.get("std"), "std"));
      }
      List<String> labels = new ArrayList<>();
      if (root.get("labels") instanceof List<?> l) {
        if (l.size() > MAX_LABELS) {
          throw new IllegalArgumentException(l.size() + " labels");
        }
        for (Object o : l) {
          if (!(o instanceof String s)) {
            throw new IllegalArgumentException("label " + labels.size() + " is not a string");
          }
          labels.add(s);
        }
      }
      return new ModelMetadata(p, labels);
    } catch (IllegalArgumentException e) {
      throw new DataException("metadata \"" + KEY + "\": " + e.getMessage(), e);
    }
  }

  private static float[] floats(Object o, String name) {
    if (!(o instanceof List<?> l)) {
      throw new IllegalArgumentException("input." + name + " is not an array");
    }
    float[] r = new float[l.size()];
    for (int i = 0; i < r.length; i++) {
      if (!(l.get(i) instanceof Number n)) {
        throw new IllegalArgumentException("input." + name + "[" + i + "] is not a number");
      }
      r[i] = n.floatValue();
    }
    return r;
  }

  /** The JSON text of this metadata. */
  public String toJson() {
    Map<String, Object> root = new LinkedHashMap<>();
    if (preprocessing != null) {
      root.put(
          "input",
          Json.object(
              "mean", Json.array(preprocessing.means()), "std", Json.array(preprocessing.stds())));
    }
    if (!labels.isEmpty()) {
      root.put("labels", labels);
    }
    return Json.write(root);
  }

  /** The same graph with this metadata in place of what it had under {@value #KEY}. */
  public Graph storeIn(Graph g) {
    Map<String, String> m = new LinkedHashMap<>(g.metadata());
    if (preprocessing == null && labels.isEmpty()) {
      m.remove(KEY);
    } else {
      m.put(KEY, toJson());
    }
    return new Graph(g.name(), g.tensors(), g.operators(), g.inputs(), g.outputs(), m);
  }
}
