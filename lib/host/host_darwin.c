/*
 * host.h on macOS. Calls and where they are described: proc_pidinfo, proc_pidpath, proc_listpids:
 * <libproc.h>; KERN_PROCARGS2, kern.bootsessionuuid: sysctl(3) and xnu's bsd/kern/kern_sysctl.c;
 * EVFILT_PROC: kqueue(2); LOCAL_PEERCRED: getpeereid(3); CLOCK_UPTIME_RAW: clock_gettime(3);
 * _CS_DARWIN_USER_TEMP_DIR: confstr(3).
 */

#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/sysctl.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "host/host.h"

#define PIDS_MAX 16384

int
host_proc(pid_t pid, struct host_proc *ret)
{
	struct proc_bsdinfo info;
	struct host_proc proc = {.pid = pid};

	/* A zombie has no bsdinfo of its own; kill(2) tells it from nobody. */
	if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof(info)) < (int)sizeof(info)) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return -ESRCH;
		proc.zombie = true;
		*ret = proc;
		return 0;
	}
	proc.ppid = (pid_t)info.pbi_ppid;
	proc.pgid = (pid_t)info.pbi_pgid;
	proc.uid = info.pbi_uid;
	proc.start = info.pbi_start_tvsec * 1000000 + info.pbi_start_tvusec;
	proc.zombie = info.pbi_status == SZOMB;
	if (proc_pidpath(pid, proc.exe, sizeof(proc.exe)) <= 0)
		proc.exe[0] = '\0';
	*ret = proc;
	return 0;
}

/* KERN_PROCARGS2: int argc, the executable's path, NULs, then argc strings. */
static int
split_args(struct host_argv *ret, size_t size)
{
	int argc;
	char *at = ret->text + sizeof(argc);
	char *end = ret->text + size;

	if (size < sizeof(argc))
		return -EINVAL;
	memcpy(&argc, ret->text, sizeof(argc));
	while (at < end && *at)
		at++;
	while (at < end && !*at)
		at++;
	for (; argc > 0 && at < end; argc--, at += strlen(at) + 1) {
		if (ret->n == sizeof(ret->arg) / sizeof(ret->arg[0]))
			return -E2BIG;
		ret->arg[ret->n++] = at;
	}
	return 0;
}

int
host_proc_argv(pid_t pid, struct host_argv *ret)
{
	int mib[3] = {CTL_KERN, KERN_PROCARGS2, pid};
	size_t size = sizeof(ret->text) - 1;

	ret->n = 0;
	if (sysctl(mib, 3, ret->text, &size, NULL, 0) < 0)
		return errno == EINVAL ? -ESRCH : -errno;
	if (size == sizeof(ret->text) - 1)
		return -E2BIG;
	ret->text[size] = '\0';
	return split_args(ret, size);
}

int
host_proc_each(uid_t uid, bool (*fn)(const struct host_proc *proc, void *arg), void *arg)
{
	static pid_t pids[PIDS_MAX];
	int bytes = proc_listpids(PROC_UID_ONLY, uid, pids, (int)sizeof(pids));

	if (bytes < 0)
		return -errno;
	for (int i = 0; i < bytes / (int)sizeof(pids[0]); i++) {
		struct host_proc proc;

		if (pids[i] > 0 && host_proc(pids[i], &proc) == 0 && !fn(&proc, arg))
			break;
	}
	return 0;
}

int
host_exit_watch(pid_t pid)
{
	struct kevent change;
	int fd = kqueue();

	if (fd < 0)
		return -errno;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	EV_SET(&change, (uintptr_t)pid, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, NULL);
	if (kevent(fd, &change, 1, NULL, 0, NULL) < 0) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	return fd;
}

uint64_t
host_awake_ms(void)
{
	return clock_gettime_nsec_np(CLOCK_UPTIME_RAW) / 1000000;
}

uint64_t
host_elapsed_ms(void)
{
	return clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW) / 1000000;
}

int
host_boot_id(char *buf, size_t size)
{
	size_t len = size;

	if (sysctlbyname("kern.bootsessionuuid", buf, &len, NULL, 0) < 0)
		return -errno;
	return 0;
}

int
host_peer(int fd, uid_t *ret_uid, gid_t *ret_gid)
{
	return getpeereid(fd, ret_uid, ret_gid) < 0 ? -errno : 0;
}

int
host_tmp_dir(char *buf, size_t size)
{
	size_t len = confstr(_CS_DARWIN_USER_TEMP_DIR, buf, size);

	if (len == 0 || len > size)
		return str_fmt(buf, size, "/tmp");
	return 0;
}

bool
host_colima_has_vm_type(void)
{
	char version[32];
	size_t len = sizeof(version);

	if (sysctlbyname("kern.osproductversion", version, &len, NULL, 0) < 0)
		return true;
	return strtol(version, NULL, 10) >= 13;
}

const struct host_defaults *
host_defaults(void)
{
	static const char *const tool_dirs[] = {
#if defined(__arm64__)
		"/opt/homebrew/bin",
		"/opt/homebrew/sbin",
#endif
		"/usr/local/bin",
		"/usr/local/sbin",
		"/usr/bin",
		"/bin",
		"/usr/sbin",
		"/sbin",
		NULL
	};
	static const struct host_defaults defaults = {
		.conf_path = "/etc/colima-pulse.conf",
		.control_socket = "/var/run/colima-pulse/control.sock",
		.control_group = "admin",
		.state_dir = "/var/db/colima-pulse",
		.user_state_dir = ".local/state/colima-pulse",
		.tool_dirs = tool_dirs,
		.socket_path_max = 103,
		.base_below_home = true,
	};

	return &defaults;
}
