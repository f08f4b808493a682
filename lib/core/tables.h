/*
 * tables: every closed list of the core, each written once as an X-macro. Enum, name and help
 * text all come from the same row, so they cannot drift apart; docs and status use these names.
 *
 * Cause ids: Fnn are the failures of docs/causes.md (they keep the numbers that the field's
 * reports are filed under); Snn are the supervisor's own reasons.
 */
#ifndef CORE_TABLES_H
#define CORE_TABLES_H

#include <stddef.h>

/* The operator's wish. It survives every crash. */
#define SUP_GOAL_MAP(X) \
	X(UP, "up", "Docker is to be kept usable") \
	X(DOWN, "down", "the VM is to be stopped") \
	X(PAUSED, "paused", "hands off: watch, but neither start, mend nor stop")

/* What is the case. */
#define SUP_STATE_MAP(X) \
	X(DOWN, "down", "no VM is wanted or, when paused, none runs") \
	X(WAITING, "waiting", \
		"something is missing that is nobody's fault; not counted as a failure") \
	X(CLEANING, "cleaning", "left-overs of this profile are looked for and removed") \
	X(STARTING, "starting", "Colima was spawned or adopted; gates open one by one") \
	X(READY, "ready", "all gates passed and the stability window held") \
	X(DEGRADED, "degraded", "it was ready and a layer fails") \
	X(REPAIRING, "repairing", "a remedy runs") \
	X(STOPPING, "stopping", "the VM is being stopped, gracefully first") \
	X(BACKOFF, "backoff", "waiting before the next start") \
	X(BLOCKED, "blocked", "only a person can help")

/* The links of the chain from this machine to Docker, in order. */
#define SUP_LAYER_MAP(X) \
	X(HOME, "home", "the user's home and Colima's folder are there") \
	X(TOOLS, "tools", "colima, limactl, qemu, docker and ssh are on the path") \
	X(CHILD, "child", "`colima start --foreground` runs") \
	X(HOSTAGENT, "hostagent", "Lima's hostagent runs and answers on ha.sock") \
	X(VM, "vm", "qemu holds the lock on its pid file and QMP says running") \
	X(GUEST, "guest", "the guest answers a fresh ssh, or Docker answers through it") \
	X(MUX, "mux", "the ssh master that forwards docker.sock listens") \
	X(SOCKET, "socket", "docker.sock accepts connections") \
	X(API, "api", "the Docker API answers") \
	X(CLOCK, "clock", "the guest's clock is right, by the Date that Docker sends") \
	X(DISK, "disk", "there is room on the disk that holds Colima's folder")

/* The gates of a start, in order. All but the last open when their layer is ok. */
#define SUP_GATE_MAP(X) \
	X(HOME, "home") \
	X(TOOLS, "tools") \
	X(CHILD, "child") \
	X(HOSTAGENT, "hostagent") \
	X(VM, "vm") \
	X(SOCKET, "socket") \
	X(API, "api") \
	X(STABLE, "stable")

#define SUP_GATE_STATE_MAP(X) \
	X(CLOSED, "closed") \
	X(WAITING, "waiting") \
	X(OPEN, "open")

#define SUP_VERDICT_MAP(X) \
	X(UNKNOWN, "unknown") \
	X(OK, "ok") \
	X(WARN, "warn") \
	X(FAIL, "fail")

/* The processes whose deaths the kernel tells. */
#define SUP_PROC_MAP(X) \
	X(CHILD, "colima") \
	X(HOSTAGENT, "hostagent") \
	X(QEMU, "qemu")

#define SUP_EVENT_MAP(X) \
	X(BOOT, "boot") \
	X(LAYER, "layer") \
	X(PROC, "proc") \
	X(CLEANED, "cleaned") \
	X(SPAWNED, "spawned") \
	X(SPAWN_FAILED, "spawn-failed") \
	X(CHILD_EXIT, "child-exit") \
	X(STOP_ENDED, "stop-ended") \
	X(MARKER, "marker") \
	X(ROUND, "round") \
	X(STREAM_END, "stream-end") \
	X(SIGNS, "signs") \
	X(REPAIRED, "repaired") \
	X(REPAIR, "repair") \
	X(DEADLINE, "deadline") \
	X(GOAL, "goal") \
	X(RESTART, "restart") \
	X(LIMITS, "limits") \
	X(WAKE, "wake") \
	X(QUIT, "quit") \
	X(HURRY, "hurry")

/* What the runtime is asked to do. The only effects there are. */
#define SUP_ACTION_MAP(X) \
	X(LOOK, "look") \
	X(CLEAN, "clean") \
	X(SPAWN, "spawn") \
	X(INSPECT, "inspect") \
	X(PROBE, "probe") \
	X(STREAM, "stream") \
	X(EXAMINE, "examine") \
	X(REPAIR, "repair") \
	X(STOP_ASK, "stop-ask") \
	X(STOP_POWERDOWN, "stop-powerdown") \
	X(STOP_QUIT, "stop-quit") \
	X(STOP_KILL, "stop-kill") \
	X(SAVE, "save") \
	X(NOTE, "note") \
	X(EXIT, "exit")

/* X(enum, id, name, text, advice). */
#define SUP_CAUSE_MAP(X) \
	X(NONE, "", "none", "", "") \
	X(STARTING, "S01", "starting", "the VM is being started", "nothing to do") \
	X(STOPPED, "S02", "stopped", "stopped on purpose", "pulsectl start") \
	X(PAUSED, "S03", "paused", "supervision is paused", "pulsectl resume") \
	X(CRASH_LOOP, "S04", "crash-loop", "starting failed again and again; retried slowly", \
		"pulsectl logs -n 100; then pulsectl restart") \
	X(CHILD_FAILED, "S05", "child-failed", "`colima start` ended with an error", \
		"pulsectl logs -n 100") \
	X(START_TIMEOUT, "S06", "start-timeout", "the start took longer than its limit", \
		"look at serial.log of the instance; raise START_TIMEOUT on a slow machine") \
	X(SPAWN_FAILED, "S07", "spawn-failed", "colima could not be executed", \
		"check the path that the log names") \
	X(RESTARTING, "S08", "restarting", "restarted on request", "nothing to do") \
	X(SHUTDOWN, "S09", "shutdown", "the daemon was told to end and stops the VM first", \
		"nothing to do") \
	X(API_FAILS, "S10", "api-fails", "the Docker API stopped answering though the VM runs", \
		"nothing to do; it is restarted if it stays so") \
	X(GATE_LATE, "S11", "gate-late", "a gate did not open within its limit", \
		"pulsectl logs -n 100") \
	X(CLEAN_FAILED, "S12", "clean-failed", "left-overs of this profile could not be cleared", \
		"see the reason; it is tried again") \
	X(LEFTOVER, "S13", "leftover", "processes of an earlier start are still ending", \
		"nothing to do") \
	X(DOCKER_HANGS, "S14", "docker-hangs", "Docker in the guest runs but does not answer", \
		"nothing to do; it is restarted in the guest if it stays so") \
	X(USERNET_DIED, "S15", "usernet-died", \
		"the VM lost its network: usernet, which it cannot get back without a restart, died", \
		"nothing to do; the VM is restarted") \
	X(NOT_MENDED, "S16", "not-mended", "what could be tried without a person was tried", \
		"pulsectl why; pulsectl repairs; then pulsectl repair or pulsectl restart") \
	X(BUDGET, "S17", "repair-budget", "too many repairs within an hour; no more are tried", \
		"pulsectl repairs shows them; then pulsectl repair or pulsectl restart") \
	X(MASTER_DEAD, "F01", "master-dead", \
		"the ssh master that forwards docker.sock died; the VM and its containers run on", \
		"nothing to do; docker.sock is forwarded again") \
	X(FORWARD_LOST, "F01", "forward-lost", \
		"docker.sock is not forwarded any more; the VM and its containers run on", \
		"nothing to do; docker.sock is forwarded again") \
	X(MASTER_WEDGED, "F06", "master-wedged", \
		"the ssh connection that forwards docker.sock is stuck; the VM and its containers run on", \
		"nothing to do; docker.sock is forwarded again") \
	X(VM_PAUSED, "F13", "vm-paused", \
		"the VM stands still, as qemu does when this machine's disk is full", \
		"make room on this machine's disk; the VM then goes on by itself") \
	X(STOPPED_BY_HAND, "F36", "stopped-by-hand", \
		"somebody stopped the VM with `colima stop`; it stays stopped", "pulsectl start") \
	X(ENGINE_CHANGED, "F14", "engine-changed", \
		"another Docker engine than before answered: the old containers and images are not in it", \
		"the old disk is probably intact: see docs/operations.md; pulsectl accept takes the new engine") \
	X(STORE_LOST, "F34", "store-lost", \
		"Colima forgot that the data disk is formatted; a start could format it again", \
		"put the copy back that the detail names, then the VM starts by itself") \
	X(DISK_FULL, "F13", "disk-full", \
		"too little room on this machine's disk to start a VM without harm", \
		"make room; the VM then starts by itself (DISK_FLOOR_MB)") \
	X(DOCKER_DOWN, "F30", "docker-down", "Docker does not run in the guest; the VM does", \
		"nothing to do; it is started again") \
	X(GUEST_HANGS, "F38", "guest-hangs", "the VM runs, but nothing in it answers", \
		"nothing to do; it may come back by itself, else it is powered off and on") \
	X(HOME_MISSING, "F04", "home-missing", "the user's home is not there yet", \
		"log in once, or unlock the disk (FileVault); the VM then starts by itself") \
	X(BASE_MISSING, "F14", "base-missing", \
		"Colima's folder was here before and is missing now; a start would create an empty VM", \
		"mount the volume it is on, or set COLIMA_HOME to where it is now") \
	X(VZ_FOUND, "F19", "vz-found", "the VM of this profile is not a QEMU VM", \
		"colima stop, then set vmType to qemu with `colima start --edit`") \
	X(TOOLS_MISSING, "F21", "tools-missing", "a program that Colima needs is not on the path", \
		"install it (brew install colima qemu docker) or set TOOL_PATH") \
	X(HOME_OWNER, "F22", "home-owner", "Colima's folder does not belong to the user", \
		"sudo chown -R the folder to the user") \
	X(PATH_TOO_LONG, "F29", "path-too-long", "a socket path is longer than the system allows", \
		"use a shorter COLIMA_PROFILE or COLIMA_HOME") \
	X(HOSTAGENT_DIED, "F17", "hostagent-died", \
		"Lima's hostagent died; Docker goes on, without new port forwards and time sync", \
		"pulsectl restart at a quiet moment") \
	X(VM_DIED, "F37", "vm-died", "qemu died; Colima itself does not notice that", \
		"nothing to do; it is started again")

#define X(id, ...) GOAL_##id,
enum sup_goal { SUP_GOAL_MAP(X) GOAL__COUNT };
#undef X
#define X(id, ...) STATE_##id,
enum sup_state { SUP_STATE_MAP(X) STATE__COUNT };
#undef X
#define X(id, ...) LAYER_##id,
enum sup_layer { SUP_LAYER_MAP(X) LAYER__COUNT };
#undef X
#define X(id, ...) GATE_##id,
enum sup_gate { SUP_GATE_MAP(X) GATE__COUNT };
#undef X
#define X(id, ...) GATE_STATE_##id,
enum sup_gate_state { SUP_GATE_STATE_MAP(X) GATE_STATE__COUNT };
#undef X
#define X(id, ...) VERDICT_##id,
enum sup_verdict { SUP_VERDICT_MAP(X) VERDICT__COUNT };
#undef X
#define X(id, ...) PROC_##id,
enum sup_proc { SUP_PROC_MAP(X) PROC__COUNT };
#undef X
#define X(id, ...) EV_##id,
enum sup_event_kind { SUP_EVENT_MAP(X) EV__COUNT };
#undef X
#define X(id, ...) ACT_##id,
enum sup_action_kind { SUP_ACTION_MAP(X) ACT__COUNT };
#undef X
#define X(id, ...) CAUSE_##id,
enum sup_cause { SUP_CAUSE_MAP(X) CAUSE__COUNT };
#undef X

/* A cause as people and programs see it. */
struct sup_cause_row {
	const char *id;   /* "F37", stable for ever; "" for CAUSE_NONE */
	const char *name; /* "vm-died" */
	const char *text;
	const char *advice;
};

const char *sup_goal_name(enum sup_goal goal);
const char *sup_state_name(enum sup_state state);
const char *sup_state_help(enum sup_state state);
const char *sup_layer_name(enum sup_layer layer);
const char *sup_layer_help(enum sup_layer layer);
const char *sup_gate_name(enum sup_gate gate);
const char *sup_gate_state_name(enum sup_gate_state state);
const char *sup_verdict_name(enum sup_verdict verdict);
const char *sup_proc_name(enum sup_proc proc);
const char *sup_event_name(enum sup_event_kind kind);
const char *sup_action_name(enum sup_action_kind kind);
const struct sup_cause_row *sup_cause_row(enum sup_cause cause);

/* -1 when no goal has that name. */
int sup_goal_by_name(const char *name);

#endif
