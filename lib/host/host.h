/*
 * host: the questions that we ask an operating system, answered by host_darwin.c or host_linux.c,
 * the only files with OS differences. They report; they never signal, and never change anything.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HOST_PATH_MAX 1024
#define HOST_ARGV_MAX (64 * 1024)

/* A process as the kernel knows it. pid and start together are its identity: a pid is reused, the
 * pair is not. */
struct host_proc {
	pid_t pid, ppid, pgid;
	uid_t uid;
	uint64_t start; /* opaque; equal for the same process only (proc_pidinfo's start time in us;
			   field 22 of /proc/PID/stat, proc(5)) */
	bool zombie; /* dead, not yet reaped: answers kill(pid, 0) all the same (real-runs R13) */
	char exe[HOST_PATH_MAX]; /* "" when it may not be told */
};

/* An argument vector. `arg[i]` point into `text`. */
struct host_argv {
	size_t n;
	char *arg[512];
	char text[HOST_ARGV_MAX];
};

/* -ESRCH when there is no such process. A zombie is reported as such. */
int host_proc(pid_t pid, struct host_proc *ret);

/* -ESRCH, -EPERM (another user's), -E2BIG (more than fits; nothing is filled). */
int host_proc_argv(pid_t pid, struct host_argv *ret);

/* Calls `fn` for every process of `uid` until it returns false. */
int host_proc_each(uid_t uid, bool (*fn)(const struct host_proc *proc, void *arg), void *arg);

/* A descriptor (close-on-exec) that becomes readable when `pid` ends, which need not be our child:
 * pidfd_open(2); kqueue(2) with EVFILT_PROC NOTE_EXIT. -ESRCH when it has ended already.
 * The caller must verify the identity after it has the descriptor, then it cannot change. */
int host_exit_watch(pid_t pid);

/* Milliseconds of a clock that stands still while the machine sleeps, and of one that does not.
 * CLOCK_MONOTONIC and CLOCK_BOOTTIME; CLOCK_UPTIME_RAW and CLOCK_MONOTONIC_RAW. */
uint64_t host_awake_ms(void);
uint64_t host_elapsed_ms(void);

/* A text that differs for every boot of the machine. */
int host_boot_id(char *buf, size_t size);

/* Who is at the other end of a connected Unix socket. SO_PEERCRED; LOCAL_PEERCRED. */
int host_peer(int fd, uid_t *ret_uid, gid_t *ret_gid);

/* The per-user folder for temporary files. */
int host_tmp_dir(char *buf, size_t size);

/* A socket that is close-on-exec and, if asked, non-blocking: SOCK_CLOEXEC is not everywhere. */
int host_unix_socket(bool nonblock);

/* connect(2) to a Unix socket, which is answered at once: 0 when somebody listens, else -errno
 * (-ECONNREFUSED: a file that nobody listens on; -ENOENT; -ENAMETOOLONG). */
int host_unix_listens(const char *path);

/* True when this Colima knows --vm-type: only on macOS 13 and later (runtime 2.7). */
bool host_colima_has_vm_type(void);

/* What is customary here. */
struct host_defaults {
	const char *conf_path;
	const char *control_socket; /* as root */
	const char *control_group;
	const char *state_dir;        /* as root */
	const char *user_state_dir;   /* not as root: below HOME */
	const char *const *tool_dirs; /* searched in order, NULL-terminated */
	size_t socket_path_max;       /* longest sun_path, without its terminator */
	bool base_below_home; /* Colima's last resort is HOME/.colima, not XDG (runtime 2.1) */
};
const struct host_defaults *host_defaults(void);

#endif
