/*
 * paths: where a Colima profile keeps its things (runtime 2.1).
 */
#ifndef VM_PATHS_H
#define VM_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "host/host.h"

struct vm_paths {
	char base[HOST_PATH_MAX];      /* COLIMA_HOME */
	char lima_home[HOST_PATH_MAX]; /* base/_lima */
	char id[160];                  /* Lima's name: "colima", "colima-X" */
	char profile[128];             /* Colima's: "default", "X" */
	char inst[HOST_PATH_MAX];      /* lima_home/ID */
	char cfg[HOST_PATH_MAX];       /* base/profile */
	char docker_sock[HOST_PATH_MAX];
	char ha_pid[HOST_PATH_MAX], ha_sock[HOST_PATH_MAX];
	char ha_stdout[HOST_PATH_MAX], ha_stderr[HOST_PATH_MAX];
	char qemu_pid[HOST_PATH_MAX], qmp_sock[HOST_PATH_MAX], vz_pid[HOST_PATH_MAX];
	char ssh_sock[HOST_PATH_MAX], ssh_config[HOST_PATH_MAX], serial_log[HOST_PATH_MAX];
	char ssh_host[168]; /* how ssh_config calls the guest: "lima-ID" */
	char containerd_sock[HOST_PATH_MAX];
	char base_sock[HOST_PATH_MAX]; /* base/docker.sock, the default profile only, else "" */
};

/* Which folder is Colima's base: `configured` when not empty; else the first that exists of
 * HOME/.colima and HOME/.config/colima, in Colima's own order; else where a new one would be born
 * here. *ret_exists tells whether it is there. The answer is pinned as COLIMA_HOME, because Colima
 * silently ignores a COLIMA_HOME that does not exist. 0 or -ENAMETOOLONG. */
int vm_base_choose(
	const char *configured, const char *home, char *base, size_t size, bool *ret_exists);

/* Fills all of `paths`. -ENAMETOOLONG with `err` set when a path does not fit, or when a socket's
 * path would be over the system's limit (F29); `err` names path, length and limit. */
int vm_paths_fill(struct vm_paths *paths, const char *base, const char *profile, struct err *err);

#endif
