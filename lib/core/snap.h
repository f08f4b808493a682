/*
 * snap: what the daemon tells about itself, as one plain struct. The runtime fills it, proto
 * turns it into JSON, the status file and every reader get the same. No pointers, no heap.
 *
 * Times: *_at_ms are wall-clock milliseconds since 1970 (UTC), 0 for never; *_ms without `at`
 * are durations.
 */
#ifndef CORE_SNAP_H
#define CORE_SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/diag.h"
#include "core/tables.h"

#define SNAP_TEXT_MAX       192
#define SNAP_CONTAINERS_MAX 64
#define SNAP_REPAIRS_MAX    16

struct snap_container {
	char name[128];
	char image[128];
	char state[16];  /* "running" */
	char ports[160]; /* "8080->80/tcp, 53->53/udp" */
};

struct snap_gate {
	enum sup_gate_state state;
	uint64_t took_ms; /* open: how long it took; waiting: how long it has been waited for */
};

struct snap_layer {
	enum sup_verdict verdict;
	int64_t since_at_ms; /* when the verdict became what it is */
	uint64_t age_ms;     /* since the last look */
	char evidence[SNAP_TEXT_MAX];
};

struct snap_repair {
	int64_t at_ms;
	enum sup_cause cause;
	char remedy[32];
	char result[16];
	uint64_t took_ms;
};

struct snap {
	uint64_t version; /* grows with every change */
	char profile[128];
	enum sup_goal goal;
	enum sup_state state;
	enum sup_cause cause;
	char cause_detail[SNAP_TEXT_MAX]; /* the evidence of this case, may be empty */
	int64_t since_at_ms;
	uint64_t generation;

	struct {
		int pid;
		uint64_t uptime_ms;
		bool adopted; /* the VM was started by somebody else than this daemon process */
		char log_path[1024];
		char log_note[SNAP_TEXT_MAX];     /* why a fallback log is in use, or "" */
		char reload_note[SNAP_TEXT_MAX];  /* a refused reload, or "" */
		char restart_keys[SNAP_TEXT_MAX]; /* changed keys that wait for a restart, or "" */
	} daemon;

	struct {
		bool present;
		char type[16];                           /* "qemu" */
		int colima_pid, hostagent_pid, qemu_pid; /* 0 = none */
	} vm;

	struct {
		char socket[1024];
		char version[64];
		char engine_id[128];
		uint64_t n_running;
		size_t n_containers;
		struct snap_container containers[SNAP_CONTAINERS_MAX];
	} docker;

	struct snap_gate gates[GATE__COUNT];
	struct snap_layer layers[LAYER__COUNT];

	struct {
		uint64_t total, in_window;
		int64_t last_at_ms;
		enum sup_cause last_reason;
	} restarts;

	size_t n_repairs;
	struct snap_repair repairs[SNAP_REPAIRS_MAX]; /* oldest first */

	struct {
		enum sup_cause cause; /* CAUSE_NONE: nothing has been diagnosed */
		char why[SNAP_TEXT_MAX];
		enum sup_remedy remedy; /* what is tried next */
		uint64_t in_ms;
	} incident;

	char next_action[96]; /* "start again", "" = nothing planned */
	uint64_t next_in_ms;

	/* The long step under way, for progress bars; expected 0 = not known. */
	char boot_step[SNAP_TEXT_MAX];
	uint64_t boot_expected_ms;
};

#endif
