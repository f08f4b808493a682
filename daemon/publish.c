/* What the daemon tells: the snapshot, the status file, the last transitions. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "control.h"
#include "host/host.h"
#include "log.h"
#include "publish.h"

/* The wall-clock time of a moment of the machine's clock, for people's eyes. */
static int64_t
wall_of(uint64_t at_ms)
{
	return log_wall_ms() - (int64_t)(host_awake_ms() - at_ms);
}

static void
fill_daemon(const struct runtime *rt, struct snap *snap)
{
	snap->daemon.pid = (int)getpid();
	snap->daemon.uptime_ms = host_elapsed_ms() - rt->began_ms;
	snap->daemon.adopted = rt->sup.adopted;
	str_cut(snap->daemon.log_path, sizeof(snap->daemon.log_path), log_path());
	str_cut(snap->daemon.log_note, sizeof(snap->daemon.log_note), rt->log_note);
	str_cut(snap->daemon.reload_note, sizeof(snap->daemon.reload_note), rt->reload_note);
	str_cut(snap->daemon.restart_keys, sizeof(snap->daemon.restart_keys), rt->restart_keys);
}

static void
fill_vm(const struct runtime *rt, struct snap *snap)
{
	const struct sup *s = &rt->sup;

	snap->vm.present = s->alive[PROC_QEMU] || s->alive[PROC_HOSTAGENT];
	str_cut(snap->vm.type, sizeof(snap->vm.type), "qemu");
	snap->vm.colima_pid = rt->child_ours         ? (int)rt->child.pid
			      : s->alive[PROC_CHILD] ? (int)rt->procs[PROC_CHILD].pid
						     : 0;
	snap->vm.hostagent_pid = s->alive[PROC_HOSTAGENT] ? (int)rt->procs[PROC_HOSTAGENT].pid : 0;
	snap->vm.qemu_pid = s->alive[PROC_QEMU] ? (int)rt->procs[PROC_QEMU].pid : 0;
}

static void
fill_docker(const struct runtime *rt, struct snap *snap)
{
	const struct docker_containers *from = &rt->probe.containers;

	str_cut(snap->docker.socket, sizeof(snap->docker.socket), rt->paths.docker_sock);
	str_cut(snap->docker.version, sizeof(snap->docker.version), rt->probe.info.version);
	str_cut(snap->docker.engine_id, sizeof(snap->docker.engine_id), rt->probe.info.id);
	snap->docker.n_running = from->n_running;
	snap->docker.n_containers = from->n;
	for (size_t i = 0; i < from->n; i++) {
		struct snap_container *to = &snap->docker.containers[i];

		str_cut(to->name, sizeof(to->name), from->list[i].name);
		str_cut(to->image, sizeof(to->image), from->list[i].image);
		str_cut(to->state, sizeof(to->state), from->list[i].state);
		str_cut(to->ports, sizeof(to->ports), from->list[i].ports);
	}
}

static void
fill_chain(const struct runtime *rt, struct snap *snap)
{
	const struct sup *s = &rt->sup;
	uint64_t now_ms = host_awake_ms();

	for (int i = 0; i < GATE__COUNT; i++) {
		snap->gates[i].state = s->gates[i].state;
		snap->gates[i].took_ms = s->gates[i].state == GATE_STATE_WAITING
						 ? now_ms - s->gates[i].began_ms
						 : s->gates[i].took_ms;
	}
	for (int i = 0; i < LAYER__COUNT; i++) {
		snap->layers[i].verdict = s->layers[i].verdict;
		snap->layers[i].since_at_ms = wall_of(s->layers[i].since_ms);
		snap->layers[i].age_ms = now_ms - s->layers[i].looked_ms;
		str_cut(snap->layers[i].evidence, SNAP_TEXT_MAX, s->layers[i].evidence);
	}
}

static void
fill_restarts(const struct runtime *rt, struct snap *snap)
{
	const struct sup *s = &rt->sup;

	snap->restarts.total = s->restarts_total;
	snap->restarts.in_window = sup_restarts_in_window(s);
	snap->restarts.last_at_ms = s->restarts_total > 0 ? wall_of(s->restart_last_ms) : 0;
	snap->restarts.last_reason = s->restart_reason;
}

static void
fill_repairs(const struct runtime *rt, struct snap *snap)
{
	const struct sup *s = &rt->sup;
	uint64_t first = s->n_repairs > SNAP_REPAIRS_MAX ? s->n_repairs - SNAP_REPAIRS_MAX : 0;

	for (uint64_t i = first; i < s->n_repairs; i++) {
		const struct sup_repair *from = &s->repairs[i % SUP_REPAIRS_MAX];
		struct snap_repair *to = &snap->repairs[snap->n_repairs++];

		to->at_ms = wall_of(from->at_ms);
		to->cause = from->cause;
		str_cut(to->remedy, sizeof(to->remedy), sup_remedy_row(from->remedy)->name);
		str_cut(to->result, sizeof(to->result), sup_repair_result_name(from->result));
		to->took_ms = from->took_ms;
	}
}

static void
fill_incident(const struct runtime *rt, struct snap *snap)
{
	const struct sup_incident *incident = &rt->sup.incident;
	uint64_t in_ms;
	enum sup_remedy remedy = sup_next_remedy(&rt->sup, &in_ms);

	snap->incident.cause = incident->cause;
	str_cut(snap->incident.why, SNAP_TEXT_MAX, incident->why ? incident->why : "");
	snap->incident.remedy = remedy;
	snap->incident.in_ms = in_ms;
}

const struct snap *
rt_snapshot(struct runtime *rt)
{
	const struct sup *s = &rt->sup;
	struct snap *snap = &rt->snap;
	uint64_t version = snap->version;

	memset(snap, 0, sizeof(*snap));
	snap->version = version;
	str_cut(snap->profile, sizeof(snap->profile), rt->conf.colima_profile);
	snap->goal = s->goal;
	snap->state = s->state;
	snap->cause = s->cause;
	str_cut(snap->cause_detail, sizeof(snap->cause_detail), s->detail);
	snap->since_at_ms = wall_of(s->state_since_ms);
	snap->generation = s->generation;
	fill_daemon(rt, snap);
	fill_vm(rt, snap);
	fill_docker(rt, snap);
	fill_chain(rt, snap);
	fill_restarts(rt, snap);
	fill_repairs(rt, snap);
	fill_incident(rt, snap);
	str_cut(snap->next_action, sizeof(snap->next_action), sup_next(s, &snap->next_in_ms));
	if (s->state == STATE_STARTING) {
		str_cut(snap->boot_step, sizeof(snap->boot_step), rt->output.step);
		snap->boot_expected_ms = rt->state.boot_took_ms;
	}
	return snap;
}

static void
write_status_file(struct runtime *rt)
{
	char *text = proto_status_text(&rt->snap);
	int rc = text ? file_replace(rt->status_path, text, strlen(text), 0640, false) : -ENOMEM;

	free(text);
	if (rc < 0 && !rt->status_failing)
		log_warn("state", "%s: %s; status answers only while the daemon runs",
			rt->status_path, strerror(-rc));
	rt->status_failing = rc < 0;
}

void
rt_publish(struct runtime *rt)
{
	rt->dirty = false;
	rt->snap.version++;
	(void)rt_snapshot(rt);
	write_status_file(rt);
	control_tell_status(rt->control);
}

void
rt_event(struct runtime *rt, const char *line)
{
	struct proto_event *event = &rt->events[rt->n_events % RT_EVENTS_MAX];

	*event = (struct proto_event){.seq = ++rt->n_events, .at_ms = log_wall_ms()};
	str_cut(event->line, sizeof(event->line), line);
	control_tell_event(rt->control, event);
}
