#!/usr/bin/env bash
# Builds and tests everything, on Debian 12, as root or with sudo (only to install missing packages).
#
#   ./test.sh               all stages, in this order, up to the first that fails
#   ./test.sh unit tidy     these stages only
#   ./test.sh --list        what the stages are
#
# Each stage's output is in build/logs/. HETMEM_FUZZ_SECONDS (10): how long each fuzzer runs.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/packages.sh

stages=(packages checks gcc unit asan tsan tidy fuzz vm)
declare -A about=(
    [packages]="install what is missing"
    [checks]="layers and formatting, before anything is compiled"
    [gcc]="build with gcc, warnings are errors; every public header on its own"
    [unit]="unit, command-line, installed-tree, preloaded-malloc and source-tree tests"
    [asan]="build with clang; unit and command-line tests under address and undefined-behaviour sanitizers"
    [tsan]="unit tests of what has threads, under the thread sanitizer"
    [tidy]="clang-tidy; what was clean and did not change is not read again"
    [fuzz]="every fuzzer, ${HETMEM_FUZZ_SECONDS:=10} s each"
    [vm]="every scenario in QEMU on Linux 6.12 and 6.1"
)
logs=build/logs
# What another clone compiled counts too.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

build() { # PRESET [TARGET]
    cmake --preset "$1"
    cmake --build --preset "$1" --target "${2-all}"
}

run_tests() { # PRESET LABELS
    ctest --preset "$1" -L "$2" -j "$(nproc)" --output-junit "$PWD/$logs/$stage.xml"
}

packages() {
    need_packages "${to_build[@]}" "${to_test[@]}"
}

checks() {
    tests/checks/layers .
    tests/checks/format .
}

gcc() {
    build dev
    cmake --build --preset dev --target all_verify_interface_header_sets
}

unit() {
    build dev
    run_tests dev 'unit|cli|consumer|checks|preload'
}

asan() {
    build asan
    run_tests asan 'unit|cli'
}

tsan() {
    build tsan threads
    run_tests tsan threads
}

tidy() {
    cmake --preset dev-clang
    tests/checks/tidy build/dev-clang
}

fuzz() {
    cmake --preset asan -DHETMEM_FUZZ_SECONDS="$HETMEM_FUZZ_SECONDS"
    build asan
    run_tests asan fuzz
}

vm() {
    # What apt-get knows may be older than what the mirror has.
    tests/vm/fetch-kernels || { as_root apt-get update -q && tests/vm/fetch-kernels; }
    build dev
    run_tests dev vm
}

if [ "${1-}" = --list ]; then
    for stage in "${stages[@]}"; do
        printf '%-9s %s\n' "$stage" "${about[$stage]}"
    done
    exit
fi
for stage in "$@"; do
    if [ -z "${about[$stage]-}" ]; then
        echo "test.sh: no stage is called '$stage' (./test.sh --list)" >&2
        exit 2
    fi
done
[ $# -eq 0 ] || stages=("$@")

mkdir -p "$logs"
rm -f "$logs"/*
failed=
for stage in "${stages[@]}"; do
    printf '== %-9s%s\n' "$stage" "${about[$stage]}"
    started=$SECONDS
    # Not in a condition, where bash would ignore `set -e` in the stage.
    set +e
    (
        set -e
        "$stage"
    ) >"$logs/$stage.log" 2>&1
    status=$?
    set -e
    printf '%s %s\n' "$stage" "$status" >>"$logs/stages"
    if [ $status -ne 0 ]; then
        # The end of it, less what ctest says of tests that passed.
        grep -Ev '^ +Start +[0-9]+: |^ *[0-9]+/[0-9]+ Test .* Passed ' "$logs/$stage.log" | tail -n 200
        printf '   FAILED after %d s: all of its output is in %s\n' \
            $((SECONDS - started)) "$logs/$stage.log"
        failed=$stage
        break
    fi
    printf '   passed in %d s\n' $((SECONDS - started))
done
[ -z "$failed" ] || echo "test.sh: stage '$failed' failed, those after it did not run"
if command -v python3 >/dev/null; then
    scripts/report "$logs"
else
    echo "0 passed, 1 failed, 0 skipped" # not even the packages could be installed
fi
[ -z "$failed" ]
