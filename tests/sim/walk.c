/*
 * sim_walk STEPS SEED: a random walk of the core through events in any order, also impossible
 * ones, with the invariants checked after each.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sup.h"

static struct sup sup;
static uint64_t now_ms = 1;
static uint64_t seed;
static unsigned long visited[STATE__COUNT][EV__COUNT];

static uint64_t
draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void
violated(const char *what, const struct sup_event *ev)
{
	printf("violated: %s (state %s, goal %s, event %s, now %llu)\n", what,
		sup_state_name(sup.state), sup_goal_name(sup.goal), sup_event_name(ev->kind),
		(unsigned long long)now_ms);
	exit(1);
}

static struct sup_event
random_event(void)
{
	struct sup_event ev = {
		.kind = (enum sup_event_kind)(1 + draw(EV__COUNT - 1)), .text = "why"};

	ev.generation = sup.generation - (draw(8) == 0);
	switch (ev.kind) {
	case EV_LAYER:
		ev.u.layer.layer = (enum sup_layer)draw(LAYER__COUNT);
		ev.u.layer.verdict = draw(3) ? VERDICT_OK : (enum sup_verdict)draw(VERDICT__COUNT);
		if (ev.u.layer.verdict == VERDICT_FAIL)
			ev.u.layer.cause = CAUSE_PATH_TOO_LONG;
		break;
	case EV_PROC:
		ev.u.proc.proc = (enum sup_proc)(1 + draw(PROC__COUNT - 1));
		ev.u.proc.alive = draw(3) > 0;
		ev.u.proc.asked = draw(4) == 0;
		break;
	case EV_CLEANED:
		ev.u.cleaned.result = draw(2) ? CLEANED_FREE : (enum sup_cleaned)draw(5);
		ev.u.cleaned.cause = CAUSE_VZ_FOUND;
		ev.u.cleaned.was_ready = draw(2);
		break;
	case EV_CHILD_EXIT:
		ev.u.child_exit.status = (int)draw(2);
		break;
	case EV_ROUND:
		ev.u.round.ok = draw(4) > 0;
		ev.u.round.silent = draw(2);
		break;
	case EV_GOAL:
		ev.u.goal.goal = draw(3) ? GOAL_UP : (enum sup_goal)draw(GOAL__COUNT);
		break;
	case EV_QUIT:
		if (draw(sup.state == STATE_BLOCKED || sup.state == STATE_REPAIRING ? 3 : 20))
			ev.kind = EV_ROUND, ev.u.round.ok = true;
		break;
	case EV_LIMITS:
		ev.u.limits = &sup.limits;
		break;
	case EV_SIGNS:
		ev.u.signs.signs = (struct sup_signs){
			.socket = (enum sign_socket)draw(SIGN_SOCKET__COUNT),
			.master = (enum sign_master)draw(SIGN_MASTER__COUNT),
			.guest = (enum sign_guest)draw(SIGN_GUEST__COUNT),
			.engine = (enum sign_engine)draw(SIGN_ENGINE__COUNT),
			.vm = draw(4) ? SIGN_VM_RUNNING : (enum sign_vm)draw(SIGN_VM__COUNT),
			.agent = (enum sign_agent)draw(SIGN_AGENT__COUNT),
			.net = draw(8) ? SIGN_NET_ALIVE : (enum sign_net)draw(SIGN_NET__COUNT)};
		ev.u.signs.full = draw(2);
		break;
	case EV_REPAIRED:
		ev.u.repaired = draw(2);
		break;
	case EV_REPAIR:
	case EV_BOOT:
	case EV_SPAWNED:
	case EV_SPAWN_FAILED:
	case EV_STOP_ENDED:
	case EV_MARKER:
	case EV_STREAM_END:
	case EV_DEADLINE:
	case EV_RESTART:
	case EV_WAKE:
	case EV_HURRY:
	case EV__COUNT:
		break;
	}
	return ev;
}

static struct sup_event
layer_ok(enum sup_layer layer)
{
	return (struct sup_event){
		.kind = EV_LAYER, .u.layer = {.layer = layer, .verdict = VERDICT_OK}, .text = "ok"};
}

/* What a healthy world would say next: without it a walk never gets to ready. */
static struct sup_event
helpful_event(void)
{
	struct sup_event ev = {.kind = EV_DEADLINE, .generation = sup.generation, .text = "well"};

	if (sup.state == STATE_WAITING || (sup.state == STATE_BLOCKED && draw(10) == 0))
		return layer_ok(draw(2) ? LAYER_HOME : LAYER_TOOLS);
	if (sup.state == STATE_CLEANING)
		ev.kind = EV_CLEANED, ev.u.cleaned.result = CLEANED_FREE;
	else if (sup.state == STATE_STARTING && draw(3) > 0)
		return layer_ok((enum sup_layer)draw(LAYER__COUNT));
	else if (sup.state == STATE_STARTING && draw(4) == 0)
		ev.kind = EV_MARKER;
	else if (sup.state == STATE_STARTING || sup.state == STATE_READY ||
		 (sup.state == STATE_REPAIRING && sup.verifying))
		ev.kind = EV_ROUND, ev.u.round.ok = true;
	else if (sup.state == STATE_REPAIRING)
		ev.kind = EV_REPAIRED, ev.u.repaired = draw(2);
	return ev;
}

static bool
did(const struct sup_actions *actions, enum sup_action_kind kind)
{
	for (unsigned i = 0; i < actions->n; i++) {
		if (actions->action[i].kind == kind)
			return true;
	}
	return false;
}

static bool
owes_deadline(enum sup_state state)
{
	return state != STATE_DOWN && state != STATE_READY && state != STATE_DEGRADED;
}

static void
check(const struct sup *before, const struct sup_event *ev, const struct sup_actions *actions)
{
	if (actions->n > SUP_ACTIONS_MAX)
		violated("actions fit", ev);
	if (did(actions, ACT_SPAWN) && (sup.goal != GOAL_UP || sup.quitting))
		violated("only a goal of up spawns", ev);
	if (did(actions, ACT_SPAWN) && before->state != STATE_CLEANING)
		violated("nothing is spawned before cleaning found the place free", ev);
	if ((did(actions, ACT_STOP_KILL) || did(actions, ACT_STOP_QUIT)) &&
		sup.state != STATE_STOPPING)
		violated("only a stop kills", ev);
	if (did(actions, ACT_STOP_KILL) && before->state != STATE_STOPPING)
		violated("no stop begins with a kill", ev);
	if (sup.state != STATE_READY && sup.cause == CAUSE_NONE)
		violated("every state but ready has a cause", ev);
	if (sup.state == STATE_READY && sup.cause != CAUSE_NONE)
		violated("ready has no cause", ev);
	if (owes_deadline(sup.state) && sup_deadline(&sup) == SUP_NEVER && !sup.probe_out)
		violated("a deadline is armed where one is owed", ev);
	if (sup.state == STATE_STARTING && sup.gate >= GATE_API && !sup.probe_out &&
		sup.probe_ms == SUP_NEVER)
		violated("a start that waits for the API asks it", ev);
	if ((sup.state == STATE_READY || sup.state == STATE_DEGRADED) && !sup.probe_out &&
		sup_deadline(&sup) == SUP_NEVER)
		violated("a running VM is probed", ev);
	if (did(actions, ACT_SPAWN) && sup.stop_asking)
		violated("nothing is spawned while `colima stop` runs", ev);
	if (did(actions, ACT_REPAIR) &&
		(sup.goal != GOAL_UP || sup.quitting || sup.state != STATE_REPAIRING))
		violated("only a goal of up repairs", ev);
	if (did(actions, ACT_REPAIR) && before->state == STATE_REPAIRING)
		violated("one remedy at a time", ev);
	if (did(actions, ACT_REPAIR) && ev->kind != EV_SIGNS)
		violated("nothing is mended without fresh signs", ev);
	if (sup.state == STATE_REPAIRING && sup.cause == CAUSE_NONE)
		violated("a repair has a cause", ev);
	if (sup.held && sup.state != STATE_BLOCKED)
		violated("held is a way of being blocked", ev);
	if (sup.held && sup.probe_ms == SUP_NEVER && !sup.probe_out)
		violated("who is held is watched", ev);
	if (did(actions, ACT_EXIT) && !sup.quitting)
		violated("only a quit ends the daemon", ev);
	if (sup.generation < before->generation)
		violated("generations only grow", ev);
	if (sup.state == STATE_READY && before->state == STATE_STARTING &&
		sup.rounds < sup.limits.stable_rounds)
		violated("ready means stable", ev);
	if (before->generation != ev->generation && ev->kind == EV_ROUND &&
		memcmp(before->layers, sup.layers, sizeof(sup.layers)) != 0)
		violated("an answer of an older generation has no effect", ev);
	if (sup.gate >= GATE__COUNT)
		violated("the gate is one of them", ev);
}

/* Goal down ends in down, when the world does what it is asked. */
static void
drain_down(void)
{
	struct sup_actions actions;
	struct sup_event ev = {.kind = EV_GOAL, .now_ms = now_ms, .u.goal = {.goal = GOAL_DOWN}};

	sup_step(&sup, &ev, &actions);
	for (int i = 0; i < 50 && sup.state != STATE_DOWN; i++) {
		now_ms = sup_deadline(&sup) == SUP_NEVER ? now_ms + 1000 : sup_deadline(&sup);
		for (int proc = 1; proc < PROC__COUNT; proc++) {
			ev = (struct sup_event){.kind = EV_PROC,
				.now_ms = now_ms,
				.u.proc = {.proc = (enum sup_proc)proc}};
			sup_step(&sup, &ev, &actions);
		}
		ev = (struct sup_event){.kind = EV_CHILD_EXIT, .now_ms = now_ms};
		sup_step(&sup, &ev, &actions);
		ev = (struct sup_event){
			.kind = EV_STOP_ENDED, .generation = sup.generation, .now_ms = now_ms};
		sup_step(&sup, &ev, &actions);
		ev = (struct sup_event){
			.kind = EV_CLEANED, .generation = sup.generation, .now_ms = now_ms};
		sup_step(&sup, &ev, &actions);
	}
	if (sup.state != STATE_DOWN)
		violated("goal down ends in down", &ev);
}

static void
restart_world(const struct sup_limits *limits)
{
	struct sup_actions actions;
	struct sup_event ev = {.kind = EV_BOOT, .now_ms = now_ms};

	sup_init(&sup, limits, draw(UINT64_MAX), now_ms);
	sup_step(&sup, &ev, &actions);
}

static unsigned
unvisited(void)
{
	unsigned n = 0;

	for (int state = 0; state < STATE__COUNT; state++) {
		for (int kind = 1; kind < EV__COUNT; kind++) {
			if (visited[state][kind])
				continue;
			printf("never visited: %s x %s\n", sup_state_name((enum sup_state)state),
				sup_event_name((enum sup_event_kind)kind));
			n++;
		}
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct sup_limits limits = {.start_ms = 1200000,
		.stop_ms = 240000,
		.probe_interval_ms = 5000,
		.failure_threshold = 3,
		.stable_rounds = 2,
		.backoff_min_ms = 1000,
		.backoff_max_ms = 300000,
		.backoff_reset_ms = 600000,
		.crash_loop_count = 5,
		.crash_loop_window_ms = 600000,
		.wake_grace_ms = 30000,
		.respect_stop = true,
		.repair_budget = 12};
	unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;

	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (int gate = 0; gate < GATE__COUNT; gate++)
		limits.gate_ms[gate] = 120000;
	restart_world(&limits);
	for (unsigned long i = 0; i < steps; i++) {
		struct sup before = sup;
		struct sup_actions actions;
		struct sup_event ev =
			draw(sup.state == STATE_BLOCKED ? 2 : 5) ? helpful_event() : random_event();

		if (draw(3) == 0 && sup_deadline(&sup) != SUP_NEVER && sup_deadline(&sup) > now_ms)
			now_ms = sup_deadline(&sup);
		else
			now_ms += draw(3000);
		ev.now_ms = now_ms;
		visited[sup.state][ev.kind]++;
		sup_step(&sup, &ev, &actions);
		check(&before, &ev, &actions);
		if (sup.quitting && sup.state == STATE_DOWN)
			restart_world(&limits);
		if (draw(5000) == 0 && !sup.quitting)
			drain_down();
	}
	printf("%lu steps\n", steps);
	return unvisited() > 0;
}
