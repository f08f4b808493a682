/*
 * state: what must outlive this process, in STATE_DIR/state: the operator's goal, the child that
 * an earlier daemon started, the VM that was ready, and that Colima's folder once was there.
 * KEY=VALUE lines, replaced whole; a file that cannot be read counts as none, and says so.
 */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "core/tables.h"

struct state_proc {
	pid_t pid; /* 0 = none */
	uint64_t start;
};

struct state {
	enum sup_goal goal;
	bool stopping; /* a stop was under way */
	struct state_proc child;
	struct state_proc ready_qemu; /* the VM that was seen ready */
	char base[1024];              /* COLIMA_HOME as last used, "" = never */
	char boot_id[64];             /* pids of another boot mean nothing */
	uint64_t boot_took_ms;        /* the last start from spawn to ready, 0 = not known */
	uint64_t generation;
	char engine_id[128];   /* Docker's identity, pinned when it was first ready, "" = not yet */
	char engine_seen[128]; /* another one that answered since, "" = none: a person decides (F14)
				*/
};

/* Zeroes and fills. 0; -ENOENT when there is none; -EINVAL with `err` naming the line. */
int state_load(struct state *state, const char *path, struct err *err);
int state_save(const struct state *state, const char *path);

#endif
