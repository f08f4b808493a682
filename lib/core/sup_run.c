/* Staying ready: the slow probe, the notices of the kernel, and patience. */

#include "core/sup_internal.h"

/* Quick after any change, PROBE_INTERVAL later, stretched when all has long been well. */
static uint64_t
cadence_ms(const struct sup *s)
{
	uint64_t well_ms = s->now_ms - s->state_since_ms;

	return s->limits.probe_interval_ms * (well_ms >= CALM_AFTER_MS ? CALM_FACTOR : 1);
}

/* Into the running states without having been ready: a VM that was found, not started. */
void
sup_run_degraded(struct sup *s, struct sup_actions *out, enum sup_cause cause, const char *detail)
{
	sup_enter(s, STATE_DEGRADED, cause, detail);
	s->adopted = true;
	s->provisioning = false;
	s->failures = s->rounds = 0;
	s->api_bad_since_ms = SUP_NEVER;
	if (!s->probe_out)
		sup_probe(s, out, true);
}

/* Docker's answer came through them all. */
static void
good_chain(struct sup *s)
{
	static const enum sup_layer through[] = {LAYER_GUEST, LAYER_MUX};

	for (size_t i = 0; i < sizeof(through) / sizeof(through[0]); i++)
		sup_set_layer(s, through[i], VERDICT_OK, CAUSE_NONE, "Docker answers through it");
}

void
sup_become_ready(struct sup *s, struct sup_actions *out)
{
	bool fresh = s->ready_since_ms == SUP_NEVER;

	sup_enter(s, STATE_READY, CAUSE_NONE, "");
	if (fresh)
		s->ready_since_ms = s->now_ms;
	s->provisioning = false;
	s->failures = 0;
	s->api_bad_since_ms = SUP_NEVER;
	s->probe_ms = s->now_ms + s->limits.probe_interval_ms;
	sup_repair_ended(s, REPAIR_MENDED);
	sup_incident_over(s);
	good_chain(s);
	sup_act(out, ACT_STREAM);
	sup_act(out, ACT_SAVE);
}

void
sup_degrade(struct sup *s, enum sup_cause cause, const char *detail)
{
	uint64_t probe_ms = s->probe_ms;

	if (s->state == STATE_DEGRADED && s->cause == cause)
		return;
	sup_enter(s, STATE_DEGRADED, cause, detail);
	s->probe_ms = probe_ms == SUP_NEVER && !s->probe_out ? s->now_ms + ROUND_MS : probe_ms;
}

/* An orphan serves; what it lost comes back only with a restart, at the time that suits. */
static void
orphan_round(struct sup *s, bool window, struct sup_actions *out)
{
	const char *lost = s->layers[LAYER_HOSTAGENT].evidence;
	bool restart =
		s->limits.orphan == ORPHAN_RESTART || (s->limits.orphan == ORPHAN_WINDOW && window);

	if (restart && s->goal == GOAL_UP && !s->quitting)
		sup_stop(s, out, CAUSE_HOSTAGENT_DIED, lost, false);
	else
		sup_degrade(s, CAUSE_HOSTAGENT_DIED, lost);
}

static void
good_round(struct sup *s, bool window, struct sup_actions *out)
{
	good_chain(s);
	s->failures = 0;
	s->api_bad_since_ms = SUP_NEVER;
	s->probe_ms = s->now_ms + cadence_ms(s);
	sup_repair_ended(s, REPAIR_MENDED);
	sup_incident_over(s);
	if (s->state == STATE_READY)
		return;
	if (s->ready_since_ms == SUP_NEVER && ++s->rounds < s->limits.stable_rounds) {
		/* Never ready under this daemon: one answer is not stability (P20). */
		sup_degrade(s, s->cause, "Docker answers; the stability window runs");
		s->probe_ms = s->now_ms + ROUND_MS;
		return;
	}
	if (s->alive[PROC_HOSTAGENT])
		sup_become_ready(s, out);
	else
		orphan_round(s, window, out);
}

void
sup_running_round(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	enum sup_verdict verdict = ev->u.round.ok ? VERDICT_OK : VERDICT_FAIL;

	sup_set_layer(
		s, LAYER_API, verdict, ev->u.round.ok ? CAUSE_NONE : CAUSE_API_FAILS, ev->text);
	/* A remedy is not over because Docker answers already: what it still has to do counts. */
	if (s->state == STATE_REPAIRING && !s->verifying)
		return;
	if (ev->u.round.ok) {
		good_round(s, ev->u.round.window, out);
		return;
	}
	s->rounds = 0;
	s->probe_ms = s->now_ms + DOUBT_MS;
	if (s->now_ms < s->grace_until_ms)
		return;
	if (s->api_bad_since_ms == SUP_NEVER)
		s->api_bad_since_ms = s->now_ms;
	s->failures++;
	if (s->state == STATE_REPAIRING) {
		sup_bad_round_of_repair(s);
		return;
	}
	if (s->failures >= s->limits.failure_threshold) {
		s->probe_ms = s->now_ms + ROUND_MS;
		if (s->state == STATE_READY)
			sup_degrade(s, CAUSE_API_FAILS, ev->text);
	}
	sup_suspect(s, out);
}

void
sup_vm_ended(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	if (!ev->u.proc.asked || s->goal != GOAL_UP) {
		sup_fail(s, out, CAUSE_VM_DIED, ev->text);
		return;
	}
	/* What is left, our colima that never notices (R16), is ended like after any stop. */
	if (s->limits.respect_stop)
		s->goal = GOAL_PAUSED;
	sup_stop(s, out, CAUSE_STOPPED_BY_HAND, ev->text, false);
}

/* An orphan whose Docker still answers is not restarted at once (real-runs R9): what is lost is
 * named, and its API decides. */
void
sup_running_proc(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	if (ev->u.proc.alive)
		return;
	if (ev->u.proc.proc == PROC_QEMU) {
		sup_vm_ended(s, ev, out);
	} else if (ev->u.proc.proc == PROC_HOSTAGENT) {
		sup_degrade(s, CAUSE_HOSTAGENT_DIED, ev->text);
		s->probe_ms = s->now_ms + DOUBT_MS;
	}
}

/* `colima start --foreground` is only the asker: the VM does not need it. */
void
sup_running_child_exit(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	s->adopted = true;
	sup_set_layer(s, LAYER_CHILD, VERDICT_WARN, CAUSE_NONE, ev->text);
	sup_note(out, "colima ended though nobody here asked it to; the VM is kept");
	sup_probe(s, out, false);
}

void
sup_running_deadline(struct sup *s, struct sup_actions *out)
{
	sup_mend_deadline(s, out);
	if (sup_due(s, s->probe_ms) && !s->probe_out) {
		if (s->state == STATE_DEGRADED)
			sup_act(out, ACT_INSPECT);
		sup_probe(s, out, s->ready_since_ms == SUP_NEVER);
	}
}
