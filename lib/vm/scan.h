/*
 * scan: which processes of this user belong to a profile or to its LIMA_HOME, found by what only
 * they have in their arguments (runtime 2.6), not by any file's number. It reads the whole process
 * table, so it is for starts and diagnoses, never for a probe.
 */
#ifndef VM_SCAN_H
#define VM_SCAN_H

#include "vm/ident.h"

#define VM_SCAN_MAX 16 /* of each kind; more are left for the next scan */

struct vm_scan {
	size_t n_usernets; /* of the LIMA_HOME: shared by all its profiles */
	struct host_proc usernet[VM_SCAN_MAX];
	size_t n_masters; /* ssh masters of this profile */
	struct host_proc master[VM_SCAN_MAX];
	size_t n_agents;    /* hostagents of the LIMA_HOME, also of VMs that are not qemu's */
	size_t n_qemus;     /* of the LIMA_HOME, of whatever profile */
	bool needs_usernet; /* this profile's qemu has its network from one: -netdev socket,fd= */
};

/* 0 or -errno when the process table cannot be read. Zombies are nobody. */
int vm_scan(const struct vm_paths *paths, uid_t uid, struct vm_scan *ret);

#endif
