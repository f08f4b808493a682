/* host.h on Linux: proc(5), pidfd_open(2), unix(7), clock_gettime(2). */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"

/* A file of proc(5) has no size; reads until the end or until `size` is full. */
static ssize_t
read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((n = read(fd, buf + len, size - len)) > 0 && len + (size_t)n < size)
		len += (size_t)n;
	n = n < 0 ? -errno : (ssize_t)len + n;
	(void)close(fd);
	return n;
}

/* proc_pid_stat(5): "pid (comm) state ppid pgrp ... starttime(22)"; comm may hold anything, so
 * the fields are counted from the last ')'. */
static int
parse_stat(char *text, struct host_proc *ret)
{
	char *at = strrchr(text, ')');
	char *save = NULL;
	int field = 3;

	if (!at)
		return -EINVAL;
	for (char *word = strtok_r(at + 1, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (field == 3)
			ret->zombie = *word == 'Z' || *word == 'X';
		else if (field == 4)
			ret->ppid = (pid_t)strtol(word, NULL, 10);
		else if (field == 5)
			ret->pgid = (pid_t)strtol(word, NULL, 10);
		else if (field == 22)
			ret->start = strtoull(word, NULL, 10);
		field++;
	}
	return field > 22 ? 0 : -EINVAL;
}

int
host_proc(pid_t pid, struct host_proc *ret)
{
	char text[1024], path[64];
	struct host_proc proc = {.pid = pid};
	struct stat st;
	ssize_t n = read_proc(pid, "stat", text, sizeof(text) - 1);

	if (n < 0)
		return (int)n;
	text[n] = '\0';
	if (parse_stat(text, &proc) < 0)
		return -ESRCH;
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st) < 0)
		return -ESRCH;
	proc.uid = st.st_uid;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, proc.exe, sizeof(proc.exe) - 1);
	proc.exe[n < 0 ? 0 : n] = '\0';
	*ret = proc;
	return 0;
}

int
host_proc_argv(pid_t pid, struct host_argv *ret)
{
	ssize_t n = read_proc(pid, "cmdline", ret->text, sizeof(ret->text));

	ret->n = 0;
	if (n < 0)
		return (int)n;
	if ((size_t)n == sizeof(ret->text))
		return -E2BIG;
	ret->text[n] = '\0';
	for (char *at = ret->text; at < ret->text + n; at += strlen(at) + 1) {
		if (ret->n == sizeof(ret->arg) / sizeof(ret->arg[0]))
			return -E2BIG;
		ret->arg[ret->n++] = at;
	}
	return 0;
}

int
host_proc_each(uid_t uid, bool (*fn)(const struct host_proc *proc, void *arg), void *arg)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool more = true;

	if (!dir)
		return -errno;
	while (more && (entry = readdir(dir))) {
		struct host_proc proc;
		int64_t pid;

		if (str_to_i64(entry->d_name, 1, INT_MAX, &pid) < 0)
			continue;
		if (host_proc((pid_t)pid, &proc) == 0 && proc.uid == uid)
			more = fn(&proc, arg);
	}
	(void)closedir(dir);
	return 0;
}

int
host_exit_watch(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

static uint64_t
clock_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
host_awake_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

uint64_t
host_elapsed_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

/* random(4). */
int
host_boot_id(char *buf, size_t size)
{
	char text[64];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return str_fmt(buf, size, "%s", text);
}

int
host_peer(int fd, uid_t *ret_uid, gid_t *ret_gid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*ret_uid = cred.uid;
	*ret_gid = cred.gid;
	return 0;
}

int
host_tmp_dir(char *buf, size_t size)
{
	return str_fmt(buf, size, "/tmp");
}

bool
host_colima_has_vm_type(void)
{
	return false;
}

const struct host_defaults *
host_defaults(void)
{
	static const char *const tool_dirs[] = {"/home/linuxbrew/.linuxbrew/bin", "/usr/local/bin",
		"/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", NULL};
	static const struct host_defaults defaults = {
		.conf_path = "/etc/colima-pulse.conf",
		.control_socket = "/run/colima-pulse/control.sock",
		.control_group = "adm",
		.state_dir = "/var/lib/colima-pulse",
		.user_state_dir = ".local/state/colima-pulse",
		.tool_dirs = tool_dirs,
		.socket_path_max = 107,
		.base_below_home = false,
	};

	return &defaults;
}
