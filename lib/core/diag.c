#include "core/diag.h"

#include <limits.h>

#define X(id, name, level, deadline, text) [REMEDY_##id] = {name, level, deadline, text},
static const struct sup_remedy_row remedies[REMEDY__COUNT] = {SUP_REMEDY_MAP(X)};
#undef X

const struct sup_remedy_row *
sup_remedy_row(enum sup_remedy remedy)
{
	return &remedies[remedy];
}

/* -- diagnosis -------------------------------------------------------------------------------- */

/* A set of what a witness may have said; 0 = whatever. */
#define SOCKET(word) (1u << SIGN_SOCKET_##word)
#define MASTER(word) (1u << SIGN_MASTER_##word)
#define GUEST(word)  (1u << SIGN_GUEST_##word)
#define ENGINE(word) (1u << SIGN_ENGINE_##word)
#define VM(word)     (1u << SIGN_VM_##word)
#define NET(word)    (1u << SIGN_NET_##word)
#define AGENT(word)  (1u << SIGN_AGENT_##word)

/* The order matters: what explains the most comes first. */
static const struct row {
	unsigned socket, master, guest, engine, vm, net, agent;
	enum sup_cause cause;
	const char *why;
} rows[] = {
	{.vm = VM(DEAD), .cause = CAUSE_VM_DIED, .why = "qemu is dead"},
	{.socket = SOCKET(OK), .cause = CAUSE_NONE, .why = "docker.sock answers"},
	{.agent = AGENT(ENDING),
		.cause = CAUSE_NONE,
		.why = "the hostagent was told to shut the VM down and is at it"},
	{.vm = VM(PAUSED), .cause = CAUSE_VM_PAUSED, .why = "QMP says paused (R15)"},
	/* real-runs R14: a VM that stood still for 40 s went on unharmed: its ladder waits. */
	{.vm = VM(SILENT),
		.guest = GUEST(FAILED),
		.cause = CAUSE_GUEST_HANGS,
		.why = "qemu.pid is locked, QMP is silent, and so is a fresh ssh (R14)"},
	{.net = NET(DEAD),
		.vm = VM(RUNNING),
		.cause = CAUSE_USERNET_DIED,
		.why = "the VM runs, but its usernet is dead (R5)"},
	/* Without asking the guest: the remedy's first step is a fresh ssh, and it costs nothing.
	 */
	{.socket = SOCKET(REFUSED) | SOCKET(NOENT),
		.master = MASTER(REFUSED) | MASTER(NONE),
		.vm = VM(RUNNING),
		.guest = GUEST(UNKNOWN) | GUEST(OK),
		.cause = CAUSE_MASTER_DEAD,
		.why = "docker.sock does not listen, the ssh master is gone, the VM runs"},
	{.socket = SOCKET(REFUSED) | SOCKET(NOENT),
		.master = MASTER(LISTENS),
		.vm = VM(RUNNING),
		.guest = GUEST(UNKNOWN) | GUEST(OK),
		.cause = CAUSE_FORWARD_LOST,
		.why = "docker.sock does not listen, though an ssh master does"},
	{.socket = SOCKET(SILENT) | SOCKET(EOF),
		.guest = GUEST(OK),
		.engine = ENGINE(DOWN),
		.cause = CAUSE_DOCKER_DOWN,
		.why = "ssh goes through, Docker in the guest does not run"},
	{.socket = SOCKET(SILENT),
		.guest = GUEST(OK),
		.engine = ENGINE(HUNG),
		.cause = CAUSE_DOCKER_HANGS,
		.why = "docker.sock is silent, and Docker in the guest as well"},
	{.socket = SOCKET(SILENT),
		.guest = GUEST(OK),
		.engine = ENGINE(OK),
		.cause = CAUSE_MASTER_WEDGED,
		.why = "docker.sock is silent, but Docker answers in the guest: the master is wedged"},
	{.socket = SOCKET(SILENT) | SOCKET(EOF) | SOCKET(REFUSED) | SOCKET(NOENT),
		.guest = GUEST(FAILED),
		.vm = VM(RUNNING),
		.cause = CAUSE_GUEST_HANGS,
		.why = "the VM runs, but neither docker.sock nor a fresh ssh answers"},
	{.socket = SOCKET(ERROR), .cause = CAUSE_API_FAILS, .why = "docker.sock answers wrongly"},
};

const char *
sup_diagnosis_row(size_t i, enum sup_cause *ret_cause)
{
	if (i >= sizeof(rows) / sizeof(rows[0]))
		return NULL;
	*ret_cause = rows[i].cause;
	return rows[i].why;
}

static bool
fits(unsigned set, unsigned word)
{
	return set == 0 || (set & (1u << word)) != 0;
}

enum sup_cause
sup_diagnose(const struct sup_signs *s, const char **ret_why)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (!fits(row->socket, s->socket) || !fits(row->master, s->master) ||
			!fits(row->guest, s->guest) || !fits(row->engine, s->engine) ||
			!fits(row->vm, s->vm) || !fits(row->net, s->net) ||
			!fits(row->agent, s->agent))
			continue;
		if (ret_why)
			*ret_why = row->why;
		return row->cause;
	}
	if (ret_why)
		*ret_why = "the witnesses contradict each other or say too little: waiting";
	return CAUSE_NONE;
}

/* -- ladders ---------------------------------------------------------------------------------- */

#define MINUTES(n) ((n)*60000u)

static const struct sup_rung none[] = {{REMEDY_NONE, 0, 0}};

/* Never the VM for what a forward can mend (F01), but for a forward that fails for ten minutes. */
static const struct sup_rung forward[] = {
	{REMEDY_REFORWARD, 12, 0}, {REMEDY_RESTART, 1, MINUTES(10)}, {REMEDY_NONE, 0, 0}};
static const struct sup_rung paused[] = {{REMEDY_CONTINUE, UINT_MAX, 0}, {REMEDY_NONE, 0, 0}};
static const struct sup_rung docker_down[] = {
	{REMEDY_START_DOCKER, 2, 0}, {REMEDY_RESTART, 1, MINUTES(3)}, {REMEDY_NONE, 0, 0}};
static const struct sup_rung docker_hangs[] = {{REMEDY_RESTART_DOCKER, 1, MINUTES(1)},
	{REMEDY_RESTART, 1, MINUTES(5)}, {REMEDY_NONE, 0, 0}};
static const struct sup_rung guest_hangs[] = {
	{REMEDY_POWER_CYCLE, 1, MINUTES(2)}, {REMEDY_NONE, 0, 0}};
static const struct sup_rung restart[] = {{REMEDY_RESTART, 1, 0}, {REMEDY_NONE, 0, 0}};
static const struct sup_rung api_fails[] = {{REMEDY_RESTART, 1, 90000u}, {REMEDY_NONE, 0, 0}};

static const struct sup_rung *const ladders[CAUSE__COUNT] = {
	[CAUSE_MASTER_DEAD] = forward,
	[CAUSE_FORWARD_LOST] = forward,
	[CAUSE_MASTER_WEDGED] = forward,
	[CAUSE_VM_PAUSED] = paused,
	[CAUSE_DOCKER_DOWN] = docker_down,
	[CAUSE_DOCKER_HANGS] = docker_hangs,
	[CAUSE_GUEST_HANGS] = guest_hangs,
	[CAUSE_USERNET_DIED] = restart,
	[CAUSE_API_FAILS] = api_fails,
};

const struct sup_rung *
sup_ladder(enum sup_cause cause)
{
	return ladders[cause] ? ladders[cause] : none;
}
