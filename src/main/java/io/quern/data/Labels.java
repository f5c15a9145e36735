package io.quern.data;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * From the names that data gives to classes to indices: by the model's labels when it has them,
 * else as integers when all names are, else in the order of the names.
 */
final class Labels {
  private final Map<String, Integer> indices = new HashMap<>();
  private final List<String> names = new ArrayList<>();

  /**
   * @param source for messages
   * @param modelLabels the model's classes, or empty
   * @param used every name that occurs in the data
   */
  Labels(String source, List<String> modelLabels, Iterable<String> used) {
    TreeSet<String> sorted = new TreeSet<>();
    used.forEach(sorted::add);
    boolean integers = !sorted.isEmpty() && sorted.stream().allMatch(s -> s.matches("[0-9]{1,6}"));
    if (!modelLabels.isEmpty() && (!integers || modelLabels.containsAll(sorted))) {
      for (String s : sorted) {
        int i = modelLabels.indexOf(s);
        if (i < 0) {
          throw new DataException(
              source
                  + ": class \""
                  + s
                  + "\" is none of the model's "
                  + modelLabels.size()
                  + " labels");
        }
        indices.put(s, i);
      }
      names.addAll(modelLabels);
    } else if (integers) {
      sorted.forEach(s -> indices.put(s, Integer.valueOf(s)));
    } else {
      for (String s : sorted) {
        indices.put(s, names.size());
        names.add(s);
      }
    }
  }

  /**
   * Checks a label.
   *
   * @param classes how many there are
   * @param source where it stands
   */
  static void requireBelow(int classes, int label, String source) {
    if (label >= classes) {
      throw new DataException(
          source + ": label " + label + ", but the model has " + classes + " outputs");
    }
  }

  int index(String name) {
    return indices.get(name);
  }

  List<String> names() {
    return names;
  }
}
