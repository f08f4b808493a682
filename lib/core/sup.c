/* Events in: what every state does about each of them. */

#include "core/sup.h"

#include "core/sup_internal.h"

void
sup_act(struct sup_actions *out, enum sup_action_kind kind)
{
	out->action[out->n++] = (struct sup_action){.kind = kind};
}

void
sup_note(struct sup_actions *out, const char *text)
{
	sup_act(out, ACT_NOTE);
	out->action[out->n - 1].text = text;
}

void
sup_probe(struct sup *s, struct sup_actions *out, bool full)
{
	s->probe_out = true;
	s->probe_ms = SUP_NEVER;
	sup_act(out, ACT_PROBE);
	out->action[out->n - 1].full = full;
}

static void
copy_text(char *to, const char *from)
{
	size_t i = 0;

	for (; from && from[i] && i < SUP_EVIDENCE_MAX - 1; i++)
		to[i] = from[i];
	to[i] = '\0';
}

void
sup_enter(struct sup *s, enum sup_state state, enum sup_cause cause, const char *detail)
{
	if (s->state == STATE_REPAIRING && state != STATE_REPAIRING)
		sup_repair_ended(s, REPAIR_FAILED); /* no effect on one that has ended already */
	if (state != s->state)
		s->state_since_ms = s->now_ms;
	s->state = state;
	s->cause = cause;
	copy_text(s->detail, detail);
	s->limit_ms = SUP_NEVER;
	s->probe_ms = SUP_NEVER;
	s->held = false;
}

void
sup_set_layer(struct sup *s, enum sup_layer layer, enum sup_verdict verdict, enum sup_cause cause,
	const char *evidence)
{
	struct sup_layer_state *l = &s->layers[layer];

	if (l->verdict != verdict)
		l->since_ms = s->now_ms;
	l->verdict = verdict;
	l->cause = cause;
	l->looked_ms = s->now_ms;
	copy_text(l->evidence, evidence);
}

bool
sup_any_alive(const struct sup *s)
{
	return s->alive[PROC_CHILD] || s->alive[PROC_HOSTAGENT] || s->alive[PROC_QEMU];
}

bool
sup_due(const struct sup *s, uint64_t at_ms)
{
	return at_ms <= s->now_ms;
}

void
sup_init(struct sup *s, const struct sup_limits *limits, uint64_t seed, uint64_t now_ms)
{
	*s = (struct sup){
		.limits = *limits,
		.now_ms = now_ms,
		.random = seed,
		.goal = GOAL_UP,
		.state = STATE_DOWN,
		.state_since_ms = now_ms,
		.cause = CAUSE_STARTING,
		.limit_ms = SUP_NEVER,
		.probe_ms = SUP_NEVER,
		.ready_since_ms = SUP_NEVER,
		.api_good_since_ms = SUP_NEVER,
		.api_bad_since_ms = SUP_NEVER,
		.examine_ms = SUP_NEVER,
	};
	for (int layer = 0; layer < LAYER__COUNT; layer++)
		s->layers[layer].since_ms = s->layers[layer].looked_ms = now_ms;
	s->gates[GATE_HOME].state = GATE_STATE_WAITING;
	sup_forgive(s);
}

static void
on_boot(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	s->goal = ev->u.boot.goal;
	if (s->goal == GOAL_UP)
		sup_wait(s, out);
	else if (s->goal == GOAL_PAUSED || ev->u.boot.stopping)
		sup_clean(s, out, true);
	else
		sup_enter(s, STATE_DOWN, CAUSE_STOPPED, "");
}

static bool
running(const struct sup *s)
{
	return s->state == STATE_READY || s->state == STATE_DEGRADED ||
	       s->state == STATE_REPAIRING || s->held;
}

static void
on_layer(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	sup_set_layer(s, ev->u.layer.layer, ev->u.layer.verdict, ev->u.layer.cause, ev->text);
	if (ev->u.layer.layer == LAYER_HOME && ev->u.layer.verdict == VERDICT_FAIL &&
		sup_needs_a_person(ev->u.layer.cause) && s->goal == GOAL_UP && !s->quitting &&
		(running(s) || s->state == STATE_STARTING)) {
		sup_stop(s, out, ev->u.layer.cause, ev->text, false);
		return;
	}
	if (s->state == STATE_WAITING || (s->state == STATE_BLOCKED && !s->held))
		sup_look_at_preconditions(s, out);
	else if (s->state == STATE_STARTING)
		sup_refresh_gates(s, out);
	else if (running(s) && ev->u.layer.verdict == VERDICT_FAIL && !s->probe_out &&
		 s->failures == 0)
		sup_probe(s, out, false);
}

static void
on_proc(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	static const enum sup_layer layer[PROC__COUNT] = {
		[PROC_CHILD] = LAYER_CHILD,
		[PROC_HOSTAGENT] = LAYER_HOSTAGENT,
		[PROC_QEMU] = LAYER_VM,
	};
	enum sup_proc proc = ev->u.proc.proc;

	s->alive[proc] = ev->u.proc.alive;
	if (!ev->u.proc.alive && proc != PROC_CHILD)
		sup_set_layer(s, layer[proc], VERDICT_FAIL, CAUSE_NONE, ev->text);
	if (s->state == STATE_STARTING)
		sup_starting_proc(s, ev, out);
	else if (running(s))
		sup_running_proc(s, ev, out);
	else if (s->state == STATE_STOPPING)
		sup_stopping_progress(s, out);
}

static void
on_spawned(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	s->alive[PROC_CHILD] = true;
	sup_set_layer(s, LAYER_CHILD, VERDICT_OK, CAUSE_NONE, ev->text);
	if (s->state == STATE_STARTING)
		sup_refresh_gates(s, out);
}

static void
on_spawn_failed(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	sup_set_layer(s, LAYER_CHILD, VERDICT_FAIL, CAUSE_SPAWN_FAILED, ev->text);
	if (s->state == STATE_STARTING)
		sup_fail(s, out, CAUSE_SPAWN_FAILED, ev->text);
}

static void
on_child_exit(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	s->alive[PROC_CHILD] = false;
	if (s->state == STATE_STARTING)
		sup_starting_child_exit(s, ev, out);
	else if (running(s))
		sup_running_child_exit(s, ev, out);
	else if (s->state == STATE_STOPPING)
		sup_stopping_progress(s, out);
}

static void
on_stop_ended(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	s->stop_asking = false;
	if (s->state == STATE_STOPPING)
		sup_stopping_progress(s, out);
}

static void
on_marker(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	if (s->state != STATE_STARTING)
		return;
	s->marker = true;
	s->provisioning = false;
	s->judged_ms = s->now_ms;
	sup_refresh_gates(s, out);
}

static void
on_round(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	s->probe_out = false;
	if (s->state == STATE_STARTING)
		sup_starting_round(s, ev, out);
	else if (running(s))
		sup_running_round(s, ev, out);
}

static void
on_stream_end(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	if (running(s) && !s->probe_out)
		sup_probe(s, out, false);
}

static void
cleaning_deadline(struct sup *s, struct sup_actions *out)
{
	if (sup_due(s, s->limit_ms)) {
		if (s->clean_passive && s->goal == GOAL_DOWN && sup_any_alive(s))
			sup_stop(
				s, out, CAUSE_STOPPED, "", false); /* an interrupted stop goes on */
		else if (s->clean_passive)
			sup_stop_finish(s, out);
		else if (s->alive[PROC_QEMU] && s->goal == GOAL_UP)
			/* An orphan, not a stop under way: its Docker may serve (F17, R9). */
			sup_run_degraded(
				s, out, CAUSE_HOSTAGENT_DIED, "found without its hostagent");
		else
			sup_fail(s, out, CAUSE_LEFTOVER, s->detail);
	} else if (sup_due(s, s->probe_ms)) {
		s->probe_ms = SUP_NEVER;
		sup_act(out, ACT_CLEAN);
		out->action[out->n - 1].passive = s->clean_passive;
	}
}

static void
on_deadline(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	if (!sup_due(s, sup_deadline(s)))
		return;
	switch (s->state) {
	case STATE_WAITING:
	case STATE_BLOCKED:
		if (s->held) {
			sup_running_deadline(s, out);
			break;
		}
		s->limit_ms = s->now_ms + (s->state == STATE_WAITING ? LOOK_MS : BLOCKED_LOOK_MS);
		sup_act(out, ACT_LOOK);
		break;
	case STATE_CLEANING:
		cleaning_deadline(s, out);
		break;
	case STATE_STARTING:
		sup_starting_deadline(s, out);
		break;
	case STATE_READY:
	case STATE_DEGRADED:
	case STATE_REPAIRING:
		sup_running_deadline(s, out);
		break;
	case STATE_STOPPING:
		sup_stop_next(s, out);
		break;
	case STATE_BACKOFF:
		sup_wait(s, out);
		break;
	case STATE_DOWN:
	case STATE__COUNT:
		break;
	}
}

/* Nothing of the VM runs and nothing was begun: a goal can be met at once. */
static bool
idle(const struct sup *s)
{
	return s->state == STATE_DOWN || s->state == STATE_WAITING || s->state == STATE_BACKOFF ||
	       (s->state == STATE_BLOCKED && !s->held);
}

static void
goal_up(struct sup *s, struct sup_actions *out)
{
	sup_forgive(s);
	if (s->held)
		sup_on_repair(s, NULL, out);
	else if (idle(s))
		sup_wait(s, out);
	else if (s->state == STATE_STOPPING)
		s->stop_counts = false;
	else if (s->state == STATE_STARTING)
		sup_act(out, ACT_LOOK); /* what a person says may have changed what is there */
}

static void
goal_down(struct sup *s, struct sup_actions *out)
{
	if (idle(s) && !sup_any_alive(s))
		sup_stop_finish(s, out);
	else if (s->state != STATE_STOPPING)
		sup_stop(s, out, CAUSE_STOPPED, "", false);
	else
		s->cause = s->stop_reason = CAUSE_STOPPED;
}

static void
goal_paused(struct sup *s, struct sup_actions *out)
{
	if (idle(s) || s->state == STATE_CLEANING)
		sup_stop_finish(s, out);
	else if (s->state == STATE_REPAIRING)
		sup_degrade(s, s->cause, "hands off: the remedy was broken off");
}

static void
on_goal(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	s->goal = ev->u.goal.goal;
	sup_act(out, ACT_SAVE);
	if (s->quitting)
		return;
	switch (s->goal) {
	case GOAL_UP:
		goal_up(s, out);
		break;
	case GOAL_DOWN:
		goal_down(s, out);
		break;
	case GOAL_PAUSED:
		goal_paused(s, out);
		break;
	case GOAL__COUNT:
		break;
	}
}

static void
on_restart(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	if (s->goal != GOAL_UP || s->quitting)
		return;
	sup_forgive(s);
	if (idle(s))
		sup_wait(s, out);
	else if (s->state != STATE_STOPPING)
		sup_stop(s, out, CAUSE_RESTARTING, "", false);
}

static void
on_limits(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)out;
	s->limits = *ev->u.limits;
}

/* Judging waits until the network of host and guest has had time to come back. */
static void
on_wake(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	s->grace_until_ms = s->now_ms + s->limits.wake_grace_ms;
	s->failures = 0;
	s->api_bad_since_ms = SUP_NEVER;
	if (running(s) && !s->probe_out)
		sup_probe(s, out, false);
}

static void
on_quit(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	s->quitting = true;
	/* Paused is hands off, also on the way out. */
	if (s->goal == GOAL_PAUSED || (idle(s) && !sup_any_alive(s)))
		sup_stop_finish(s, out);
	else if (s->state != STATE_STOPPING)
		sup_stop(s, out, CAUSE_SHUTDOWN, "", false);
}

static void
on_hurry(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	(void)ev;
	if (s->state == STATE_STOPPING)
		sup_stop_next(s, out);
}

typedef void (*handler)(struct sup *s, const struct sup_event *ev, struct sup_actions *out);

static const struct {
	handler handle;
	bool answer; /* belongs to a generation: one of an older start is dropped */
} events[EV__COUNT] = {
	[EV_BOOT] = {on_boot, false},
	[EV_LAYER] = {on_layer, false},
	[EV_PROC] = {on_proc, false},
	[EV_CLEANED] = {sup_on_cleaned, true},
	[EV_SPAWNED] = {on_spawned, true},
	[EV_SPAWN_FAILED] = {on_spawn_failed, true},
	[EV_CHILD_EXIT] = {on_child_exit, false},
	[EV_STOP_ENDED] = {on_stop_ended, true},
	[EV_MARKER] = {on_marker, true},
	[EV_ROUND] = {on_round, true},
	[EV_STREAM_END] = {on_stream_end, true},
	[EV_SIGNS] = {sup_on_signs, true},
	[EV_REPAIRED] = {sup_on_repaired, true},
	[EV_REPAIR] = {sup_on_repair, false},
	[EV_DEADLINE] = {on_deadline, false},
	[EV_GOAL] = {on_goal, false},
	[EV_RESTART] = {on_restart, false},
	[EV_LIMITS] = {on_limits, false},
	[EV_WAKE] = {on_wake, false},
	[EV_QUIT] = {on_quit, false},
	[EV_HURRY] = {on_hurry, false},
};

void
sup_step(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	out->n = 0;
	if (ev->now_ms > s->now_ms)
		s->now_ms = ev->now_ms;
	if (events[ev->kind].answer && ev->generation != s->generation)
		return;
	events[ev->kind].handle(s, ev, out);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
sup_deadline(const struct sup *s)
{
	uint64_t at_ms = earlier(s->limit_ms, s->probe_out ? SUP_NEVER : s->probe_ms);

	if (!s->examining && running(s))
		at_ms = earlier(at_ms, s->examine_ms);
	return earlier(at_ms, sup_gate_deadline(s));
}

static const char *
stopping_next(const struct sup *s)
{
	static const char *const words[] = {
		[STOP_ASK] = "press the VM's power button",
		[STOP_POWERDOWN] = "end qemu over QMP",
		[STOP_QUIT] = "kill what is left",
		[STOP_KILL] = "kill what is left again",
	};

	return words[s->stop_stage];
}

const char *
sup_next(const struct sup *s, uint64_t *ret_in_ms)
{
	uint64_t at_ms = s->limit_ms;
	const char *what = "";

	switch (s->state) {
	case STATE_WAITING:
		what = "look again";
		break;
	case STATE_BLOCKED:
		what = "look again whether a person has acted";
		break;
	case STATE_STARTING:
		what = "give this start up";
		break;
	case STATE_DEGRADED:
		*ret_in_ms = 0;
		if (s->goal != GOAL_UP || s->incident.cause == CAUSE_NONE)
			return s->cause == CAUSE_HOSTAGENT_DIED ? "watch" : "look again";
		return sup_remedy_row(sup_next_remedy(s, ret_in_ms))->text;
	case STATE_REPAIRING:
		what = "look again";
		break;
	case STATE_STOPPING:
		what = stopping_next(s);
		break;
	case STATE_BACKOFF:
		what = "start again";
		break;
	case STATE_DOWN:
	case STATE_CLEANING:
	case STATE_READY:
	case STATE__COUNT:
		at_ms = SUP_NEVER;
		break;
	}
	*ret_in_ms = at_ms == SUP_NEVER || at_ms < s->now_ms ? 0 : at_ms - s->now_ms;
	return what;
}
