# SPDX-License-Identifier: MIT
"""Interactive sessions on the guest's terminal: editing, signals from the keyboard, job control, full-screen programs."""
import harness
from terminal import Terminal

ESCAPE = "\x1b"


def session(function, archives=()):
    def test(system):
        with Terminal(system, archives=archives) as shell, shell.leaving_nothing():
            function(shell)
    return test


def line_editing(shell):
    shell.type("echo wrong\x15echo riggt")
    shell.type("\x7f\x7fht\r")
    shell.expect("\nright\r?\n")
    shell.prompt()
    # The history, by the arrow key.
    shell.type(ESCAPE + "[A\r")
    shell.expect("\nright\r?\n")
    shell.prompt()


def here_documents(shell):
    shell.line("cat <<END | tr a-z A-Z")
    shell.expect("> ")
    shell.line("here is $((40 + 2))")
    shell.expect("> ")
    shell.line("END")
    shell.expect("\nHERE IS 42\r?\n")
    shell.prompt()


def pipelines(shell):
    shell.command("seq 1000 | grep 7 | sort -r | head -n 3 | tail -n 1", r"\b979\b")
    shell.command('echo "<$(echo in $(echo inner))>"', "<in inner>")


def interrupt_loop(shell):
    shell.line("echo started; while :; do :; done")
    shell.expect("\nstarted\r?\n")
    shell.control("c")
    shell.prompt()
    shell.command("echo status $?", "status 130")
    for program in ("yes >/dev/null", "sleep 1000", "cat"):
        shell.start(program)
        shell.control("c")
        shell.prompt()
        shell.command("echo status $?", "status 130")
    shell.line("sh -c 'trap \"echo trapped; exit 9\" INT; echo ready; while :; do :; done'")
    shell.expect("\nready\r?\n")
    shell.control("c")
    shell.expect("trapped")
    shell.prompt()
    shell.command("echo status $?", "status 9")


def quit_character(shell):
    # sh ignores SIGQUIT until it has become cat, which then answers.
    shell.start("cat")
    shell.line("typed")
    shell.expect("typed\r?\ntyped\r?\n")
    shell.control("\\")
    shell.prompt()
    shell.command("echo status $?", "status 131")


def end_of_file(shell):
    shell.start("cat", "; echo after")
    shell.line("typed")
    shell.expect("typed\r?\ntyped\r?\n")
    shell.control("d")
    shell.expect("after")
    shell.prompt()


def job_control(shell):
    shell.start("cat")
    shell.line("before")
    shell.expect("before\r?\nbefore\r?\n")
    shell.control("z")
    shell.expect("Stopped")
    shell.prompt()
    shell.command("jobs", "Stopped")
    shell.line("fg")
    shell.expect("exec cat")
    shell.line("after")
    shell.expect("after\r?\nafter\r?\n")
    shell.control("d")
    shell.prompt()
    # fg shows the command before the job has the terminal; its SIGCONT comes when it has.
    shell.line("sh -c 'trap \"echo continued\" CONT; : >/tmp/trapping; while :; do :; done' &")
    shell.prompt()
    shell.command("while [ ! -e /tmp/trapping ]; do :; done; jobs", "Running")
    shell.line("fg")
    shell.expect("\ncontinued\r?\n")
    shell.control("z")
    shell.expect("Stopped")
    shell.prompt()
    shell.command("bg")
    shell.command("jobs", "Running")
    shell.command("kill %1; wait; echo gone", "gone")
    # A background job that reads the terminal is stopped (Linux leaves /dev/console out of that).
    shell.command("cat </dev/tty & wait $!; jobs", "Stopped")
    shell.command("kill -9 %1; /bin/true; echo gone", "gone")


def stop_and_continue(shell):
    shell.command("sleep 1000 & until grep -q sleep /proc/$!/cmdline; do :; done; echo started", r"(?m)^started$")
    shell.command("state() { grep -q ^State:.$1 /proc/$!/status; }")
    shell.command("kill -STOP $!; until state T; do :; done; echo stopped", r"(?m)^stopped$")
    shell.command("kill -CONT $!; while state T; do :; done; echo running", r"(?m)^running$")
    shell.command("ps", r"sleep 1000", r"-sh", r"init")
    shell.command("kill $!; wait $!; echo status $?", "status 143")


def edit_with_vi(shell):
    # Its status line tells the mode; escape and the next key must not come together, as they would be one.
    shell.line("vi /tmp/file")
    shell.expect("- /tmp/file")
    shell.type("i")
    shell.expect("I /tmp/file")
    shell.type("hello from vi\rsecond line" + ESCAPE)
    shell.expect("- /tmp/file")
    shell.type("k0dw:wq\r")
    shell.prompt()
    shell.command("cat /tmp/file", r"(?m)^from vi\nsecond line$")
    shell.line("vi /tmp/file")
    shell.expect("second")
    # The suspend character works from a full-screen program too.
    shell.control("z")
    shell.prompt()
    shell.line("fg")
    shell.expect("second")
    shell.type(":q!\r")
    shell.prompt()
    shell.command("rm /tmp/file")


def page_with_less(shell):
    shell.command("seq 1000 > /tmp/numbers")
    shell.line("less /tmp/numbers")
    shell.expect("[^0-9]22[^0-9]")
    shell.type(" ")
    shell.expect("[^0-9]44[^0-9]")
    shell.type("G")
    shell.expect("[^0-9]1000[^0-9]")
    shell.type("g")
    shell.expect("[^0-9]23[^0-9]")
    # Between two keys less sets the terminal back to where a return is no return: it is raw once the cursor is set.
    for column, key in enumerate("/55", 2):
        shell.type(key)
        shell.expect(r"\x1b\[24;%dH" % column)
    shell.type("\r")
    shell.expect("[^0-9]77[^0-9]")
    shell.type("q")
    shell.prompt()
    shell.command("rm /tmp/numbers; echo sane", "sane")


def watch_with_top(shell):
    shell.line("top -d 1")
    shell.expect("Mem: ")
    shell.expect("COMMAND")
    # The second screen comes by itself.
    shell.expect("Mem: ")
    shell.type("q")
    shell.prompt()
    shell.command("top -b -n 1", "CPU:", "Load average", "COMMAND", "init")


def terminal_settings(shell):
    shell.command("stty -a", "isig icanon", "intr = \\^C", "echo")
    shell.command("tty", "/dev/(console|ttyS0)")
    # What comes before read has switched the echo off is echoed.
    shell.line("(until stty | grep -q -- -echo; do :; done; echo quiet) & read -s secret; echo \"[$secret]\"")
    shell.expect("\nquiet\r?\n")
    shell.line("hidden")
    output = shell.expect("\\[hidden\\]")
    shell.prompt()
    if output.count("hidden"):
        raise harness.Failed("read -s echoes", output)
    shell.command("stty -echo; stty echo; echo visible", "visible")


def dash_session(shell):
    shell.line("dash -i")
    shell.expect("\n# $")
    shell.line("PS1=dash-'prompt> '")
    shell.expect("dash-prompt> ")
    shell.line("x=5; while [ $x -gt 0 ]; do x=$((x-1)); done; echo x is $x")
    shell.expect("\nx is 0\r?\n")
    shell.expect("dash-prompt> ")
    shell.start("cat")
    shell.control("z")
    shell.expect("Stopped")
    shell.expect("dash-prompt> ")
    # Waiting for another program, the shell learns of the killed one too; it does not leave before.
    shell.line("kill -9 %1; /bin/true")
    shell.expect("dash-prompt> ")
    shell.line("exit 3")
    shell.prompt()
    shell.command("echo status $?", "status 3")


def bash_session(shell):
    shell.line("bash --norc --noprofile")
    shell.expect("[#$] $")
    shell.line("PS1=bash-'prompt> '")
    shell.expect("bash-prompt> ")
    shell.line("for i in {1..3}; do echo -n $i,; done; echo")
    shell.expect("\n.*1,2,3,")
    shell.expect("bash-prompt> ")
    shell.start("sleep 1000", " | cat")
    shell.control("z")
    shell.expect("Stopped")
    shell.expect("bash-prompt> ")
    shell.line("jobs; kill %1; wait; diff <(echo a) <(echo a) && echo same")
    shell.expect("\nsame\r?\n")
    shell.expect("bash-prompt> ")
    shell.start("sleep 1000")
    shell.control("c")
    shell.expect("bash-prompt> ")
    shell.line("echo $?; exit 4")
    shell.expect("130")
    shell.prompt()
    shell.command("echo status $?; rm ~/.bash_history", "status 4")


def console_server_dies(shell):
    """The driver is replaced under the session, which goes on with its state."""
    shell.command("x=kept; cd /tmp; sleep 1000 & echo started", "started")
    shell.command("echo console > /proc/pando/restart; echo written")
    shell.command("echo $x; pwd", "kept", "/tmp")
    shell.command("grep console /proc/pando/servers", "console running 1")
    shell.start("cat")
    shell.line("typed")
    shell.expect("typed\r?\ntyped\r?\n")
    shell.control("c")
    shell.prompt()
    shell.command("kill %1; wait; echo gone", "gone")


TABLE = [
    ("line_editing", session(line_editing)),
    ("here_documents", session(here_documents)),
    ("pipelines", session(pipelines)),
    ("interrupt", session(interrupt_loop)),
    ("quit", session(quit_character)),
    ("end_of_file", session(end_of_file)),
    ("job_control", session(job_control)),
    ("stop_and_continue", session(stop_and_continue)),
    ("vi", session(edit_with_vi)),
    ("less", session(page_with_less)),
    ("top", session(watch_with_top)),
    ("terminal_settings", session(terminal_settings)),
    ("dash", session(dash_session, ["extra"])),
    ("bash", session(bash_session, ["extra"])),
    ("console_server_dies", session(console_server_dies)),
]


def tests(system):
    return [("interactive/%s/%s" % (system.name, name), lambda test=test: test(system)) for name, test in TABLE
            if system.is_pando or name != "console_server_dies"]
