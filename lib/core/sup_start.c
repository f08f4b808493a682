/* From nothing to ready: preconditions, cleaning, gates. */

#include "core/sup_internal.h"

static const enum sup_layer gate_layer[GATE_STABLE] = {
	[GATE_HOME] = LAYER_HOME,
	[GATE_TOOLS] = LAYER_TOOLS,
	[GATE_CHILD] = LAYER_CHILD,
	[GATE_HOSTAGENT] = LAYER_HOSTAGENT,
	[GATE_VM] = LAYER_VM,
	[GATE_SOCKET] = LAYER_SOCKET,
	[GATE_API] = LAYER_API,
};

bool
sup_needs_a_person(enum sup_cause cause)
{
	return cause == CAUSE_PATH_TOO_LONG || cause == CAUSE_VZ_FOUND ||
	       cause == CAUSE_HOME_OWNER || cause == CAUSE_ENGINE_CHANGED ||
	       cause == CAUSE_STORE_LOST;
}

static void
reset_gates(struct sup *s)
{
	for (int gate = 0; gate < GATE__COUNT; gate++)
		s->gates[gate] = (struct sup_gate_entry){.state = GATE_STATE_CLOSED};
	s->gate = GATE_HOME;
	s->gates[GATE_HOME].state = GATE_STATE_WAITING;
	s->gates[GATE_HOME].began_ms = s->now_ms;
}

void
sup_forget_vm(struct sup *s)
{
	static const enum sup_layer of_vm[] = {LAYER_CHILD, LAYER_HOSTAGENT, LAYER_VM, LAYER_GUEST,
		LAYER_MUX, LAYER_SOCKET, LAYER_API, LAYER_CLOCK};

	for (size_t i = 0; i < sizeof(of_vm) / sizeof(of_vm[0]); i++)
		sup_set_layer(s, of_vm[i], VERDICT_UNKNOWN, CAUSE_NONE, "");
	s->adopted = false;
	s->provisioning = false;
	s->marker = false;
	s->rounds = 0;
	s->failures = 0;
	s->api_good_since_ms = SUP_NEVER;
	s->api_bad_since_ms = SUP_NEVER;
	s->examining = false;
	sup_incident_over(s);
}

void
sup_wait(struct sup *s, struct sup_actions *out)
{
	sup_enter(s, STATE_WAITING, CAUSE_STARTING, "");
	sup_set_layer(s, LAYER_HOME, VERDICT_UNKNOWN, CAUSE_NONE, "");
	sup_set_layer(s, LAYER_TOOLS, VERDICT_UNKNOWN, CAUSE_NONE, "");
	sup_forget_vm(s);
	reset_gates(s);
	s->limit_ms = s->now_ms + LOOK_MS;
	sup_act(out, ACT_LOOK);
}

/* The first precondition that does not hold, or NULL. */
static const struct sup_layer_state *
missing(const struct sup *s)
{
	if (s->layers[LAYER_HOME].verdict != VERDICT_OK)
		return &s->layers[LAYER_HOME];
	if (s->layers[LAYER_TOOLS].verdict != VERDICT_OK)
		return &s->layers[LAYER_TOOLS];
	return NULL;
}

/* Waiting or blocked, and a witness spoke. */
void
sup_look_at_preconditions(struct sup *s, struct sup_actions *out)
{
	const struct sup_layer_state *layer = missing(s);
	enum sup_state state;

	sup_refresh_gates(s, out);
	if (!layer) {
		sup_clean(s, out, false);
		return;
	}
	if (layer->verdict != VERDICT_FAIL)
		return;
	state = sup_needs_a_person(layer->cause) ? STATE_BLOCKED : STATE_WAITING;
	if (state != s->state || layer->cause != s->cause)
		sup_enter(s, state, layer->cause, layer->evidence);
	s->limit_ms = s->now_ms + (state == STATE_BLOCKED ? BLOCKED_LOOK_MS : LOOK_MS);
}

void
sup_clean(struct sup *s, struct sup_actions *out, bool passive)
{
	sup_enter(s, STATE_CLEANING, CAUSE_STARTING, "");
	s->generation++;
	s->probe_out = false;
	s->clean_passive = passive;
	sup_forget_vm(s);
	s->limit_ms = s->now_ms + BUSY_MAX_MS;
	sup_act(out, ACT_CLEAN);
	out->action[out->n - 1].passive = passive;
}

static void
begin(struct sup *s, struct sup_actions *out, bool adopt, bool was_ready, const char *evidence)
{
	sup_enter(s, STATE_STARTING, CAUSE_STARTING, "");
	s->limit_ms = s->now_ms + s->limits.start_ms;
	s->adopted = adopt;
	s->provisioning = adopt ? s->alive[PROC_CHILD] && !was_ready : true;
	s->marker = was_ready;
	s->judged_ms = s->now_ms;
	if (adopt) {
		sup_set_layer(s, LAYER_CHILD, VERDICT_OK, CAUSE_NONE, evidence);
		sup_act(out, ACT_INSPECT);
	} else {
		sup_act(out, ACT_SPAWN);
	}
	sup_refresh_gates(s, out);
}

static void
nothing_to_adopt(struct sup *s, struct sup_actions *out)
{
	if (s->goal == GOAL_UP && !s->quitting && s->clean_passive)
		sup_wait(s, out); /* the wish changed meanwhile: with all preconditions */
	else if (s->goal == GOAL_UP && !s->quitting)
		begin(s, out, false, false, "");
	else
		sup_stop_finish(s, out);
}

void
sup_on_cleaned(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	if (s->state != STATE_CLEANING)
		return;
	switch (ev->u.cleaned.result) {
	case CLEANED_FREE:
		nothing_to_adopt(s, out);
		return;
	case CLEANED_ADOPTABLE:
		if (s->goal == GOAL_DOWN)
			sup_stop(s, out, CAUSE_STOPPED, "", false);
		else if (ev->u.cleaned.was_ready && !s->alive[PROC_HOSTAGENT] &&
			 s->alive[PROC_QEMU])
			/* An orphan that served before (F17): its hostagent's gate would never
			 * open. */
			sup_run_degraded(
				s, out, CAUSE_HOSTAGENT_DIED, "found without its hostagent");
		else
			begin(s, out, true, ev->u.cleaned.was_ready, ev->text);
		return;
	case CLEANED_BUSY:
		/* `colima start --foreground` stays for ever when its VM is gone (real-runs R3). */
		if (s->alive[PROC_CHILD] && !s->alive[PROC_HOSTAGENT] && !s->alive[PROC_QEMU]) {
			sup_stop(s, out, CAUSE_LEFTOVER, ev->text, false);
			return;
		}
		s->cause = CAUSE_LEFTOVER;
		s->probe_ms = s->now_ms + BUSY_LOOK_MS;
		return;
	case CLEANED_FAILED:
		sup_back_off(s, out, CAUSE_CLEAN_FAILED, ev->text);
		return;
	case CLEANED_BLOCKED:
		sup_enter(s, STATE_BLOCKED, ev->u.cleaned.cause, ev->text);
		s->limit_ms = s->now_ms + BLOCKED_LOOK_MS;
		return;
	}
}

static void
open_gate(struct sup *s)
{
	struct sup_gate_entry *gate = &s->gates[s->gate];

	gate->state = GATE_STATE_OPEN;
	gate->took_ms = s->now_ms - gate->began_ms;
	if (s->gate == GATE_STABLE)
		return;
	s->gate++;
	s->gates[s->gate] =
		(struct sup_gate_entry){.state = GATE_STATE_WAITING, .began_ms = s->now_ms};
}

/* Closes `first` and everything behind it. */
static void
fall_back(struct sup *s, enum sup_gate first)
{
	for (int gate = (int)first; gate < GATE__COUNT; gate++)
		s->gates[gate] = (struct sup_gate_entry){.state = GATE_STATE_CLOSED};
	s->gates[first].state = GATE_STATE_WAITING;
	s->gates[first].began_ms = s->now_ms;
	s->gate = first;
}

static bool
layer_ok(const struct sup *s, enum sup_gate gate)
{
	return s->layers[gate_layer[gate]].verdict == VERDICT_OK;
}

static void
ready_if_stable(struct sup *s, struct sup_actions *out)
{
	if (s->gate != GATE_STABLE || s->rounds < s->limits.stable_rounds)
		return;
	if (!s->marker) {
		if (s->now_ms - s->api_good_since_ms < NO_MARKER_MS)
			return;
		sup_note(out,
			"Colima's ready marker was not seen; the API has been stable for 60 s");
	}
	open_gate(s);
	sup_become_ready(s, out);
}

void
sup_refresh_gates(struct sup *s, struct sup_actions *out)
{
	for (enum sup_gate gate = GATE_HOME; gate < s->gate; gate++) {
		if (!layer_ok(s, gate)) {
			fall_back(s, gate);
			s->rounds = 0;
			/* What the API said before is no word about the one that comes back. */
			if (gate < GATE_API)
				sup_set_layer(s, LAYER_API, VERDICT_UNKNOWN, CAUSE_NONE, "");
			s->api_good_since_ms = SUP_NEVER;
			break;
		}
	}
	while (s->gate < GATE_STABLE && layer_ok(s, s->gate))
		open_gate(s);
	if (s->state != STATE_STARTING)
		return;
	if (s->gate >= GATE_API && !s->probe_out && s->probe_ms == SUP_NEVER)
		sup_probe(s, out, true);
	ready_if_stable(s, out);
}

void
sup_starting_round(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	if (!ev->u.round.ok) {
		s->rounds = 0;
		s->api_good_since_ms = SUP_NEVER;
		s->probe_ms = s->now_ms + (ev->u.round.silent ? 0 : RETRY_MS);
		sup_set_layer(s, LAYER_API, VERDICT_FAIL, CAUSE_NONE, ev->text);
		sup_refresh_gates(s, out);
		return;
	}
	if (s->rounds++ == 0)
		s->api_good_since_ms = s->now_ms;
	s->probe_ms = s->now_ms + ROUND_MS;
	sup_set_layer(s, LAYER_API, VERDICT_OK, CAUSE_NONE, ev->text);
	sup_refresh_gates(s, out);
}

/* "already running, ignoring" and exit 0 is neither success nor failure: adopt (F05). */
void
sup_starting_child_exit(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	s->provisioning = false;
	s->judged_ms = s->now_ms;
	if ((ev->u.child_exit.status == 0 || s->adopted) && s->alive[PROC_HOSTAGENT] &&
		s->alive[PROC_QEMU]) {
		s->adopted = true;
		sup_set_layer(s, LAYER_CHILD, VERDICT_OK, CAUSE_NONE,
			"already running: the VM of an earlier start is adopted");
		sup_refresh_gates(s, out);
		return;
	}
	sup_set_layer(s, LAYER_CHILD, VERDICT_FAIL, CAUSE_CHILD_FAILED, ev->text);
	if (s->alive[PROC_HOSTAGENT] && s->alive[PROC_QEMU] && s->goal == GOAL_UP) {
		/* Half started (F08): looked at, not retried blindly. A retry would say "already
		 * running" and exit 0 (R6). */
		sup_run_degraded(s, out, CAUSE_CHILD_FAILED, ev->text);
		sup_suspect(s, out);
		return;
	}
	sup_fail(s, out, CAUSE_CHILD_FAILED, ev->text);
}

/* Colima restarts the VM inside a first start by itself: while it provisions, deaths of its
 * hostagent and qemu are its own business (real-runs R12). */
void
sup_starting_proc(struct sup *s, const struct sup_event *ev, struct sup_actions *out)
{
	if (!ev->u.proc.alive && ev->u.proc.proc == PROC_QEMU && !s->provisioning)
		sup_vm_ended(s, ev, out);
	else
		sup_refresh_gates(s, out);
}

/* An adopted VM that does not show its Docker at once is not booting: something broke while nobody
 * looked, and is mended, not waited for. */
static bool
adopted_and_broken(const struct sup *s)
{
	return s->adopted && !s->provisioning && s->gate >= GATE_SOCKET && s->gate <= GATE_API;
}

/* One that was never seen ready may be booting by somebody else's hand: it has a boot's time. */
static uint64_t
gate_limit(const struct sup *s)
{
	return adopted_and_broken(s) && s->marker ? ADOPTED_MS : s->limits.gate_ms[s->gate];
}

uint64_t
sup_gate_deadline(const struct sup *s)
{
	uint64_t limit = gate_limit(s);

	if (s->state != STATE_STARTING || s->provisioning || limit == SUP_NEVER)
		return SUP_NEVER;
	if (s->gates[s->gate].began_ms > s->judged_ms)
		return s->gates[s->gate].began_ms + limit;
	return s->judged_ms + limit;
}

void
sup_starting_deadline(struct sup *s, struct sup_actions *out)
{
	if (sup_due(s, s->limit_ms)) {
		sup_fail(s, out, CAUSE_START_TIMEOUT, sup_gate_name(s->gate));
	} else if (sup_due(s, sup_gate_deadline(s)) && adopted_and_broken(s)) {
		sup_run_degraded(s, out, CAUSE_API_FAILS, "adopted, but Docker does not answer");
		sup_suspect(s, out);
	} else if (sup_due(s, sup_gate_deadline(s))) {
		sup_fail(s, out, CAUSE_GATE_LATE, sup_gate_name(s->gate));
	} else if (sup_due(s, s->probe_ms)) {
		s->probe_ms = SUP_NEVER;
		if (s->gate >= GATE_API && !s->probe_out)
			sup_probe(s, out, true);
	}
}
