# SPDX-License-Identifier: MIT
"""Commands in the guest through scripts/run: one row each, with status, output, error and what it must leave."""
import hashlib
import os
import re

import harness
import linux_tests

YES = hashlib.md5(b"y\n" * 10000000).hexdigest()
RANDOM = os.urandom(1000000)


class Row:
    """`out` is the exact standard output, or a pattern that must match all of it; `err` likewise."""

    def __init__(self, name, script, status=0, out=b"", err=b"", stdin=b"", options=(), command=None,
                 archives=(), pando_only=False, once=False):
        self.name, self.status, self.out, self.err, self.stdin = name, status, out, err, stdin
        self.options, self.archives = list(options), archives
        self.pando_only = pando_only
        self.no_leak = bool(script) and not (once or stdin or status) and isinstance(out, bytes)
        self.command = command or ["--", "sh", "-c", script]

    def check(self, system):
        """On Pando nothing may be left behind, of memory neither where a script can run twice in one guest."""
        twice = self.no_leak and system.is_pando
        command = self.command[:-1] + [NO_LEAK % self.command[-1]] if twice else self.command
        run = system.run if twice else system.run_alone
        done = run(command, stdin=self.stdin, options=self.options, archives=self.archives)
        wanted_out = self.out
        if twice:
            parts = done.out.split(b"@@\n")
            done.out, wanted_out = b"".join(parts[0::2]), 2 * self.out
        if done.status != self.status:
            last = done.err.decode(errors="replace").strip().split("\n")[-1]
            raise harness.Failed("status %d, not %d%s" % (done.status, self.status, " (%s)" % last if last else ""),
                                 done.details())
        for what, got, wanted in (("stdout", done.out, wanted_out), ("stderr", done.err, self.err)):
            if hasattr(wanted, "fullmatch"):
                good = wanted.fullmatch(got)
            else:
                good = got == wanted
            if not good:
                raise harness.Failed("%s is not as it should be" % what, done.details())
        if twice:
            counts = [linux_tests.read_counts(part.decode()) for part in parts[1::2]]
            left = (linux_tests.leaks(counts[1], counts[2], slack=("frames", "users_frames"))
                    or linux_tests.pages_kept(counts[0], counts[2]))
            if left:
                raise harness.Failed(left)


def matching(pattern):
    return re.compile(pattern, re.DOTALL)


MACHINE = {"i386": b"i686", "riscv64": b"riscv64"}

TREE = "f(){ if [ $1 -eq 0 ]; then echo leaf; else f $(($1-1)) & f $(($1-1)) & wait; fi; }; f 7 | wc -l"

# The body, twice, and what Pando counts before it and after each: the first round fills caches.
NO_LEAK = """
body() (
%s
)
counts() { echo @@; cat /proc/pando/counts /proc/pando/counts-vfs; echo @@; }
counts; body; counts; body; counts
"""

SLEEPERS = """
set -- /proc/[0-9]*; before=$#
i=0; while [ $i -lt 4000 ]; do sleep 1000 & i=$((i+1)); done
set -- /proc/[0-9]*; [ $# -ge $((before + 4000)) ] || echo "only $# processes"
kill $(jobs -p) 2>/dev/null; wait
set -- /proc/[0-9]*; [ $# -le $before ] || echo "still $# processes"
"""

# The killed are process 1's, and count until it has reaped them. Until then the user must not fork.
BOMB = """
[ -p /tmp/never ] || mkfifo -m 666 /tmp/never
su user -c '
set -- /proc/[0-9]*; before=$#; ulimit -u 100
bomb() { bomb 2>/dev/null & bomb 2>/dev/null & wait; }
(bomb) 2>/dev/null &
read -t 2 nothing <>/tmp/never
kill -KILL -1; wait
while set -- /proc/[0-9]*; [ $# -gt $before ]; do :; done
echo $(id -u) recovered $(echo well)'
"""

HOG = """
(sleep 1; exit 5) & neighbour=$!
awk 'BEGIN { s = "x"; while (1) { s = s s; a[i++] = s } }' 2>/dev/null; echo "hog $?"
wait $neighbour; echo "neighbour $?"
cat /proc/uptime >/dev/null && echo alive
"""

FILL = """
mkdir -p /m && mount -t tmpfs -o size=8m tmpfs /m
for i in 1 2 3; do
    cat /dev/zero > /m/f 2>/m.err; grep -c 'No space left on device' /m.err
    rm /m/f; echo back > /m/g && cat /m/g; rm /m/g
done
umount /m
"""


def rows(arch):
    return [
        Row("uname", "", out=matching(rb"Linux \S+ \S+ .*Pando.* " + MACHINE[arch] + rb" .*Linux\n"),
            command=["--", "uname", "-a"], pando_only=True),
        Row("exit_status", "exit 7", 7),
        Row("killed", "kill -SEGV $$", 139),
        Row("not_found", "", 127, err=matching(rb".*nothing.*not found\n|nothing.*No such file.*\n"),
            command=["--", "nothing"]),
        Row("not_executable", "", 126, err=matching(rb".*Permission denied\n"), command=["--", "/etc/passwd"]),
        Row("echo", "", out=b"two  words\n", command=["--", "echo", "two  words"]),
        Row("streams", "echo out; echo err >&2", out=b"out\n", err=matching(rb"(err\n)+")),
        # Linux lets only one open a port.
        Row("binary_clean", "tee /dev/stderr", out=RANDOM, err=RANDOM, stdin=RANDOM, pando_only=True),
        Row("end_of_file", "cat; echo end", out=b"endend\n", stdin=b"end"),
        Row("standard_input_of_sh", "", 3, out=b"hello\n", stdin=b"echo hello\nexit 3\n", command=["--", "sh"]),
        Row("unread_input", "exit 4", 4, stdin=RANDOM),
        Row("background_child", "sleep 1000 & exit 3", 3),
        Row("yes_head_md5sum", "set -o pipefail; yes | head -c 20000000 | md5sum", 141,
            out=YES.encode() + b"  -\n"),
        # How many of these live at a time differs, and with it how large tables are afterwards.
        Row("tree_of_processes", TREE, out=b"128\n", once=True),
        Row("pipeline_of_five", "seq 1000 | grep 7 | sort -r | head -n 3 | tr '\\n' ' '", out=b"997 987 979 "),
        Row("command_substitution", "echo $(echo a $(echo b $(echo c)))", out=b"a b c\n"),
        Row("here_document", "cat <<END\nhere $((6*7))\nEND", out=b"here 42\n"),
        Row("redirections", "echo a >/tmp/f; echo b >>/tmp/f; cat </tmp/f; ls /no 2>/dev/null || echo c",
            out=b"a\nb\nc\n"),
        Row("loops", "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; echo $i", out=b"300\n"),
        Row("traps", "trap 'echo got' USR1; kill -USR1 $$; trap 'echo bye' EXIT", out=b"got\nbye\n", once=True),
        Row("script", "printf '#!/bin/sh\\necho \"$0 $1\"\\n' >/tmp/s; chmod +x /tmp/s; /tmp/s one", out=b"/tmp/s one\n"),
        Row("files", "mkdir -p /tmp/a/b; cp /bin/busybox /tmp/a/b/x; cmp /bin/busybox /tmp/a/b/x && mv /tmp/a /tmp/c "
            "&& find /tmp/c | sort && rm -r /tmp/c && ls /tmp", out=b"/tmp/c\n/tmp/c/b\n/tmp/c/b/x\n"),
        Row("tar_and_gzip", "cd /tmp; tar czf t.gz -C / etc && mkdir -p x && tar xzf t.gz -C x && diff -r /etc x/etc && echo same",
            out=b"same\n"),
        Row("user", "id -u; id -g; cat /etc/shadow 2>/dev/null || echo refused; echo x 2>/dev/null >/bin/x || echo refused",
            out=b"1000\n1000\nrefused\nrefused\n", options=["--user", "1000"]),
        Row("environment", "echo $HOME $COLOUR", out=b"/root blue\n", options=["--env", "COLOUR=blue"]),
        Row("added_files", "", out=b"#!/bin/sh\n#!/bin/sh\ndrwxrwxrwt\n",
            command=["--", "sh", "-c", "head -n 1 /run.copy; head -n 1 /var/tmp/g; ls -ld /tmp | cut -c1-10"],
            options=["--add", "scripts/run:/run.copy", "--add", "scripts/run:/var/tmp/g"]),
        Row("leak_of_ten_thousand_forks", "i=0; while [ $i -lt 10000 ]; do (:); i=$((i+1)); done; echo $i",
            out=b"10000\n"),
        Row("leak_of_four_thousand_sleepers", SLEEPERS, err=matching(rb"(Terminated\n)*"),
            options=["--memory", "1G"]),
        Row("leak_of_fork_bomb", BOMB, out=b"1000 recovered well\n", err=matching(rb".*")),
        Row("memory_hog", HOG, out=b"hog 137\nneighbour 5\nalive\n", err=matching(rb".*")),
        Row("full_tmpfs", FILL, out=b"1\nback\n" * 3),
        Row("leak_of_forks", "for i in 1 2 3 4 5 6 7 8 9 10; do (ls / | cat >/dev/null); done"),
        Row("leak_of_files", "head -c 3000000 /dev/zero >/tmp/f; cp /tmp/f /tmp/g; rm /tmp/f /tmp/g"),
        Row("leak_of_kills", "for i in 1 2 3 4 5; do sleep 1000 & kill -9 $!; wait; done 2>/dev/null"),
        Row("ps", "ps | grep -c '[i]nit'", out=b"1\n"),
        Row("awk_and_sed", "seq 10 | sed -n 's/^/n/p' | awk '{ s = s $1 } END { print s, NR }'",
            out=b"n1n2n3n4n5n6n7n8n9n10 10\n"),
        Row("date", "date +%Y", out=matching(rb"20[2-9]\d\n")),
        # The process that watches the time is nobody's child and ends a little later.
        Row("timeout_command", "timeout 1 sleep 100; echo $?", out=b"143\n", err=matching(rb"(Terminated\n)*"), once=True),
        Row("mktemp", "f=$(mktemp); echo made >$f; cat $f; rm $f", out=b"made\n"),
        Row("proc", "cat /proc/self/comm; test -d /proc/1 && readlink /proc/self/exe", out=b"cat\n/bin/busybox\n"),
        Row("random", "head -c 1000 /dev/urandom | wc -c", out=b"1000\n"),
        Row("dash", "", out=b"dash 42\n", command=["--", "/bin/dash", "-c", "echo dash $((6 * 7))"],
            archives=["extra"]),
        Row("bash", "", out=b"bash 3 z\n", archives=["extra"],
            command=["--", "/bin/bash", "-c", "a=(x y z); echo bash ${#a[@]} ${a[2]}; [[ abc =~ b ]]"]),
        Row("glibc_threads", "", out=b"initialised 1, produced 8000, sum 8004000, left 0\n",
            command=["build/glibc-threads-%s" % arch]),
        Row("server_restarts", "echo console >/proc/pando/restart; grep -q '^console running [12]' /proc/pando/servers && echo on",
            out=b"on\n", pando_only=True, once=True),
    ]


def tests(system):
    return [("shell/%s/%s" % (system.name, row.name), lambda row=row: row.check(system)) for row in rows(system.arch)
            if system.is_pando or not row.pando_only]
