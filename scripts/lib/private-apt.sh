# SPDX-License-Identifier: MIT
# Sourced by scripts/bootstrap: an apt of our own for foreign architectures and other releases. It runs without
# root, reads and writes only its directory in the cache, and verifies signatures with Debian's keyring.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirror that the machine's own apt sources name: the first archive of theirs that ends in "/debian".
mirror_find()
{
    if [ -n "${PANDO_MIRROR:-}" ]; then
        printf '%s\n' "${PANDO_MIRROR%/}"
        return
    fi
    {
        cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[ \t]*//p' | tr ' ' '\n'
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
            sed -n 's/^deb[ \t]*\(\[[^]]*\]\)\{0,1\}[ \t]*\([^ \t]*\).*/\2/p'
    } | sed 's,/*$,,' | grep '/debian$' | head -n 1
}

# private_apt_open ARCH SUITE: makes the state for that pair current (exports APT_CONFIG) and loads its indexes.
private_apt_open()
{
    mirror=$(mirror_find)
    [ -n "$mirror" ] || die 'the apt sources of this machine name no Debian mirror: set PANDO_MIRROR'
    apt_root=$cache/apt/$2-$1
    mkdir -p "$apt_root/etc" "$apt_root/state/lists/partial" "$apt_root/cache/archives/partial" "$apt_root/log"
    : >"$apt_root/state/status"
    {
        printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$2"
        printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$2"
    } >"$apt_root/etc/sources.list"
    {
        # How this machine reaches its mirror (proxies, time-outs, certificates) holds for us too.
        env -u APT_CONFIG apt-config dump | grep '^Acquire::' | grep -v -e '::Languages' -e '::IndexTargets'
        cat <<END
APT::Architecture "$1";
APT::Architectures { "$1"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$apt_root/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::State "$apt_root/state";
Dir::State::status "$apt_root/state/status";
Dir::Cache "$apt_root/cache";
Dir::Log "$apt_root/log";
END
    } >"$apt_root/etc/apt.conf"
    APT_CONFIG=$apt_root/etc/apt.conf
    export APT_CONFIG
    say "reading the $2 index for $1"
    # An index that fails and is needed makes the download fail.
    apt-get update -qq || say 'apt-get update failed in part; going on'
}

private_apt_close()
{
    unset APT_CONFIG
}

# private_apt_download DIR PACKAGE...: the .debs, signature-checked, into DIR.
private_apt_download()
{
    directory=$1
    shift
    mkdir -p "$directory"
    (cd "$directory" && apt-get download -qq "$@") || die "cannot download: $*"
}

# private_apt_source DIR PACKAGE: the upstream source archive of PACKAGE, not unpacked, into DIR.
private_apt_source()
{
    mkdir -p "$1"
    (cd "$1" && apt-get source -qq --download-only --tar-only "$2") || die "cannot download the source of $2"
}
