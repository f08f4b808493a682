#include "runtime.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "control.h"
#include "host/host.h"
#include "log.h"

#define SAFETY_MS    1000u
#define LOOK_SOON_MS 20u

void
rt_limits(const struct conf *conf, struct sup_limits *limits)
{
	*limits = (struct sup_limits){
		.start_ms = (uint64_t)conf->start_timeout_s * 1000,
		.stop_ms = (uint64_t)conf->stop_timeout_s * 1000,
		.probe_interval_ms = (uint64_t)conf->probe_interval_s * 1000,
		.failure_threshold = (unsigned)conf->failure_threshold,
		.stable_rounds = (unsigned)conf->wait_stable_required,
		.backoff_min_ms = (uint64_t)conf->backoff_min_s * 1000,
		.backoff_max_ms = (uint64_t)conf->backoff_max_s * 1000,
		.backoff_reset_ms = (uint64_t)conf->backoff_reset_after_s * 1000,
		.crash_loop_count = (unsigned)conf->crash_loop_count,
		.crash_loop_window_ms = (uint64_t)conf->crash_loop_window_s * 1000,
		.wake_grace_ms = (uint64_t)conf->wake_grace_s * 1000,
		.orphan = strcmp(conf->orphan_policy, "restart") == 0  ? ORPHAN_RESTART
			  : strcmp(conf->orphan_policy, "window") == 0 ? ORPHAN_WINDOW
								       : ORPHAN_KEEP,
		.respect_stop = strcmp(conf->stop_intent, "respect") == 0,
		.repair_budget = (unsigned)conf->repair_budget,
	};
	for (int gate = 0; gate < GATE__COUNT; gate++)
		limits->gate_ms[gate] = SUP_NEVER;
	limits->gate_ms[GATE_HOSTAGENT] = limits->gate_ms[GATE_VM] =
		(uint64_t)conf->wait_qemu_max_s * 1000;
	limits->gate_ms[GATE_SOCKET] = (uint64_t)conf->wait_socket_max_s * 1000;
	limits->gate_ms[GATE_API] = (uint64_t)conf->wait_docker_api_max_s * 1000;
}

void
rt_save(struct runtime *rt)
{
	int rc;

	rt->state.goal = rt->sup.goal;
	rt->state.stopping = rt->sup.state == STATE_STOPPING;
	rt->state.generation = rt->sup.generation;
	if (rt->sup.state == STATE_READY) {
		rt_pin(rt);
		rt->state.ready_qemu.pid = rt->procs[PROC_QEMU].pid;
		rt->state.ready_qemu.start = rt->procs[PROC_QEMU].start;
		if (rt->spawned_ms > 0)
			rt->state.boot_took_ms = host_awake_ms() - rt->spawned_ms;
		rt->spawned_ms = 0;
	}
	rc = state_save(&rt->state, rt->state_path);
	if (rc < 0)
		log_warn("state", "%s: %s; the goal would be forgotten by a restart of the daemon",
			rt->state_path, strerror(-rc));
}

static void
begin_exit(struct runtime *rt)
{
	rt->exiting = true;
	log_info("sup", "the daemon ends");
}

static void
perform(struct runtime *rt, const struct sup_action *action)
{
	log_debug("act", "%s", sup_action_name(action->kind));
	switch (action->kind) {
	case ACT_LOOK:
		rt_look(rt);
		break;
	case ACT_CLEAN:
		rt_clean(rt, action->passive);
		break;
	case ACT_SPAWN:
		rt_spawn(rt);
		break;
	case ACT_INSPECT:
		rt_observe(rt);
		(void)rt_ask_qmp(rt);
		break;
	case ACT_PROBE:
		rt_probe(rt, action->full);
		break;
	case ACT_STREAM:
		rt_stream(rt);
		break;
	case ACT_EXAMINE:
		rt_examine(rt, action->full);
		break;
	case ACT_REPAIR:
		rt_repair(rt, action->remedy);
		break;
	case ACT_STOP_ASK:
		rt_stop_ask(rt);
		break;
	case ACT_STOP_POWERDOWN:
		rt_stop_powerdown(rt);
		break;
	case ACT_STOP_QUIT:
		rt_stop_quit(rt);
		break;
	case ACT_STOP_KILL:
		rt_stop_kill(rt);
		break;
	case ACT_SAVE:
		rt_save(rt);
		break;
	case ACT_NOTE:
		log_info("sup", "%s", action->text);
		break;
	case ACT_EXIT:
		begin_exit(rt);
		break;
	case ACT__COUNT:
		break;
	}
}

static void
log_transition(
	struct runtime *rt, enum sup_state from, const struct sup_event *event, uint64_t was_ms)
{
	const struct sup *s = &rt->sup;
	const struct sup_cause_row *cause = sup_cause_row(s->cause);
	char line[480], took[32];
	size_t len;

	str_duration(took, sizeof(took), was_ms);
	(void)str_fmt(line, sizeof(line), "%s -> %s event=%s%s%s gen=%llu after=%s",
		sup_state_name(from), sup_state_name(s->state), sup_event_name(event->kind),
		cause->id[0] ? " cause=" : "", cause->id, (unsigned long long)s->generation, took);
	len = strlen(line);
	for (char *at = line; *at; at++) {
		if (at > strstr(line, "after=") && *at == ' ')
			*at = '_';
	}
	if (s->detail[0])
		(void)str_fmt(line + len, sizeof(line) - len, " (%s)", s->detail);
	log_text(s->cause == CAUSE_NONE || cause->id[0] == 'S' ? LOG_INFO : LOG_WARN, "sup", line);
	rt_event(rt, line);
}

static void
log_gates(struct runtime *rt, const struct sup_gate_entry *before)
{
	for (int gate = 0; gate < GATE__COUNT; gate++) {
		const struct sup_gate_entry *now = &rt->sup.gates[gate];
		char line[160], took[32];

		if (now->state != GATE_STATE_OPEN || before[gate].state == GATE_STATE_OPEN)
			continue;
		str_duration(took, sizeof(took), now->took_ms);
		(void)str_fmt(line, sizeof(line), "gate %s open after %s",
			sup_gate_name((enum sup_gate)gate), took);
		log_text(LOG_INFO, "sup", line);
		rt_event(rt, line);
		rt->dirty = true;
	}
}

static bool
visible_change(const struct sup *a, const struct sup *b)
{
	if (a->state != b->state || a->goal != b->goal || a->cause != b->cause ||
		a->generation != b->generation || a->gate != b->gate || a->adopted != b->adopted ||
		a->quitting != b->quitting || a->stop_stage != b->stop_stage ||
		memcmp(a->alive, b->alive, sizeof(a->alive)) != 0)
		return true;
	for (int layer = 0; layer < LAYER__COUNT; layer++) {
		if (a->layers[layer].verdict != b->layers[layer].verdict)
			return true;
	}
	return false;
}

static bool
no_vm(const struct sup *s)
{
	return s->state == STATE_DOWN || s->state == STATE_BACKOFF || s->state == STATE_WAITING ||
	       (s->state == STATE_BLOCKED && !s->held);
}

static void
step(struct runtime *rt, const struct posted *posted)
{
	static struct sup before;
	struct sup_actions actions;

	before = rt->sup;
	sup_step(&rt->sup, &posted->event, &actions);
	if (before.state != rt->sup.state)
		log_transition(
			rt, before.state, &posted->event, rt->sup.now_ms - before.state_since_ms);
	log_gates(rt, before.gates);
	rt->dirty = rt->dirty || visible_change(&before, &rt->sup);
	if (no_vm(&rt->sup))
		rt_observe_stop(rt);
	if (no_vm(&rt->sup) || before.generation != rt->sup.generation) {
		rt_probe_forget(rt);
		rt_examine_forget(rt);
	}
	if (rt->sup.state != STATE_REPAIRING)
		rt_repair_forget(rt);
	for (unsigned i = 0; i < actions.n; i++)
		perform(rt, &actions.action[i]);
}

static void on_deadline(uv_timer_t *timer);

static void
arm(struct runtime *rt)
{
	uint64_t at_ms = sup_deadline(&rt->sup);
	uint64_t now_ms = host_awake_ms();

	if (at_ms == SUP_NEVER)
		(void)uv_timer_stop(&rt->deadline);
	else
		(void)uv_timer_start(
			&rt->deadline, on_deadline, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

/* The two clocks are not read at the same moment: the one that may be behind is read first, and a
 * difference below nothing is none. */
static uint64_t
asleep_so_far_ms(void)
{
	uint64_t awake_ms = host_awake_ms();
	uint64_t elapsed_ms = host_elapsed_ms();

	return elapsed_ms > awake_ms ? elapsed_ms - awake_ms : 0;
}

/* The machine slept when the clock that goes on got ahead of the one that stands still. */
static void
notice_sleep(struct runtime *rt, struct posted *posted)
{
	uint64_t asleep_ms = asleep_so_far_ms();

	posted->event.kind = EV__COUNT;
	if (asleep_ms > rt->asleep_ms + 2000) {
		char took[32];

		str_duration(took, sizeof(took), asleep_ms - rt->asleep_ms);
		log_info("sup", "woke after %s of sleep", took);
		*posted = (struct posted){.event = {.kind = EV_WAKE}};
	}
	rt->asleep_ms = asleep_ms;
}

static void
push(struct runtime *rt, const struct posted *posted)
{
	if (rt->queue_n == RT_QUEUE_MAX) {
		log_error("sup", "event queue full: %s lost", sup_event_name(posted->event.kind));
		return;
	}
	rt->queue[(rt->queue_first + rt->queue_n++) % RT_QUEUE_MAX] = *posted;
}

static void
drain(struct runtime *rt)
{
	rt->draining = true;
	while (rt->queue_n > 0) {
		struct posted posted = rt->queue[rt->queue_first];

		rt->queue_first = (rt->queue_first + 1) % RT_QUEUE_MAX;
		rt->queue_n--;
		posted.event.text = posted.text;
		posted.event.now_ms = host_awake_ms();
		step(rt, &posted);
	}
	rt->draining = false;
	arm(rt);
	if (rt->dirty)
		rt_publish(rt);
	if (rt->exiting)
		uv_stop(&rt->loop);
}

void
rt_post(struct runtime *rt, const struct sup_event *event)
{
	struct posted posted;

	if (!rt->draining) {
		notice_sleep(rt, &posted);
		if (posted.event.kind == EV_WAKE)
			push(rt, &posted);
	}
	posted = (struct posted){.event = *event};
	str_cut(posted.text, sizeof(posted.text), event->text ? event->text : "");
	push(rt, &posted);
	if (!rt->draining)
		drain(rt);
}

void
rt_post_layer(struct runtime *rt, enum sup_layer layer, enum sup_verdict verdict,
	enum sup_cause cause, const char *evidence)
{
	rt_post(rt, &(struct sup_event){
			    .kind = EV_LAYER,
			    .u.layer = {.layer = layer, .verdict = verdict, .cause = cause},
			    .text = evidence,
		    });
}

static void
on_deadline(uv_timer_t *timer)
{
	struct runtime *rt = timer->data;

	if (host_awake_ms() < sup_deadline(&rt->sup)) {
		arm(rt); /* the loop's clock runs on during sleep on macOS, the machine's does not
			  */
		return;
	}
	rt_post(rt, &(struct sup_event){.kind = EV_DEADLINE});
}

/* The net behind the kernel's notices, only while something is coming or going. */
static void
on_safety(uv_timer_t *timer)
{
	struct runtime *rt = timer->data;
	enum sup_state state = rt->sup.state;

	if (state == STATE_STARTING || state == STATE_STOPPING || state == STATE_DEGRADED)
		rt_observe(rt);
}

void
rt_look_soon(struct runtime *rt)
{
	(void)uv_timer_start(&rt->safety, on_safety, LOOK_SOON_MS, SAFETY_MS);
}

static void
on_signal(uv_signal_t *handle, int signum)
{
	struct runtime *rt = handle->data;
	struct err err;

	if (signum == SIGHUP) {
		(void)rt_reload(rt, &err);
		return;
	}
	log_info("sup", "%s received%s", signum == SIGTERM ? "SIGTERM" : "SIGINT",
		rt->sup.quitting ? " again: the stop is hurried"
				 : ": the VM is stopped, then the daemon ends");
	rt_post(rt, &(struct sup_event){.kind = rt->sup.quitting ? EV_HURRY : EV_QUIT});
}

static int
open_signals(struct runtime *rt)
{
	static const int signums[] = {SIGTERM, SIGINT, SIGHUP};

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(signums) / sizeof(signums[0]); i++) {
		int rc = uv_signal_init(&rt->loop, &rt->signals[i]);

		rt->signals[i].data = rt;
		if (rc < 0 || (rc = uv_signal_start(&rt->signals[i], on_signal, signums[i])) < 0)
			return rc;
	}
	return 0;
}

int
rt_init(struct runtime *rt, struct err *err)
{
	struct sup_limits limits;
	uint64_t seed = host_elapsed_ms() ^ ((uint64_t)getpid() << 32);
	int rc = uv_loop_init(&rt->loop);

	if (rc < 0)
		return err_set(err, rc, "event loop: %s", uv_strerror(rc));
	for (int proc = 0; proc < PROC__COUNT; proc++) {
		rt->procs[proc].fd = -1;
		rt->procs[proc].rt = rt;
		rt->procs[proc].proc = (enum sup_proc)proc;
	}
	(void)uv_timer_init(&rt->loop, &rt->deadline);
	(void)uv_timer_init(&rt->loop, &rt->safety);
	rt->deadline.data = rt->safety.data = rt;
	rc = open_signals(rt);
	if (rc < 0)
		return err_set(err, rc, "signals: %s", uv_strerror(rc));
	rt->probe.http = httpc_create(&rt->loop);
	if (!rt->probe.http)
		return err_set(err, -ENOMEM, "libcurl could not be started");
	rt->handles_open = true;
	rt->began_ms = host_elapsed_ms();
	rt->asleep_ms = asleep_so_far_ms();
	rt_limits(&rt->conf, &limits);
	sup_init(&rt->sup, &limits, seed, host_awake_ms());
	rt->sup.generation = rt->state.generation;
	return 0;
}

static void
safety_on(struct runtime *rt, bool on)
{
	if (!on)
		(void)uv_timer_stop(&rt->safety);
	else if (!uv_is_active((uv_handle_t *)&rt->safety))
		(void)uv_timer_start(&rt->safety, on_safety, SAFETY_MS, SAFETY_MS);
}

static void
log_open_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	log_error("sup", "still open at the end: a %s", uv_handle_type_name(handle->type));
}

static void
close_handles(struct runtime *rt)
{
	rt_observe_close(rt);
	rt_child_close(rt);
	output_close(rt);
	rt_probe_forget(rt);
	rt_examine_forget(rt);
	rt_repair_forget(rt);
	httpc_destroy(rt->probe.http);
	control_close(rt->control);
	uv_close((uv_handle_t *)&rt->deadline, NULL);
	uv_close((uv_handle_t *)&rt->safety, NULL);
	for (size_t i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&rt->signals[i], NULL);
}

int
rt_run(struct runtime *rt)
{
	int rc;

	rt_post(rt, &(struct sup_event){
			    .kind = EV_BOOT,
			    .u.boot = {.goal = rt->state.goal, .stopping = rt->state.stopping},
		    });
	while (!rt->exiting) {
		enum sup_state state = rt->sup.state;

		safety_on(rt, state == STATE_STARTING || state == STATE_STOPPING ||
				      state == STATE_DEGRADED);
		(void)uv_run(&rt->loop, UV_RUN_ONCE);
	}
	close_handles(rt);
	(void)uv_run(&rt->loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(&rt->loop);
	if (rc < 0)
		uv_walk(&rt->loop, log_open_handle, NULL);
	return rc;
}
