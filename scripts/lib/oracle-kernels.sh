# SPDX-License-Identifier: MIT
# Sourced by scripts/bootstrap: real Linux for each guest architecture, against which tests/linux is recorded.
#   oracle/<arch>/vmlinuz      the kernel
#   oracle/<arch>/modules      its modules, as in /lib/modules/<release>

oracle_suite() { case $1 in i386) echo bookworm ;; riscv64) echo trixie ;; esac; }
oracle_meta() { case $1 in i386) echo linux-image-686 ;; riscv64) echo linux-image-riscv64 ;; esac; }

oracle_kernels_ensure()
{
    for arch in $architectures; do
        [ ! -e "$cache/oracle/$arch/vmlinuz" ] || continue
        if [ "$install" = no ]; then
            say "missing oracle kernel for $arch in $cache" >&2
            missing=yes
        else
            oracle_kernel_fetch "$arch"
        fi
    done
}

oracle_kernel_fetch()
{
    private_apt_open "$1" "$(oracle_suite "$1")"
    # The meta package depends on the image of the current kernel.
    image=$(apt-cache depends --important "$(oracle_meta "$1")" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)
    [ -n "$image" ] || die "no kernel image for $1"
    say "downloading for the oracle: $image"
    rm -rf "$cache/oracle/$1"
    private_apt_download "$cache/oracle/$1/packages" "$image"
    private_apt_close
    rm -rf "$cache/apt"
    tree=$cache/oracle/$1/tree
    mkdir -p "$tree"
    dpkg-deb -x "$cache/oracle/$1/packages/"*.deb "$tree"
    if [ -d "$tree/usr/lib/modules" ]; then
        mv "$tree/usr/lib/modules/"* "$cache/oracle/$1/modules"
    else
        mv "$tree/lib/modules/"* "$cache/oracle/$1/modules"
    fi
    mv "$tree/boot/"vmlinu* "$cache/oracle/$1/vmlinuz"
    rm -rf "$tree" "$cache/oracle/$1/packages"
}
