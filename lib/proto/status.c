/* The status object: docs/protocol.md lists its members, which keep their meaning. */

#include "proto/internal.h"

static json_t *
cause_value(const struct snap *snap)
{
	const struct sup_cause_row *row = sup_cause_row(snap->cause);

	if (snap->cause == CAUSE_NONE)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", row->id, "name", row->name, "text",
		row->text, "advice", row->advice, "detail", proto_string(snap->cause_detail));
}

static json_t *
daemon_value(const struct snap *snap)
{
	return json_pack("{s:s, s:i, s:I, s:b, s:o, s:o, s:o, s:o}", "version", PULSE_VERSION,
		"pid", snap->daemon.pid, "uptime_s", (json_int_t)(snap->daemon.uptime_ms / 1000),
		"adopted", (int)snap->daemon.adopted, "log_path",
		proto_string(snap->daemon.log_path), "log_note",
		proto_string(snap->daemon.log_note), "reload_note",
		proto_string(snap->daemon.reload_note), "restart_keys",
		proto_string(snap->daemon.restart_keys));
}

static json_t *
pid_value(int pid)
{
	return pid > 0 ? json_integer(pid) : json_null();
}

static json_t *
vm_value(const struct snap *snap)
{
	if (!snap->vm.present)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o}", "type", snap->vm.type, "colima_pid",
		pid_value(snap->vm.colima_pid), "hostagent_pid", pid_value(snap->vm.hostagent_pid),
		"qemu_pid", pid_value(snap->vm.qemu_pid));
}

static json_t *
docker_value(const struct snap *snap)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snap->docker.n_containers; i++) {
		const struct snap_container *c = &snap->docker.containers[i];

		(void)json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o}", "name", proto_string(c->name),
				      "image", proto_string(c->image), "state",
				      proto_string(c->state), "ports", proto_string(c->ports)));
	}
	return json_pack("{s:o, s:o, s:o, s:I, s:o}", "socket", proto_string(snap->docker.socket),
		"version", proto_string(snap->docker.version), "engine_id",
		proto_string(snap->docker.engine_id), "containers_running",
		(json_int_t)snap->docker.n_running, "containers", list);
}

static json_t *
gates_value(const struct snap *snap)
{
	json_t *list = json_array();

	for (int i = 0; i < GATE__COUNT; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:I}", "name", sup_gate_name((enum sup_gate)i),
				      "state", sup_gate_state_name(snap->gates[i].state), "took_ms",
				      (json_int_t)snap->gates[i].took_ms));
	return list;
}

static json_t *
layers_value(const struct snap *snap)
{
	json_t *list = json_array();

	for (int i = 0; i < LAYER__COUNT; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:I, s:o}", "name",
				      sup_layer_name((enum sup_layer)i), "verdict",
				      sup_verdict_name(snap->layers[i].verdict), "since",
				      proto_time(snap->layers[i].since_at_ms), "age_ms",
				      (json_int_t)snap->layers[i].age_ms, "evidence",
				      proto_string(snap->layers[i].evidence)));
	return list;
}

static json_t *
restarts_value(const struct snap *snap)
{
	json_t *last = json_null();

	if (snap->restarts.total > 0)
		last = json_pack("{s:o, s:s}", "at", proto_time(snap->restarts.last_at_ms),
			"reason", sup_cause_row(snap->restarts.last_reason)->name);
	return json_pack("{s:I, s:I, s:o}", "total", (json_int_t)snap->restarts.total, "in_window",
		(json_int_t)snap->restarts.in_window, "last", last);
}

static json_t *
repairs_value(const struct snap *snap)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snap->n_repairs; i++) {
		const struct snap_repair *r = &snap->repairs[i];

		(void)json_array_append_new(
			list, json_pack("{s:o, s:s, s:o, s:o, s:I}", "at", proto_time(r->at_ms),
				      "cause", sup_cause_row(r->cause)->id, "remedy",
				      proto_string(r->remedy), "result", proto_string(r->result),
				      "took_ms", (json_int_t)r->took_ms));
	}
	return list;
}

static json_t *
next_value(const struct snap *snap)
{
	if (!snap->next_action[0])
		return json_null();
	return json_pack(
		"{s:s, s:I}", "action", snap->next_action, "in_ms", (json_int_t)snap->next_in_ms);
}

/* The diagnosis, for `pulsectl why`. null: there is none. */
static json_t *
diagnosis_value(const struct snap *snap)
{
	const struct sup_remedy_row *remedy = sup_remedy_row(snap->incident.remedy);

	if (!snap->incident.why[0])
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:i, s:s, s:I}}", "cause",
		sup_cause_row(snap->incident.cause)->id, "name",
		sup_cause_row(snap->incident.cause)->name, "why", proto_string(snap->incident.why),
		"remedy", "name", remedy->name, "level", (int)remedy->level, "text", remedy->text,
		"in_ms", (json_int_t)snap->incident.in_ms);
}

json_t *
proto_status(const struct snap *snap)
{
	return json_pack(
		"{s:o, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, s:{s:o, s:I}}",
		"profile", proto_string(snap->profile), "goal", sup_goal_name(snap->goal), "state",
		sup_state_name(snap->state), "cause", cause_value(snap), "since",
		proto_time(snap->since_at_ms), "since_ms", (json_int_t)snap->since_at_ms,
		"generation", (json_int_t)snap->generation, "snapshot", (json_int_t)snap->version,
		"daemon", daemon_value(snap), "vm", vm_value(snap), "docker", docker_value(snap),
		"gates", gates_value(snap), "layers", layers_value(snap), "restarts",
		restarts_value(snap), "repairs", repairs_value(snap), "diagnosis",
		diagnosis_value(snap), "next", next_value(snap), "boot", "step",
		proto_string(snap->boot_step), "expected_ms", (json_int_t)snap->boot_expected_ms);
}
