/*
 * diag: from what the witnesses say to what is wrong, and from there to what is done about it. Two
 * tables and the functions that read them; nothing here knows time or state.
 *
 * The heart is Table 1.0 of the field failures: what docker.sock says, together with the ssh
 * master, a fresh ssh into the guest, and qemu's monitor. The first row that fits is the diagnosis.
 * A witness that was not asked or gave no clear word is UNKNOWN and fits no row that wants it, so
 * contradicting or missing witnesses give no diagnosis: then nothing is touched.
 */
#ifndef CORE_DIAG_H
#define CORE_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tables.h"

/* connect(2) to docker.sock and GET /_ping. */
#define SIGN_SOCKET_MAP(X) \
	X(UNKNOWN, "not asked") \
	X(OK, "answers") \
	X(NOENT, "has no file") \
	X(REFUSED, "refuses") \
	X(EOF, "closes without a word") \
	X(SILENT, "connects and is silent") \
	X(ERROR, "answers wrongly")
/* connect(2) to the master's ssh.sock. It cannot tell a live master from a wedged one. */
#define SIGN_MASTER_MAP(X) \
	X(UNKNOWN, "not asked") \
	X(LISTENS, "listens") \
	X(REFUSED, "is gone, its socket is left") \
	X(NONE, "is gone")
/* A fresh ssh (ControlMaster=no, ControlPath=none), and what it finds. */
#define SIGN_GUEST_MAP(X) \
	X(UNKNOWN, "not asked") \
	X(OK, "answers a fresh ssh") \
	X(FAILED, "does not answer a fresh ssh")
#define SIGN_ENGINE_MAP(X) \
	X(UNKNOWN, "not asked") \
	X(OK, "answers in the guest") \
	X(STARTING, "is starting") \
	X(DOWN, "is down") \
	X(HUNG, "hangs")
/* qemu's monitor. */
#define SIGN_VM_MAP(X) \
	X(UNKNOWN, "not asked") \
	X(RUNNING, "runs") \
	X(PAUSED, "is paused") \
	X(SILENT, "does not answer its monitor") \
	X(DEAD, "is dead")
/* usernet, without which a VM on Lima's user-v2 network has none (real-runs R5). */
#define SIGN_NET_MAP(X) \
	X(UNKNOWN, "not asked") \
	X(ALIVE, "lives") \
	X(DEAD, "is dead")

/* The hostagent; it says so itself when somebody told it to shut the VM down (F36). */
#define SIGN_AGENT_MAP(X) \
	X(UNKNOWN, "not asked") \
	X(ALIVE, "lives") \
	X(ENDING, "shuts the VM down") \
	X(DEAD, "is dead")

#define X(id, text) SIGN_SOCKET_##id,
enum sign_socket { SIGN_SOCKET_MAP(X) SIGN_SOCKET__COUNT };
#undef X
#define X(id, text) SIGN_MASTER_##id,
enum sign_master { SIGN_MASTER_MAP(X) SIGN_MASTER__COUNT };
#undef X
#define X(id, text) SIGN_GUEST_##id,
enum sign_guest { SIGN_GUEST_MAP(X) SIGN_GUEST__COUNT };
#undef X
#define X(id, text) SIGN_ENGINE_##id,
enum sign_engine { SIGN_ENGINE_MAP(X) SIGN_ENGINE__COUNT };
#undef X
#define X(id, text) SIGN_VM_##id,
enum sign_vm { SIGN_VM_MAP(X) SIGN_VM__COUNT };
#undef X
#define X(id, text) SIGN_NET_##id,
enum sign_net { SIGN_NET_MAP(X) SIGN_NET__COUNT };
#undef X

#define X(id, text) SIGN_AGENT_##id,
enum sign_agent { SIGN_AGENT_MAP(X) SIGN_AGENT__COUNT };
#undef X

struct sup_signs {
	enum sign_socket socket;
	enum sign_master master;
	enum sign_guest guest;
	enum sign_engine engine;
	enum sign_vm vm;
	enum sign_net net;
	enum sign_agent agent;
};

/* The remedies. X(enum, "name", level, deadline in ms, "what it does"). Levels are those of the
 * field failures: L1 host plumbing, L2 in the guest, L3 graceful restart, L4 without the guest's
 * help. None of them deletes anything. */
#define SUP_REMEDY_MAP(X) \
	X(NONE, "none", 0, 0, "wait and look again") \
	X(REFORWARD, "reforward", 1, 120000, \
		"forward docker.sock again, through a new ssh master") \
	X(CONTINUE, "continue", 1, 10000, "let the paused VM go on (QMP cont)") \
	X(START_DOCKER, "start-docker", 2, 90000, "start Docker in the guest, over a fresh ssh") \
	X(RESTART_DOCKER, "restart-docker", 2, 120000, \
		"restart Docker in the guest, over a fresh ssh") \
	X(RESTART, "restart", 3, 0, "restart the VM gracefully") \
	X(POWER_CYCLE, "power-cycle", 4, 0, \
		"press the VM's power button, then end qemu, then start again")

#define X(id, ...) REMEDY_##id,
enum sup_remedy { SUP_REMEDY_MAP(X) REMEDY__COUNT };
#undef X

struct sup_remedy_row {
	const char *name;
	unsigned level;
	uint64_t deadline_ms; /* 0: it ends with the next start */
	const char *text;
};
const struct sup_remedy_row *sup_remedy_row(enum sup_remedy remedy);

/* One rung of a cause's ladder. */
struct sup_rung {
	enum sup_remedy remedy; /* REMEDY_NONE ends the ladder: a person must act */
	unsigned tries;
	uint64_t after_ms; /* not before the cause has lasted so long */
};
#define SUP_RUNGS_MAX 4
/* The ladder of a cause, ended by REMEDY_NONE; empty for a cause that is not mended this way. */
const struct sup_rung *sup_ladder(enum sup_cause cause);

/* The rows of the diagnosis, for people: why row `i` means its cause; NULL behind the last. */
const char *sup_diagnosis_row(size_t i, enum sup_cause *ret_cause);

/* The cause of the first row that fits, CAUSE_NONE when none does. *ret_why (may be NULL) is the
 * row in words. */
enum sup_cause sup_diagnose(const struct sup_signs *signs, const char **ret_why);

#endif
