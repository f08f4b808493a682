/* Getting down: the ladder of a stop (runtime 2.8), and what comes after it. */

#include "core/sup_internal.h"

static const enum sup_action_kind stage_action[] = {
	[STOP_ASK] = ACT_STOP_ASK,
	[STOP_POWERDOWN] = ACT_STOP_POWERDOWN,
	[STOP_QUIT] = ACT_STOP_QUIT,
	[STOP_KILL] = ACT_STOP_KILL,
};

/* When a stage gives way to the next: Colima has three quarters of the time, the power button
 * until a sixteenth before the end, then QMP's quit; whatever is left is killed. */
static uint64_t
stage_end_ms(const struct sup *s)
{
	bool vm_alive = s->alive[PROC_QEMU] || s->alive[PROC_HOSTAGENT];

	switch (s->stop_stage) {
	case STOP_ASK:
		if (!vm_alive)
			return s->stop_began_ms + LEFTOVER_TERM_MS;
		return s->stop_began_ms + s->limits.stop_ms * 3 / 4;
	case STOP_POWERDOWN:
		return s->stop_began_ms + s->limits.stop_ms * 15 / 16;
	case STOP_QUIT:
		return s->stop_began_ms + s->limits.stop_ms;
	case STOP_KILL:
		break;
	}
	return s->now_ms + KILL_AGAIN_MS;
}

static void
begin_stage(struct sup *s, struct sup_actions *out, enum sup_stop_stage stage)
{
	s->stop_stage = stage;
	s->limit_ms = stage_end_ms(s);
	/* A hurried or late stage still gets a moment to work before the next. */
	if (s->limit_ms < s->now_ms + KILL_AGAIN_MS)
		s->limit_ms = s->now_ms + KILL_AGAIN_MS;
	if (stage == STOP_ASK)
		s->stop_asking = !s->alive[PROC_CHILD];
	sup_act(out, stage_action[stage]);
}

void
sup_stop_next(struct sup *s, struct sup_actions *out)
{
	bool vm_alive = s->alive[PROC_QEMU] || s->alive[PROC_HOSTAGENT];

	if (s->stop_stage == STOP_KILL || !vm_alive)
		begin_stage(s, out, STOP_KILL);
	else
		begin_stage(s, out, s->stop_stage + 1);
}

static void
begin_stop(struct sup *s, struct sup_actions *out, enum sup_cause reason, const char *detail,
	bool counts, enum sup_stop_stage stage)
{
	sup_enter(s, STATE_STOPPING, reason, detail);
	s->stop_reason = reason;
	s->stop_counts = counts;
	s->stop_began_ms = s->now_ms;
	if (stage != STOP_ASK)
		s->stop_began_ms -=
			s->limits.stop_ms * 3 / 4; /* colima's share is not waited for */
	s->provisioning = false;
	sup_act(out, ACT_SAVE);
	if (sup_any_alive(s))
		begin_stage(s, out, stage);
	else
		sup_stop_finish(s, out);
}

void
sup_stop(struct sup *s, struct sup_actions *out, enum sup_cause reason, const char *detail,
	bool counts)
{
	begin_stop(s, out, reason, detail, counts, STOP_ASK);
}

void
sup_power_cycle(struct sup *s, struct sup_actions *out, enum sup_cause cause, const char *detail)
{
	begin_stop(s, out, cause, detail, true, STOP_POWERDOWN);
}

/* Something ended, or the command that asked for the stop did. */
void
sup_stopping_progress(struct sup *s, struct sup_actions *out)
{
	if (!sup_any_alive(s) && !s->stop_asking) {
		sup_stop_finish(s, out);
		return;
	}
	if (s->stop_stage != STOP_ASK || s->alive[PROC_CHILD] || s->stop_asking)
		return;
	/* Nobody is asking any more. A qemu that is left did not get the message; a hostagent alone
	 * is on its way out. */
	if (s->alive[PROC_QEMU])
		begin_stage(s, out, STOP_POWERDOWN);
	else
		s->limit_ms = s->now_ms + KILL_AGAIN_MS;
}

static void
count_restart(struct sup *s, enum sup_cause reason)
{
	s->restarts_total++;
	s->restart_last_ms = s->now_ms;
	s->restart_reason = reason;
}

void
sup_stop_finish(struct sup *s, struct sup_actions *out)
{
	enum sup_cause cause = s->goal == GOAL_PAUSED ? CAUSE_PAUSED : CAUSE_STOPPED;

	if (s->state == STATE_STOPPING && s->stop_reason == CAUSE_STOPPED_BY_HAND &&
		s->goal == GOAL_PAUSED)
		cause = CAUSE_STOPPED_BY_HAND;

	if (!sup_any_alive(s))
		sup_forget_vm(s);
	if (s->quitting) {
		sup_enter(s, STATE_DOWN, CAUSE_SHUTDOWN, "");
		sup_act(out, ACT_SAVE);
		sup_act(out, ACT_EXIT);
		return;
	}
	if (s->goal != GOAL_UP) {
		sup_enter(s, STATE_DOWN, cause, "");
		s->ready_since_ms = SUP_NEVER;
		sup_act(out, ACT_SAVE);
		return;
	}
	if (s->state == STATE_STOPPING && s->stop_counts) {
		sup_back_off(s, out, s->stop_reason, s->detail);
		return;
	}
	s->ready_since_ms = SUP_NEVER;
	count_restart(s, s->stop_reason);
	sup_wait(s, out);
}

void
sup_forgive(struct sup *s)
{
	s->backoff_step = 0;
	for (size_t i = 0; i < SUP_RESTARTS_MAX; i++)
		s->failed_at_ms[i] = SUP_NEVER;
}

unsigned
sup_restarts_in_window(const struct sup *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < SUP_RESTARTS_MAX; i++) {
		uint64_t at_ms = s->failed_at_ms[i];

		if (at_ms != SUP_NEVER && s->now_ms - at_ms <= s->limits.crash_loop_window_ms)
			n++;
	}
	return n;
}

void
sup_back_off(struct sup *s, struct sup_actions *out, enum sup_cause reason, const char *detail)
{
	bool long_ready = s->ready_since_ms != SUP_NEVER &&
			  s->now_ms - s->ready_since_ms >= s->limits.backoff_reset_ms;
	uint64_t delay_ms = 0;

	if (long_ready)
		sup_forgive(s);
	s->ready_since_ms = SUP_NEVER;
	s->failed_at_ms[s->n_failed++ % SUP_RESTARTS_MAX] = s->now_ms;
	count_restart(s, reason);
	if (sup_restarts_in_window(s) >= s->limits.crash_loop_count) {
		reason = CAUSE_CRASH_LOOP;
		delay_ms = s->limits.backoff_max_ms;
	} else if (!long_ready) {
		delay_ms = sup_backoff_ms(&s->limits, s->backoff_step++, &s->random);
	}
	if (delay_ms == 0) {
		sup_wait(s, out);
		return;
	}
	sup_enter(s, STATE_BACKOFF, reason, detail);
	s->limit_ms = s->now_ms + delay_ms;
}

void
sup_fail(struct sup *s, struct sup_actions *out, enum sup_cause cause, const char *detail)
{
	if (s->goal != GOAL_PAUSED) {
		sup_stop(s, out, cause, detail, true);
		return;
	}
	sup_note(out, "supervision is paused: nothing is touched");
	if (!s->alive[PROC_QEMU]) {
		sup_enter(s, STATE_DOWN, CAUSE_PAUSED, detail);
		return;
	}
	sup_enter(s, STATE_DEGRADED, cause, detail);
	s->probe_ms = s->now_ms + s->limits.probe_interval_ms;
}
