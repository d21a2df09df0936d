# SPDX-License-Identifier: MIT
# Sourced by scripts/bootstrap: what the host needs, and installing what is missing of it.

host_packages='
    clang-19 lld-19 llvm-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev
    meson ninja-build pkg-config libc6-dev libcmocka-dev
    qemu-system-x86 qemu-system-misc opensbi seabios device-tree-compiler
    python3 python3-pexpect python3-pytest
    debian-archive-keyring ca-certificates cpio xz-utils file git
'

# Prints those of $host_packages that are not installed.
host_packages_missing()
{
    for package in $host_packages; do
        printf '%s\n' "$package"
    done | sort -u >"$work/wanted"
    # pkgconf replaces pkg-config on newer systems: what counts is that some installed package provides the name.
    # shellcheck disable=SC2086
    dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' 2>/dev/null |
        sed -n 's/^installed //p' | tr ',' '\n' | sed 's/(.*//; s/:any//; s/ //g' | sort -u >"$work/present"
    comm -23 "$work/wanted" "$work/present"
}

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "not root, and no sudo here. As root: apt-get install --no-install-recommends $list"
    fi
}

host_packages_ensure()
{
    work=$(mktemp -d)
    list=$(host_packages_missing | tr '\n' ' ')
    rm -rf "$work"
    [ -n "$list" ] || return 0
    if [ "$install" = no ]; then
        say "missing host packages: $list" >&2
        missing=yes
        return 0
    fi
    say "host packages to install: $list"
    # An index that nobody needs may be out of reach; what matters is whether the installation succeeds.
    as_root apt-get update -q || say 'apt-get update failed in part; going on'
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $list ||
        die "apt-get install failed. As root: apt-get install --no-install-recommends $list"
}
