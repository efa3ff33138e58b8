# The Debian 12 packages that run.sh and test.sh need, and how they are installed; sourced by both.
# shellcheck shell=bash disable=SC2034

to_build=(g++ cmake ninja-build libfmt-dev nlohmann-json3-dev libcli11-dev libhwy-dev)
to_test=(
    clang clang-tidy clang-format libclang-rt-14-dev llvm # second compiler, rules, fuzzers
    libgtest-dev libgmock-dev pkg-config python3 ca-certificates
    acpica-tools hwloc-nox libhwloc-dev # second opinions
    qemu-system-x86 busybox-static cpio # a real kernel
    strace                              # what `show` reads is what a capture holds
    man-db bzip2                        # the manual page, archives of saved machines
    numactl libnuma-dev libmemkind-dev  # peers, as a contrast on a real kernel
    redis-server redis-tools sqlite3    # programs that run under the preloaded malloc
    initramfs-tools-core dracut-core    # what takes an override to the kernel
    chromium                            # what a report is read with
    ccache                              # a second run takes half the time
)

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root and there is no sudo; as root, run: $*" >&2
        return 1
    fi
}

# Installs those of the named packages that are missing, saying so. apt-get's own words are shown
# when it fails.
need_packages() {
    local missing=() package words
    for package in "$@"; do
        if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing+=("$package")
        fi
    done
    if [ ${#missing[@]} -eq 0 ]; then
        echo "all installed"
        return
    fi
    echo "installing with apt-get: ${missing[*]}"
    # Old lists name versions that the mirror no longer has, so they are always brought up to date.
    if ! words=$(as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "${missing[@]}" 2>&1); then
        tail -n 40 <<<"$words"
        echo "could not install what is missing" >&2
        return 1
    fi
}
