// SPDX-License-Identifier: MIT
// Who may do what to a file, as root and as a user; ids and how they change (man 7 credentials, path_resolution).
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void become(uid_t uid, gid_t gid)
{
    setgroups(0, NULL);
    setgid(gid);
    setuid(uid);
}

TOPIC(perms_files)
{
    write_file("private", "x", 0600);
    write_file("public", "x", 0644);
    write_file("group", "x", 0640);
    write_file("mine", "x", 0400);
    chown("group", 0, 1000);
    chown("mine", 1000, 1000);
    chmod(".", 0755);
    pid_t pid = fork();
    if (pid == 0) {
        become(1000, 1000);
        TRY_OK(open("private", O_RDONLY));
        TRY_OK(open("public", O_RDONLY));
        TRY_OK(open("public", O_WRONLY));
        TRY_OK(open("public", O_RDONLY | O_TRUNC));
        TRY_OK(open("group", O_RDONLY));
        TRY_OK(open("group", O_RDWR));
        TRY_OK(open("mine", O_RDONLY));
        TRY_OK(open("mine", O_WRONLY));
        TRY_OK(open("new", O_CREAT | O_WRONLY, 0600));
        TRY(unlink("public"));
        TRY(rename("public", "other"));
        TRY(chmod("public", 0666));
        TRY(chmod("mine", 0600));
        TRY(chown("mine", 0, 0));
        TRY(chown("mine", 1000, 1000));
        TRY(chown("public", 1000, 1000));
        TRY(truncate("public", 0));
        TRY(utimensat(AT_FDCWD, "public", NULL, 0));
        TRY(mkdir("d", 0755));
        TRY(symlink("x", "y"));
        TRY(mknod("device", S_IFCHR | 0600, 0x103));
        _exit(0);
    }
    reap("uid 1000", pid);
    // Root is stopped by none of this, but a file without any x bit cannot be executed.
    TRY_OK(open("mine", O_RDWR));
    TRY(access("private", X_OK));
    TRY(access("private", R_OK | W_OK));
}

TOPIC(perms_directories)
{
    mkdir("closed", 0700);
    mkdir("search", 0711);
    mkdir("list", 0744);
    mkdir("sticky", 01777);
    chmod("sticky", 01777);
    write_file("closed/f", "", 0644);
    write_file("search/f", "", 0644);
    write_file("list/f", "", 0644);
    write_file("sticky/f", "", 0666);
    pid_t pid = fork();
    if (pid == 0) {
        become(1000, 1000);
        TRY(access("closed/f", F_OK));
        TRY(access("search/f", R_OK));
        TRY_OK(open("search", O_RDONLY));
        TRY(access("list/f", F_OK));
        TRY_OK(open("list", O_RDONLY));
        TRY(chdir("list"));
        TRY(unlink("sticky/f"));
        TRY(rename("sticky/f", "sticky/g"));
        TRY_OK(open("sticky/mine", O_CREAT | O_WRONLY, 0600));
        TRY(unlink("sticky/mine"));
        TRY(chdir("search"));
        _exit(0);
    }
    reap("uid 1000", pid);
}

TOPIC(perms_setgid_directory)
{
    struct stat status;
    mkdir("d", 0755);
    chown("d", 0, 77);
    chmod("d", 02755);
    write_file("d/f", "", 0644);
    stat("d/f", &status);
    say("group %d", (int)status.st_gid);
    mkdir("d/sub", 0755);
    stat("d/sub", &status);
    say("group %d, mode %o", (int)status.st_gid, (unsigned)status.st_mode);
}

static void say_ids(const char *what)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;
    getresuid(&r, &e, &s);
    getresgid(&rg, &eg, &sg);
    say("%s: uid %d %d %d, gid %d %d %d", what, (int)r, (int)e, (int)s, (int)rg, (int)eg, (int)sg);
}

TOPIC(ids_root)
{
    TRY(setresgid(1, 2, 3));
    TRY(setresuid(1, 0, 3));
    say_ids("setresuid");
    TRY(setreuid(5, (uid_t)-1));
    say_ids("setreuid");
    TRY(seteuid(7));
    say_ids("seteuid");
    TRY(seteuid(5));
    say_ids("back to the real one");
    TRY(setuid(7));
    TRY(setuid(9));
    TRY(setresuid(7, 7, 7));
    say_ids("given up");
    TRY(setuid(0));
    TRY(setgid(0));
    TRY(setgroups(0, NULL));
    TRY(setresuid(-1, -1, -1));
}

TOPIC(ids_setuid)
{
    TRY(setuid(1000));
    say_ids("setuid by root sets all");
    TRY(seteuid(0));
    TRY(setreuid(1000, 1000));
}

TOPIC(ids_groups)
{
    gid_t groups[4] = { 30, 10, 20, 10 }, got[8];
    TRY(setgroups(4, groups));
    int count = getgroups(8, got);
    say("%d groups: %d %d %d %d", count, (int)got[0], (int)got[1], (int)got[2], (int)got[3]);
    TRY(getgroups(0, NULL));
    TRY(getgroups(2, got));
    write_file("f", "x", 0640);
    chown("f", 0, 20);
    pid_t pid = fork();
    if (pid == 0) {
        setgid(1000);
        setuid(1000);
        TRY_OK(open("f", O_RDONLY));
        _exit(0);
    }
    reap("member", pid);
}

TOPIC(ids_fsuid)
{
    write_file("f", "x", 0600);
    TRY(setfsuid(1000));
    TRY(setfsuid((uid_t)-1));
    TRY_OK(open("f", O_RDONLY));
    // access() asks about the real user, whatever the effective one is.
    TRY(setfsuid(0));
    TRY(setresuid(1000, 0, 0));
    TRY(access("f", R_OK));
    TRY(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
    TRY_OK(open("f", O_RDONLY));
}

TOPIC(ids_kill)
{
    int gate[2];
    pipe(gate);
    pid_t victim = fork();
    if (victim == 0)
        for (;;)
            pause();
    pid_t pid = fork();
    if (pid == 0) {
        become(1000, 1000);
        TRY(kill(victim, SIGTERM));
        TRY(kill(victim, 0));
        TRY(kill(1, SIGTERM));
        _exit(0);
    }
    reap("uid 1000", pid);
    kill(victim, SIGKILL);
    reap("victim", victim);
    victim = fork();
    if (victim == 0) {
        // The saved id of the target counts as well as its real one.
        setresuid(2000, 2000, 1000);
        token_send(gate[1]);
        for (;;)
            pause();
    }
    token_await(gate[0]);
    pid = fork();
    if (pid == 0) {
        become(1000, 1000);
        TRY(kill(victim, SIGTERM));
        _exit(0);
    }
    reap("uid 1000", pid);
    reap("victim", victim);
}

static int go[2], answer[2];

static void *open_private(void *unused)
{
    (void)unused;
    token_await(go[0]);
    int fd = open("private", O_RDONLY);
    int error = fd < 0 ? errno : 0;
    write(answer[1], &error, sizeof(error));
    return NULL;
}

TOPIC(ids_all_threads)
{
    // The C library's setuid changes every thread: what the other one opens right after is refused.
    write_file("private", "x", 0600);
    pipe(go);
    pipe(answer);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        int error = 0;
        pthread_create(&thread, NULL, open_private, NULL);
        TRY(setuid(1000));
        token_send(go[1]);
        read(answer[0], &error, sizeof(error));
        say("the other thread: %s", strerror(error));
        pthread_join(thread, NULL);
        _exit(0);
    }
    reap("child", pid);
}

CHILD(tell_ids)
{
    say_ids("executed");
    TRY_OK(open("private", O_RDONLY));
    return 0;
}

TOPIC(ids_set_id_program)
{
    // A copy of this program with the set-user-ID and set-group-ID bits.
    char block[65536];
    ssize_t n;
    int from = open(test_program, O_RDONLY), to = open("copy", O_WRONLY | O_CREAT, 0755);
    while ((n = read(from, block, sizeof(block))) > 0)
        write(to, block, (size_t)n);
    close(to);
    write_file("private", "x", 0600);
    TRY(chown("copy", 0, 55));
    TRY(chmod("copy", 06755));
    pid_t pid = fork();
    if (pid == 0) {
        become(1000, 1000);
        execl("./copy", "t", "--child", "tell_ids", (char *)NULL);
        _exit(99);
    }
    reap("set-id program", pid);
}

// Extended attributes there may be or not, but only of files that can be reached.
TOPIC(perms_attributes)
{
    char text[64];
    write_file("f", "x", 0600);
    symlink("nowhere", "link");
    mkdir("closed", 0700);
    write_file("closed/f", "x", 0666);
    TRY(listxattr("f", text, sizeof text));
    TRY(listxattr("missing", text, sizeof text));
    TRY(listxattr("link", text, sizeof text));
    TRY(llistxattr("link", text, sizeof text));
    TRY(getxattr("missing", "user.x", text, sizeof text));
    TRY(setxattr("missing", "user.x", text, 1, 0));
    TRY(removexattr("missing", "user.x"));
    TRY(flistxattr(99, text, sizeof text));
    TRY(fgetxattr(99, "user.x", text, sizeof text));
    TRY(fsetxattr(open("f", O_PATH), "user.x", text, 1, 0));
    chmod(".", 0755);
    TRY(setresuid(1000, 1000, 1000));
    TRY(listxattr("f", text, sizeof text));
    TRY(listxattr("closed/f", text, sizeof text));
    TRY(lgetxattr("closed/f", "user.x", text, sizeof text));
}
