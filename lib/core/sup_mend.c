/* Mending: examine, diagnose, and try the lowest rung that fits, one at a time. */

#include "core/sup_internal.h"

static const char *const result_names[] = {
	[REPAIR_RUNS] = "running",
	[REPAIR_MENDED] = "mended",
	[REPAIR_FAILED] = "failed",
	[REPAIR_NO_EFFECT] = "no effect",
	[REPAIR_LATE] = "timed out",
};

const char *
sup_repair_result_name(enum sup_repair_result result)
{
	return result_names[result];
}

static struct sup_repair *
last_repair(struct sup *s)
{
	return s->n_repairs > 0 ? &s->repairs[(s->n_repairs - 1) % SUP_REPAIRS_MAX] : NULL;
}

static void
record(struct sup *s, enum sup_cause cause, enum sup_remedy remedy)
{
	s->repairs[s->n_repairs++ % SUP_REPAIRS_MAX] = (struct sup_repair){
		.at_ms = s->now_ms, .cause = cause, .remedy = remedy, .result = REPAIR_RUNS};
}

void
sup_repair_ended(struct sup *s, enum sup_repair_result result)
{
	struct sup_repair *repair = last_repair(s);

	s->verifying = false;
	if (!repair || repair->result != REPAIR_RUNS)
		return;
	repair->result = result;
	repair->took_ms = s->now_ms - repair->at_ms;
}

void
sup_incident_over(struct sup *s)
{
	s->incident = (struct sup_incident){.cause = CAUSE_NONE};
	s->examine_ms = SUP_NEVER;
	s->held = false;
}

static void
examine(struct sup *s, struct sup_actions *out, bool full)
{
	s->examining = true;
	s->examine_ms = SUP_NEVER;
	sup_act(out, ACT_EXAMINE);
	out->action[out->n - 1].full = full;
}

void
sup_suspect(struct sup *s, struct sup_actions *out)
{
	if (!s->examining && s->examine_ms == SUP_NEVER && !s->held && s->state != STATE_REPAIRING)
		examine(s, out, false);
}

/* The repairs of the last hour. A power cycle or restart is one as well; a remedy that could not be
 * carried out is none: nothing was changed. */
static unsigned
spent(const struct sup *s)
{
	uint64_t kept = s->n_repairs < SUP_REPAIRS_MAX ? s->n_repairs : SUP_REPAIRS_MAX;
	unsigned n = 0;

	for (uint64_t i = 0; i < kept; i++)
		n += !s->repairs[i].forgiven && s->repairs[i].result != REPAIR_FAILED &&
		     s->now_ms - s->repairs[i].at_ms < BUDGET_WINDOW_MS;
	return n;
}

/* After a remedy that did not help: the more often, the later the next. */
static void
examine_later(struct sup *s)
{
	uint64_t delay_ms = EXAMINE_AGAIN_MS;

	for (size_t i = 0; i < SUP_RUNGS_MAX; i++) {
		for (unsigned n = 1; n < s->incident.tries[i] && delay_ms < REMEDY_AGAIN_MAX_MS;
			n++)
			delay_ms *= 2;
	}
	s->examine_ms =
		s->now_ms + (delay_ms < REMEDY_AGAIN_MAX_MS ? delay_ms : REMEDY_AGAIN_MAX_MS);
}

/* The lowest rung with tries left, whether its time has come or not. */
static const struct sup_rung *
next_rung(const struct sup *s, size_t *ret_index)
{
	const struct sup_rung *ladder = sup_ladder(s->incident.cause);
	size_t i = 0;

	while (ladder[i].remedy != REMEDY_NONE && s->incident.tries[i] >= ladder[i].tries)
		i++;
	*ret_index = i;
	return &ladder[i];
}

enum sup_remedy
sup_next_remedy(const struct sup *s, uint64_t *ret_in_ms)
{
	size_t index;
	const struct sup_rung *rung = next_rung(s, &index);
	uint64_t due_ms = s->incident.since_ms + rung->after_ms;

	*ret_in_ms = due_ms > s->now_ms ? due_ms - s->now_ms : 0;
	return rung->remedy;
}

/* Nothing more is tried. The VM is left as it is and watched: when a person has mended it, the next
 * good round says so. */
static void
hold(struct sup *s, enum sup_cause cause)
{
	sup_enter(s, STATE_BLOCKED, cause, s->incident.why ? s->incident.why : "");
	s->held = true;
	s->probe_ms = s->now_ms + HELD_LOOK_MS;
}

static void
apply(struct sup *s, struct sup_actions *out, enum sup_remedy remedy)
{
	const char *why = s->incident.why ? s->incident.why : "";

	record(s, s->incident.cause, remedy);
	if (remedy == REMEDY_RESTART) {
		sup_fail(s, out, s->incident.cause, why);
		return;
	}
	if (remedy == REMEDY_POWER_CYCLE) {
		sup_power_cycle(s, out, s->incident.cause, why);
		return;
	}
	sup_enter(s, STATE_REPAIRING, s->incident.cause, why);
	s->limit_ms = s->now_ms + sup_remedy_row(remedy)->deadline_ms;
	sup_act(out, ACT_REPAIR);
	out->action[out->n - 1].remedy = remedy;
}

/* A diagnosis stands. Its cause may have to last before a rung's time comes. */
static void
mend(struct sup *s, struct sup_actions *out)
{
	uint64_t in_ms;
	enum sup_remedy remedy = sup_next_remedy(s, &in_ms);
	size_t index;

	if (s->goal != GOAL_UP || s->quitting) {
		s->examine_ms = s->now_ms + EXAMINE_MAX_MS;
	} else if (remedy == REMEDY_NONE) {
		hold(s, CAUSE_NOT_MENDED);
	} else if (in_ms > 0) {
		s->examine_ms = s->now_ms + (in_ms < EXAMINE_MAX_MS ? in_ms : EXAMINE_MAX_MS);
	} else if (spent(s) >= s->limits.repair_budget) {
		hold(s, CAUSE_BUDGET);
	} else {
		(void)next_rung(s, &index);
		s->incident.tries[index]++;
		apply(s, out, remedy);
	}
}

static void
diagnosed(struct sup *s, enum sup_cause cause, const char *why, struct sup_actions *out)
{
	struct sup_incident *incident = &s->incident;

	if (cause != incident->cause) {
		struct sup_signs signs = incident->signs;

		*incident = (struct sup_incident){
			.cause = cause, .since_ms = s->now_ms, .signs = signs};
	}
	incident->why = why;
	incident->n_unknown = 0;
	sup_degrade(s, cause, why);
	mend(s, out);
}

/* After so many the last diagnosis does not hold any more. */
#define UNKNOWN_MAX 6u

/* L0: the more often nothing is learnt, the later it is tried again. An API that stays silent for
 * no reason that anybody sees has the ladder of a cause of its own. */
static void
undiagnosed(struct sup *s, const char *why, struct sup_actions *out)
{
	uint64_t delay_ms = EXAMINE_AGAIN_MS
			    << (s->incident.n_unknown < 4 ? s->incident.n_unknown : 4);

	s->incident.why = why;
	s->incident.n_unknown++;
	if (s->failures >= s->limits.failure_threshold &&
		s->incident.signs.agent != SIGN_AGENT_ENDING &&
		(s->incident.cause == CAUSE_NONE || s->incident.cause == CAUSE_API_FAILS ||
			s->incident.n_unknown >= UNKNOWN_MAX)) {
		unsigned n_unknown = s->incident.n_unknown;

		diagnosed(s, CAUSE_API_FAILS, why, out);
		s->incident.n_unknown = n_unknown;
		return;
	}
	s->examine_ms = s->now_ms + (delay_ms < EXAMINE_MAX_MS ? delay_ms : EXAMINE_MAX_MS);
}

static bool
may_mend(const struct sup *s)
{
	return s->state == STATE_READY || s->state == STATE_DEGRADED;
}

void
sup_on_signs(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	const struct sup_signs *signs = &ev->u.signs.signs;
	const char *why;
	enum sup_cause cause;

	s->examining = false;
	if (!may_mend(s) || s->now_ms < s->grace_until_ms)
		return;
	s->incident.signs = *signs;
	cause = sup_diagnose(signs, &why);
	if (signs->socket == SIGN_SOCKET_OK) {
		if (!s->probe_out)
			sup_probe(s, out, false); /* the round has the last word */
	} else if (cause != CAUSE_NONE) {
		diagnosed(s, cause, why, out);
	} else if (!ev->u.signs.full) {
		examine(s, out, true);
	} else {
		undiagnosed(s, why, out);
	}
}

/* The remedy has ended. What it says of itself only decides whether the API is asked. */
void
sup_on_repaired(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	if (s->state != STATE_REPAIRING)
		return;
	if (ev->u.repaired) {
		s->verifying = true;
		sup_probe(s, out, true); /* a question from before has no say */
		return;
	}
	sup_repair_ended(s, REPAIR_FAILED);
	sup_degrade(s, s->incident.cause, ev->text);
	examine_later(s);
}

/* After a remedy, the API's failing is the verdict. */
void
sup_bad_round_of_repair(struct sup *s)
{
	sup_repair_ended(s, REPAIR_NO_EFFECT);
	sup_degrade(s, s->incident.cause, s->incident.why ? s->incident.why : "");
	examine_later(s);
}

void
sup_mend_deadline(struct sup *s, struct sup_actions *out)
{
	if (s->state == STATE_REPAIRING && sup_due(s, s->limit_ms)) {
		sup_repair_ended(s, REPAIR_LATE);
		sup_degrade(s, s->incident.cause, "the remedy did not end in time");
		examine_later(s);
	} else if (sup_due(s, s->examine_ms) && !s->examining) {
		s->examine_ms = SUP_NEVER;
		if (may_mend(s))
			examine(s, out, false);
	}
}

/* A person asks: what was given up is tried again, from the lowest rung. */
void
sup_on_repair(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	if (s->held) {
		sup_enter(s, STATE_DEGRADED,
			s->incident.cause ? s->incident.cause : CAUSE_API_FAILS,
			s->incident.why ? s->incident.why : "");
		s->probe_ms = s->now_ms + ROUND_MS;
	}
	if (!may_mend(s))
		return;
	for (size_t i = 0; i < SUP_RUNGS_MAX; i++)
		s->incident.tries[i] = 0;
	for (size_t i = 0; i < SUP_REPAIRS_MAX; i++)
		s->repairs[i].forgiven = true;
	if (!s->examining)
		examine(s, out, false);
}
