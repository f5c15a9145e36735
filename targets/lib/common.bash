# Sourced by targets/emulate and targets/cost: where things are, board files, the emulator's own programs.
# shellcheck shell=bash

targets=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # read by those who source this
repo=$(dirname "$targets")
home=${QUERN_EMULATE_HOME:-${HOME:?HOME is not set: set QUERN_EMULATE_HOME}/.cache/quern/emulate}
# shellcheck disable=SC2034 # read by those who source this
llvm_release=19

die() {
  echo "${0##*/}: $1" >&2
  exit "${2:-1}"
}

# board_file NAME: the file of the board called NAME, by file name or alias; fails if there is none.
board_file() {
  local file
  case $1 in '' | */* | *[!a-z0-9-]*) return 1 ;; esac
  if [ -f "$targets/$1.properties" ]; then
    printf '%s\n' "$targets/$1.properties"
    return
  fi
  for file in "$targets"/*.properties; do
    case " $(property "$file" aliases) " in
      *" $1 "*)
        printf '%s\n' "$file"
        return
        ;;
    esac
  done
  return 1
}

# property FILE KEY: the value of KEY, empty if it is not there.
property() {
  sed -n "s/^${2//./\\.}[[:blank:]]*=[[:blank:]]*//p" "$1" | head -n 1
}

# The architecture of this machine in Debian's words, and the folder and loader that go with it.
host_arch() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "this machine is a $(uname -m): the emulator needs x86_64 or aarch64" ;;
  esac
}

# tool PATH ARG...: a program below $home/tools, with the libraries that were unpacked beside it.
tool() {
  local program=$1
  shift
  "$home/tools/run" "$home/tools/$program" "$@"
}
