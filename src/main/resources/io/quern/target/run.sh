#!/bin/sh
# Starts the model @NAME@ with the JVM flags of @BOARD@. Made by "quern deploy".
# usage: run check | infer INPUT [OUTPUT] | serve SOCKET | call SOCKET INPUT [OUTPUT] | bench [RUNS]
#
# QUERN_JAVA       a java to use instead of the one in this folder, JAVA_HOME or PATH
# QUERN_JAVA_OPTS  more JVM flags; -Dquern.threads=N and -Dquern.tier=T among them
# QUERN_CACHE      where the start-up archive goes, which the first start makes; "none" for no archive
set -euf # no file names in flags
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)

java=${QUERN_JAVA:-}
[ -n "$java" ] || [ ! -x "$here/jre/bin/java" ] || java=$here/jre/bin/java
[ -n "$java" ] || [ ! -x "${JAVA_HOME:-/nonexistent}/bin/java" ] || java=$JAVA_HOME/bin/java
[ -n "$java" ] || java=$(command -v java) || {
  echo "run: no java; on Debian and Raspberry Pi OS: sudo apt install default-jre-headless" >&2
  exit 1
}
java=$(readlink -f -- "$java")

# The release file spares a start of the JVM, which is half a second on a small board.
about=$(dirname -- "$(dirname -- "$java")")/release
version=$(sed -n 's/^JAVA_VERSION="\(.*\)"$/\1/p' "$about" 2> /dev/null || true)
[ -n "$version" ] || version=$("$java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p')
release=${version%%[!0-9]*}
[ "${release:-0}" -ge 17 ] || {
  echo "run: $java is version ${version:-unknown}; 17 or newer is needed" >&2
  exit 1
}

# Flags of the board; the reasons are in README.
flags="-Xmx@HEAP@m"
@FLAGS@
if [ -r "$about" ] && ! grep -q jdk.incubator.vector "$about"; then
  flags=$(echo "$flags" | sed 's/--add-modules=jdk.incubator.vector//')
fi
flags="$flags ${QUERN_JAVA_OPTS:-} -Dquern.bundle=$here"

# shellcheck disable=SC2086 # flags is a list of words
start() {
  "$java" $flags "$@"
}

# The first start checks the model's bytes and, by the way, records the classes that later starts map ready-made.
cache=${QUERN_CACHE:-${CACHE_DIRECTORY:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/quern}}
case $here in *' '*) cache=none ;; esac
archive=
if [ "$cache" != none ] && mkdir -p "$cache" 2> /dev/null && [ -w "$cache" ]; then
  machine=$(sed -n 's/^OS_ARCH="\(.*\)"$/\1/p' "$about" 2> /dev/null || true)
  archive=$cache/@NAME@-@ID@-$version-${machine:-$(uname -m)}
  trap 'rm -f "$archive.$$" "$archive.$$.conf"' EXIT
  case ${QUERN_JAVA_OPTS:-} in *-XX:*GC*) archive=$archive-gc ;; esac
  if [ "$release" -ge 24 ]; then
    archive=$archive.aot
    if [ ! -e "$archive" ]; then
      start -XX:AOTMode=record -XX:AOTConfiguration="$archive.$$.conf" -Xlog:disable -jar "$here/quern.jar" check \
        > /dev/null
      start -XX:AOTMode=create -XX:AOTConfiguration="$archive.$$.conf" -XX:AOTCache="$archive.$$" -Xlog:disable \
        -jar "$here/quern.jar" > /dev/null 2>&1 || true
    fi
    use=-XX:AOTCache=$archive
  else
    archive=$archive.jsa
    base=
    # A trimmed Java has no archive of the JDK's own classes, which this one adds to.
    if [ ! -e "${about%/release}/lib/server/classes.jsa" ]; then
      base=$archive-base
      [ -e "$base" ] || "$java" -Xshare:dump -XX:SharedArchiveFile="$base" -Xlog:disable > /dev/null 2>&1 || base=
    fi
    if [ ! -e "$archive" ]; then
      # When this Java makes no archives, the check runs without.
      start ${base:+-XX:SharedArchiveFile="$base"} -XX:ArchiveClassesAtExit="$archive.$$" -Xlog:disable \
        -jar "$here/quern.jar" check > "$archive.$$.conf" 2>&1 || {
        [ ! -e "$archive.$$" ] || {
          cat "$archive.$$.conf" >&2
          exit 1
        }
        : > "$archive.$$.conf"
        start -jar "$here/quern.jar" check > /dev/null
      }
      cat "$archive.$$.conf" >&2
    fi
    use=-XX:SharedArchiveFile=${base:+$base:}$archive
  fi
  [ -e "$archive" ] || [ ! -s "$archive.$$" ] || mv "$archive.$$" "$archive"
  rm -f "$archive.$$" "$archive.$$.conf"
fi
if [ -n "$archive" ] && [ -s "$archive" ]; then
  flags="$flags $use -Xlog:cds=off -Xlog:cds+dynamic=off"
  [ "$release" -lt 24 ] || flags="$flags -Xlog:aot=off"
fi
# shellcheck disable=SC2086
exec "$java" $flags -jar "$here/quern.jar" "$@"
