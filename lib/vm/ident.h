/*
 * ident: is this process who a file says it is? A number in a file is never believed: the process
 * must run, be the user's, and carry the argument that only the right one has (runtime 2.6); qemu
 * must also hold the lock on its pid file (field-failures, F02 note).
 */
#ifndef VM_IDENT_H
#define VM_IDENT_H

#include "base/err.h"
#include "host/host.h"
#include "vm/paths.h"

/* A pid file's number. -ENOENT; -EINVAL with `err` naming file and content when it holds no pid;
 * other -errno when it cannot be read. */
int vm_pidfile_read(const char *path, pid_t *ret, struct err *err);

/* 0 and *ret when a living, verified process is there. -ESRCH when there is none, and `err` says
 * why in words ("no INST/ha.pid", "pid 789 is /usr/libexec/sirittsd, not this hostagent"). */
int vm_find_hostagent(
	const struct vm_paths *paths, uid_t uid, struct host_proc *ret, struct err *err);
int vm_find_qemu(const struct vm_paths *paths, uid_t uid, struct host_proc *ret, struct err *err);

/* Is (pid, start) still this user's `colima start ... --foreground` of this profile? */
bool vm_is_colima(const struct vm_paths *paths, uid_t uid, pid_t pid, uint64_t start);

/* Does a process of this identity still run (not a zombie)? */
bool vm_same_proc(pid_t pid, uint64_t start);

/* The pid in INST/vz.pid if such a process lives: the VM is then not QEMU's (P1). 0 if not. */
pid_t vm_find_vz(const struct vm_paths *paths);

#endif
