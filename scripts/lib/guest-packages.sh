# SPDX-License-Identifier: MIT
# Sourced by scripts/bootstrap: Debian packages of the guests' architectures, unpacked in the cache as
#   packages/<arch>/*.deb      what was downloaded
#   root/<arch>/               programs for the guest: busybox, bash-static, dash and the libraries it needs
#   sysroot/<arch>/musl        headers and libraries that our own Linux programs are linked with
#   sysroot/<arch>/glibc       the same for static glibc programs
#   clang/                     clang's resource directory with compiler-rt for both architectures
#   <arch>-musl.cfg, <arch>-glibc.cfg   clang --config files for these
#   src/libfdt                 sources of the device tree library

guest_suite=trixie
guest_programs='busybox-static bash-static dash libc6 libgcc-s1'
guest_musl='musl-dev linux-libc-dev'
guest_glibc='libc6-dev linux-libc-dev libgcc-14-dev'
guest_builtins=libclang-rt-19-dev
guest_source=device-tree-compiler

clang_resources=/usr/lib/llvm-19/lib/clang/19

guest_packages_ensure()
{
    # The stamp names all that the contents depend on, this file included.
    stamp=$(cat "$lib/guest-packages.sh" "$lib/private-apt.sh" | sha256sum | cut -d ' ' -f 1)
    if guest_packages_present; then
        return 0
    fi
    if [ "$install" = no ]; then
        say "missing guest packages ($guest_suite, $architectures) in $cache" >&2
        missing=yes
        return 0
    fi
    mkdir -p "$cache"
    # Of several that start with a cold cache, one downloads and the others wait for it.
    exec 9>"$cache/lock"
    flock 9
    if guest_packages_present; then
        return 0
    fi
    rm -rf "$cache/stamp" "$cache/packages" "$cache/root" "$cache/sysroot" "$cache/clang" "$cache/src"
    for arch in $architectures; do
        guest_packages_fetch "$arch"
        guest_root_unpack "$arch"
        guest_musl_unpack "$arch"
        guest_glibc_unpack "$arch"
        guest_builtins_unpack "$arch"
        guest_configs_write "$arch"
    done
    guest_libfdt_unpack
    rm -rf "$cache/apt"
    printf '%s\n' "$stamp" >"$cache/stamp"
    say "guest packages are in $cache"
}

guest_packages_present()
{
    [ "$(cat "$cache/stamp" 2>/dev/null)" = "$stamp" ]
}

guest_packages_fetch()
{
    private_apt_open "$1" "$guest_suite"
    # shellcheck disable=SC2086,SC2046
    set -- "$1" $(printf '%s\n' $guest_programs $guest_musl $guest_glibc $guest_builtins | sort -u)
    say "downloading for $1: $(shift; echo "$*")"
    (
        arch=$1
        shift
        private_apt_download "$cache/packages/$arch" "$@"
    )
    [ -e "$cache/packages/source" ] || private_apt_source "$cache/packages/source" "$guest_source"
    private_apt_close
}

# unpack ARCH DIR PACKAGE...: DIR is made with Debian's merged /usr, so that both spellings of a path lead there.
unpack()
{
    debs=$cache/packages/$1
    directory=$2
    shift 2
    mkdir -p "$directory/usr/bin" "$directory/usr/sbin" "$directory/usr/lib"
    for name in bin sbin lib; do
        ln -sfn "usr/$name" "$directory/$name"
    done
    for package in "$@"; do
        # Through tar, so that a member ./lib/ follows the link instead of replacing it.
        dpkg-deb --fsys-tarfile "$debs/$package"_*.deb |
            tar -x --keep-directory-symlink --no-same-owner -C "$directory" -f -
    done
}

guest_root_unpack()
{
    # shellcheck disable=SC2086
    unpack "$1" "$cache/root/$1" $guest_programs
}

# Debian keeps musl and the kernel's headers where they do not collide with glibc's; a musl system has one place.
guest_musl_unpack()
{
    tree=$cache/sysroot/$1/musl
    # shellcheck disable=SC2086
    unpack "$1" "$tree.debian" $guest_musl
    mkdir -p "$tree/usr"
    cp -R "$tree.debian/usr/include/$1-linux-musl" "$tree/usr/include"
    cp -R "$tree.debian/usr/lib/$1-linux-musl" "$tree/usr/lib"
    cp -R "$tree.debian/usr/include/linux" "$tree.debian/usr/include/asm-generic" "$tree/usr/include/"
    cp -RL "$tree.debian/usr/include/$1-linux-gnu/asm" "$tree/usr/include/asm"
    rm -rf "$tree.debian"
}

guest_glibc_unpack()
{
    # shellcheck disable=SC2086
    unpack "$1" "$cache/sysroot/$1/glibc" $guest_glibc
}

# One resource directory serves both architectures: the host's headers, the guests' builtins.
guest_builtins_unpack()
{
    mkdir -p "$cache/clang/lib/linux"
    ln -sfn "$clang_resources/include" "$cache/clang/include"
    unpack "$1" "$cache/builtins" "$guest_builtins"
    cp "$cache/builtins$clang_resources/lib/linux/"*builtins-"$1".a \
        "$cache/builtins$clang_resources/lib/linux/"clang_rt.crt*-"$1".o "$cache/clang/lib/linux/"
    rm -rf "$cache/builtins"
}

guest_configs_write()
{
    case $1 in
        i386) machine='-march=i686' ;;
        riscv64) machine='-march=rv64gc -mabi=lp64d' ;;
    esac
    cat >"$cache/$1-musl.cfg" <<END
# Static programs on musl libc for $1.
--target=$1-linux-musl $machine
--sysroot=$cache/sysroot/$1/musl
-resource-dir=$cache/clang
--rtlib=compiler-rt --unwindlib=none -fuse-ld=lld-19 -static
-Wno-unused-command-line-argument
END
    cat >"$cache/$1-glibc.cfg" <<END
# Static programs on glibc for $1.
--target=$1-linux-gnu $machine
--sysroot=$cache/sysroot/$1/glibc
-fuse-ld=lld-19 -static
-Wno-unused-command-line-argument
END
}

guest_libfdt_unpack()
{
    mkdir -p "$cache/src/device-tree-compiler"
    tar -x -C "$cache/src/device-tree-compiler" --strip-components=1 \
        -f "$cache/packages/source/"device-tree-compiler_*.orig.tar.*z*
    mv "$cache/src/device-tree-compiler/libfdt" "$cache/src/libfdt"
    rm -rf "$cache/src/device-tree-compiler"
}
