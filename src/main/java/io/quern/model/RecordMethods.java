package io.quern.model;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.lang.runtime.ObjectMethods;

/**
 * What the {@code equals}, {@code hashCode} and {@code toString} that the compiler generates for a
 * record do, for any record of Quern. The records of the runtime jar call these, with the same
 * results, in place of generated code, which takes 150 bytes more of the jar for each. Not for use
 * by other programs. Threads may share it.
 *
 * @see ObjectMethods
 */
public final class RecordMethods {
  private static final ClassValue<MethodHandle> EQUALS =
      methods("equals", MethodType.methodType(boolean.class, Object.class));

  private static final ClassValue<MethodHandle> HASH_CODE =
      methods("hashCode", MethodType.methodType(int.class));

  private static final ClassValue<MethodHandle> TO_STRING =
      methods("toString", MethodType.methodType(String.class));

  private RecordMethods() {}

  /** Whether another object is a record of the same class with equal components. */
  public static boolean equals(Record r, Object other) {
    try {
      return (boolean) EQUALS.get(r.getClass()).invokeExact((Object) r, other);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** The hash code of a record's components. */
  public static int hashCode(Record r) {
    try {
      return (int) HASH_CODE.get(r.getClass()).invokeExact((Object) r);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** The class's simple name and, in brackets, the names and values of the components. */
  public static String toString(Record r) {
    try {
      return (String) TO_STRING.get(r.getClass()).invokeExact((Object) r);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** The methods of one name that the JDK makes; their type without the record itself. */
  private static ClassValue<MethodHandle> methods(String name, MethodType type) {
    return new ClassValue<>() {
      @Override
      protected MethodHandle computeValue(Class<?> c) {
        RecordComponent[] components = c.getRecordComponents();
        String[] names = new String[components.length];
        MethodHandle[] getters = new MethodHandle[components.length];
        try {
          MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(c, MethodHandles.lookup());
          for (int i = 0; i < components.length; i++) {
            names[i] = components[i].getName();
            getters[i] = lookup.findGetter(c, names[i], components[i].getType());
          }
          MethodHandle method =
              (MethodHandle)
                  ObjectMethods.bootstrap(
                      lookup, name, MethodHandle.class, c, String.join(";", names), getters);
          return method.asType(type.insertParameterTypes(0, Object.class));
        } catch (Throwable e) {
          throw failed(e);
        }
      }
    };
  }

  private static RuntimeException failed(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException r ? r : new IllegalStateException(e);
  }
}
