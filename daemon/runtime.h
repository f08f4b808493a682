/*
 * runtime: the one place of effects. It owns the loop, the core's state and everything that is
 * open. Callbacks of the loop build an event and post it; post() drains the queue through
 * sup_step, logs each transition, performs the actions and arms the one timer for the machine's
 * deadline.
 */
#ifndef DAEMON_RUNTIME_H
#define DAEMON_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "conf/conf.h"
#include "core/snap.h"
#include "core/sup.h"
#include "job.h"
#include "proto/proto.h"
#include "state.h"
#include "user.h"
#include "vm/docker.h"
#include "vm/halog.h"
#include "vm/httpc.h"
#include "vm/paths.h"
#include "vm/qmp.h"

#define RT_QUEUE_MAX  64
#define RT_EVENTS_MAX 256
#define RT_TOOLS_MAX  8

struct control;

/* Watching a process that need not be our child (host_exit_watch). */
struct proc_watch {
	uv_poll_t poll;
	int fd; /* -1 = not watching */
	pid_t pid;
	uint64_t start;
	enum sup_proc proc;
	struct runtime *rt;
};

/* Watching a folder that may not exist yet: then its nearest existing parent is watched. */
struct dir_watch {
	uv_fs_event_t event;
	bool open, closing;
	char want[HOST_PATH_MAX];
	char have[HOST_PATH_MAX]; /* what is being watched, "" = nothing */
	ino_t inode;
	void (*changed)(struct runtime *rt, const char *name);
	struct runtime *rt;
};

/* A command of ours with a time limit, in its own session. */
struct command {
	uv_process_t process;
	uv_timer_t timer;
	bool running;
	unsigned open_handles;
	const char *name;

	struct runtime *rt;
};

struct output {
	uv_pipe_t pipe;
	uv_timer_t window;
	bool open;
	size_t len;
	bool skipping;
	char line[4096];
	char fatal[SUP_EVIDENCE_MAX]; /* the last level=fatal line of this start */
	char step[SUP_EVIDENCE_MAX];  /* the last message */
	uint64_t window_ms;           /* rate limit: lines in this second, and dropped ones */
	unsigned n_window, n_dropped;
};

struct probe {
	struct httpc *http;
	struct httpc_request *request; /* the round's */
	bool full;
	unsigned step;
	uint64_t generation;
	struct docker_info info;
	struct httpc_request *stream;
	bool refresh; /* the container list is to be fetched again */
	struct httpc_request *list_request;
	struct docker_containers containers;
	bool list_known; /* containers is what the engine said */
	uint64_t took_us;
	int64_t skew_s;
};

/* An examination: what several witnesses are being asked. */
struct examine {
	struct job ssh;
	struct httpc_request *ping;
	bool wants_qmp, full;
	unsigned pending;
	uint64_t generation;
	struct sup_signs signs;
};

/* A remedy that runs, step by step. */
struct repair {
	struct job job;
	enum sup_remedy remedy; /* REMEDY_NONE: none runs */
	enum sup_cause cause;
	size_t step;
	uint64_t generation;
};

struct posted {
	struct sup_event event;
	char text[SUP_EVIDENCE_MAX];
};

struct runtime {
	uv_loop_t loop;
	struct sup sup;
	struct conf conf;
	char conf_path[HOST_PATH_MAX];
	struct user user;
	struct state state;
	char state_dir[HOST_PATH_MAX];
	struct vm_paths paths;
	bool have_paths;

	struct posted queue[RT_QUEUE_MAX];
	unsigned queue_first, queue_n;
	bool draining;

	uv_timer_t deadline;
	uv_timer_t safety; /* the slow poll behind the kernel's notices */
	uv_signal_t signals[4];
	bool handles_open;
	uint64_t began_ms;
	uint64_t asleep_ms; /* elapsed minus awake, when last looked */

	struct proc_watch procs[PROC__COUNT];
	struct dir_watch inst_watch, cfg_watch;
	struct halog halog;
	bool asked_qmp;

	uv_process_t child;
	bool child_open, child_ours;
	int child_status, child_signal; /* of the last one that ended */
	char child_end[SUP_EVIDENCE_MAX];
	uint64_t spawned_ms;
	struct output output;
	struct command stop_command;

	uint64_t remains_ms; /* since when left-over processes are being ended */
	int remains_signal;  /* what they were last sent, 0 = there are none */

	char tool_colima[HOST_PATH_MAX];
	char path_env[8192];

	struct probe probe;
	struct examine examine;
	struct repair repair;
	struct control *control;
	int listen_fd; /* bound before the drop, -1 = not */
	char control_path[HOST_PATH_MAX];

	struct snap snap;
	bool dirty;
	char status_path[HOST_PATH_MAX], state_path[HOST_PATH_MAX];
	bool status_failing;
	struct proto_event events[RT_EVENTS_MAX];
	uint64_t n_events;
	char log_note[SNAP_TEXT_MAX], reload_note[SNAP_TEXT_MAX], restart_keys[SNAP_TEXT_MAX];
	bool exiting;
};

/* runtime.c */
int rt_init(struct runtime *rt, struct err *err);
int rt_run(struct runtime *rt); /* until ACT_EXIT; 0, or -EBUSY when handles stayed open */
void rt_post(struct runtime *rt, const struct sup_event *event);
void rt_post_layer(struct runtime *rt, enum sup_layer layer, enum sup_verdict verdict,
	enum sup_cause cause, const char *evidence);
void rt_limits(const struct conf *conf, struct sup_limits *limits);
void rt_save(struct runtime *rt);
void rt_look_soon(struct runtime *rt); /* the safety net, but in a moment */

/* look.c: home and tools. */
void rt_look(struct runtime *rt);
/* clean.c: what an earlier start left. */
void rt_clean(struct runtime *rt, bool passive);
/* observe.c: the profile's folder and processes. */
void rt_observe(struct runtime *rt);
void rt_observe_surroundings(struct runtime *rt); /* clock and disk, after a good answer */
void rt_observe_start(struct runtime *rt);
void rt_observe_stop(struct runtime *rt);
bool rt_ask_qmp(struct runtime *rt); /* true when an answer will come */
bool rt_watch_proc(struct runtime *rt, enum sup_proc proc, pid_t pid, uint64_t start);
void rt_observe_close(struct runtime *rt);
/* dirwatch.c */
void dir_watch_open(struct dir_watch *w, struct runtime *rt, const char *path,
	void (*changed)(struct runtime *rt, const char *name));
void dir_watch_update(struct dir_watch *w);
void dir_watch_close(struct dir_watch *w);
/* child.c: colima. */
void rt_spawn(struct runtime *rt);
void rt_stop_ask(struct runtime *rt);
void rt_stop_powerdown(struct runtime *rt);
void rt_stop_quit(struct runtime *rt);
void rt_stop_kill(struct runtime *rt);
void rt_child_close(struct runtime *rt);
/* output.c: what colima prints. */
int output_open(struct runtime *rt, int *ret_child_fd, struct err *err);
void output_drain(struct runtime *rt);
void output_close(struct runtime *rt);
/* env.c: the environment of everything that we run. NULL-terminated, freed by env_free. */
char **env_make(const struct runtime *rt);
void env_free(char **env);
/* probe.c: the Docker API. */
void rt_probe(struct runtime *rt, bool full);
void rt_stream(struct runtime *rt);
void rt_probe_forget(struct runtime *rt);
/* examine.c: what is wrong? */
void rt_examine(struct runtime *rt, bool full);
void rt_examine_qmp(struct runtime *rt, const struct qmp_result *result);
void rt_examine_forget(struct runtime *rt);
/* repair.c: the remedies that are more than a restart. */
void rt_repair(struct runtime *rt, enum sup_remedy remedy);
void rt_repair_forget(struct runtime *rt);
/* pins.c: what must not change without a person's word. */
void rt_pin(struct runtime *rt);
bool rt_store_is_lost(struct runtime *rt, char *buf, size_t size); /* buf: how to put it back */
bool rt_engine_is_known(struct runtime *rt);
void rt_engine_text(const struct runtime *rt, char *buf, size_t size);
int rt_engine_accept(struct runtime *rt, const char *begins, struct err *err);
/* publish.c: snapshot, status file, events. */
void rt_publish(struct runtime *rt);
void rt_event(struct runtime *rt, const char *line);
/* reload.c */
int rt_reload(struct runtime *rt, struct err *err);

#endif
