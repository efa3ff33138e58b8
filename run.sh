#!/usr/bin/env bash
# Builds hetmem and shows this machine's memory, then that of an example machine with two sockets,
# each with DDR and HBM. On Debian 12, as root or with sudo (only to install missing packages).
set -euo pipefail
cd "$(dirname "$0")"
. scripts/packages.sh

echo "== packages: ${to_build[*]}"
need_packages "${to_build[@]}"

echo "== building (build/release)"
mkdir -p build
if ! { cmake --preset release && cmake --build --preset release; } >build/run.log 2>&1; then
    tail -n 60 build/run.log
    echo "run.sh: the build failed; all of its output is in build/run.log" >&2
    exit 1
fi

hetmem=build/release/bin/hetmem
echo "== this machine: $hetmem show"
"$hetmem" show

echo "== an example machine: $hetmem show --root examples/two-sockets.tar.gz"
"$hetmem" show --root examples/two-sockets.tar.gz
