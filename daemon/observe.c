/*
 * The witnesses of a running profile: who lives, by the kernel's word, and what its files and
 * sockets say. Looks when a file of the profile changed or a process ended; a slow timer stands
 * behind that while something is coming or going.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"
#include "vm/ident.h"
#include "vm/qmp.h"

static void
post_proc(struct runtime *rt, enum sup_proc proc, bool alive, const char *text)
{
	bool asked = !alive && proc == PROC_QEMU && halog_was_asked(rt->paths.ha_stderr);

	rt_post(rt, &(struct sup_event){
			    .kind = EV_PROC,
			    .u.proc = {.proc = proc, .alive = alive, .asked = asked},
			    .text = text,
		    });
}

static void
on_poll_closed(uv_handle_t *handle)
{
	struct proc_watch *w = handle->data;

	(void)close(w->fd);
	w->fd = -1;
}

static void
unwatch(struct proc_watch *w)
{
	if (w->fd >= 0 && !uv_is_closing((uv_handle_t *)&w->poll))
		uv_close((uv_handle_t *)&w->poll, on_poll_closed);
	w->pid = 0;
}

static void
proc_ended(struct proc_watch *w)
{
	struct runtime *rt = w->rt;
	char text[96];
	pid_t pid = w->pid;

	unwatch(w);
	(void)str_fmt(text, sizeof(text), "%s %d ended, told by the kernel", sup_proc_name(w->proc),
		(int)pid);
	log_info("watch", "%s", text);
	if (w->proc == PROC_CHILD) {
		rt->state.child.pid = 0;
		rt_post(rt, &(struct sup_event){
				    .kind = EV_CHILD_EXIT,
				    .u.child_exit = {.status = -1},
				    .text = text,
			    });
	} else {
		post_proc(rt, w->proc, false, text);
	}
	rt_observe(rt);
}

static void
on_exit_notice(uv_poll_t *poll, int status, int events)
{
	struct proc_watch *w = poll->data;

	(void)status;
	(void)events;
	proc_ended(w);
}

/* Watches (pid, start); true when it is being watched, so that its end cannot be missed. */
bool
rt_watch_proc(struct runtime *rt, enum sup_proc proc, pid_t pid, uint64_t start)
{
	struct proc_watch *w = &rt->procs[proc];
	char text[96];
	int fd;

	if (w->pid == pid && w->start == start)
		return true;
	if (w->fd >= 0) {
		/* Another one took its place before its end was told. */
		unwatch(w);
		post_proc(rt, proc, false, "another process took its place");
		return false;
	}
	fd = host_exit_watch(pid);
	if (fd < 0)
		return false;
	if (!vm_same_proc(pid, start) || uv_poll_init(&rt->loop, &w->poll, fd) < 0) {
		(void)close(fd);
		return false;
	}
	w->poll.data = w;
	w->fd = fd;
	w->pid = pid;
	w->start = start;
	(void)uv_poll_start(&w->poll, UV_READABLE, on_exit_notice);
	(void)str_fmt(text, sizeof(text), "%s %d", sup_proc_name(proc), (int)pid);
	post_proc(rt, proc, true, text);
	rt->dirty = true;
	return true;
}

/* Posts a layer when its verdict or its evidence changed. */
static void
tell_verdict(
	struct runtime *rt, enum sup_layer layer, enum sup_verdict verdict, const char *evidence)
{
	const struct sup_layer_state *l = &rt->sup.layers[layer];

	if (l->verdict != verdict || strncmp(l->evidence, evidence, SUP_EVIDENCE_MAX - 1) != 0)
		rt_post_layer(rt, layer, verdict, CAUSE_NONE, evidence);
}

static void
tell(struct runtime *rt, enum sup_layer layer, bool ok, const char *evidence)
{
	tell_verdict(rt, layer, ok ? VERDICT_OK : VERDICT_FAIL, evidence);
}

static void
observe_hostagent(struct runtime *rt)
{
	struct host_proc proc;
	struct err err = {{0}};
	char text[SUP_EVIDENCE_MAX];
	int rc;

	if (vm_find_hostagent(&rt->paths, rt->user.uid, &proc, &err) < 0 ||
		!rt_watch_proc(rt, PROC_HOSTAGENT, proc.pid, proc.start)) {
		if (!rt->sup.alive[PROC_HOSTAGENT])
			tell(rt, LAYER_HOSTAGENT, false, err.msg);
		return;
	}
	rc = host_unix_listens(rt->paths.ha_sock);
	(void)str_fmt(text, sizeof(text), rc < 0 ? "hostagent %d, ha.sock: %s" : "hostagent %d",
		(int)proc.pid, rc < 0 ? strerror(-rc) : "");
	tell(rt, LAYER_HOSTAGENT, rc == 0, text);
}

static void
on_qmp(const struct qmp_result *result, void *arg)
{
	struct runtime *rt = arg;
	char text[SUP_EVIDENCE_MAX];

	rt->asked_qmp = false;
	rt_examine_qmp(rt, result);
	if (!rt->sup.alive[PROC_QEMU] || rt->exiting)
		return;
	if (result->code < 0)
		(void)str_fmt(text, sizeof(text), "qemu %d, %s", (int)rt->procs[PROC_QEMU].pid,
			result->err.msg);
	else
		(void)str_fmt(text, sizeof(text), "qemu %d, QMP says %s",
			(int)rt->procs[PROC_QEMU].pid, result->status);
	tell(rt, LAYER_VM, result->code == 0 && strcmp(result->status, "running") == 0, text);
	/* Its listening and its running are told by no file: look again soon. */
	if (rt->sup.state == STATE_STARTING && rt->sup.layers[LAYER_VM].verdict != VERDICT_OK)
		rt_look_soon(rt);
}

/* Never while a stop is under way: Lima's own shutdown needs the monitor (QMP note). */
bool
rt_ask_qmp(struct runtime *rt)
{
	if (rt->asked_qmp || rt->sup.state == STATE_STOPPING || !rt->sup.alive[PROC_QEMU])
		return rt->asked_qmp;
	rt->asked_qmp = qmp_ask(&rt->loop, rt->paths.qmp_sock, QMP_QUERY_STATUS, on_qmp, rt) == 0;
	return rt->asked_qmp;
}

static void
observe_qemu(struct runtime *rt)
{
	struct host_proc proc;
	struct err err = {{0}};

	if (vm_find_qemu(&rt->paths, rt->user.uid, &proc, &err) < 0 ||
		!rt_watch_proc(rt, PROC_QEMU, proc.pid, proc.start)) {
		if (!rt->sup.alive[PROC_QEMU])
			tell(rt, LAYER_VM, false, err.msg);
		return;
	}
	if (rt->sup.layers[LAYER_VM].verdict != VERDICT_OK)
		(void)rt_ask_qmp(rt);
}

/* The header has whole seconds, and the answer took its way: less than this is no skew (F11). */
#define SKEW_MAX_S 5

static void
observe_clock(struct runtime *rt)
{
	long long skew_s = (long long)rt->probe.skew_s;
	long long off_s = skew_s < 0 ? -skew_s : skew_s;
	char text[SUP_EVIDENCE_MAX];

	if (off_s <= SKEW_MAX_S) {
		tell_verdict(rt, LAYER_CLOCK, VERDICT_OK, "the guest's is within 5 s of ours");
		return;
	}
	(void)str_fmt(text, sizeof(text),
		"the guest's is %lld s %s; TLS and tokens fail there (F11)", off_s,
		skew_s < 0 ? "behind" : "ahead");
	tell_verdict(rt, LAYER_CLOCK, VERDICT_WARN, text);
}

static void
observe_disk(struct runtime *rt)
{
	uint64_t room_gb, warn_gb = (uint64_t)rt->conf.disk_warn_gb;
	char text[SUP_EVIDENCE_MAX];

	if (file_room(rt->paths.base, &room_gb) < 0)
		return;
	room_gb >>= 30;
	if (room_gb >= warn_gb)
		(void)str_fmt(text, sizeof(text), "at least %llu GiB free here",
			(unsigned long long)warn_gb);
	else
		(void)str_fmt(text, sizeof(text), "%llu GiB free here; full, it stops the VM (F13)",
			(unsigned long long)room_gb);
	tell_verdict(rt, LAYER_DISK, room_gb >= warn_gb ? VERDICT_OK : VERDICT_WARN, text);
}

void
rt_observe_surroundings(struct runtime *rt)
{
	observe_clock(rt);
	observe_disk(rt);
}

static void
observe_socket(struct runtime *rt)
{
	char text[SUP_EVIDENCE_MAX];
	struct stat st;
	int rc = 0;

	if (lstat(rt->paths.docker_sock, &st) < 0)
		rc = -errno;
	else if (!S_ISSOCK(st.st_mode))
		rc = -ENOTSOCK;
	else
		rc = host_unix_listens(rt->paths.docker_sock);
	(void)str_fmt(text, sizeof(text), rc < 0 ? "%s: %s" : "%s", rt->paths.docker_sock,
		rc < 0 ? strerror(-rc) : "");
	tell(rt, LAYER_SOCKET, rc == 0, text);
}

static void
on_ha_event(const struct halog_event *event, void *arg)
{
	struct runtime *rt = arg;

	if (event->degraded)
		log_warn("hostagent", "degraded: %s",
			event->error[0] ? event->error : "no reason given");
	else if (event->exiting)
		log_info("hostagent", "says that it ends");
	else if (event->running)
		log_debug("hostagent", "says that the VM runs (not yet that Docker does)");
	rt->dirty = true;
}

static void
on_ha_bad(const char *why, void *arg)
{
	struct runtime *rt = arg;

	log_warn("hostagent", "%s: %s", rt->paths.ha_stdout, why);
}

void
rt_observe(struct runtime *rt)
{
	enum sup_state state = rt->sup.state;

	if (!rt->have_paths || (state != STATE_STARTING && state != STATE_READY &&
				       state != STATE_DEGRADED && state != STATE_STOPPING))
		return;
	rt_observe_start(rt);
	observe_hostagent(rt);
	observe_qemu(rt);
	if (rt->sup.state == STATE_STOPPING)
		return;
	observe_socket(rt);
	(void)halog_follow(&rt->halog, rt->paths.ha_stdout, on_ha_event, on_ha_bad, rt);
}

/* Which files are worth a look: the others (serial.log) change with every word of the guest. */
static void
inst_changed(struct runtime *rt, const char *name)
{
	if (name && str_ends(name, ".log") && strcmp(name, "ha.stdout.log") != 0)
		return;
	rt_observe(rt);
}

static void
cfg_changed(struct runtime *rt, const char *name)
{
	if (!name || strcmp(name, "docker.sock") == 0 || str_starts(rt->paths.cfg, name) ||
		!strchr(name, '.'))
		rt_observe(rt);
}

void
rt_observe_start(struct runtime *rt)
{
	dir_watch_open(&rt->inst_watch, rt, rt->paths.inst, inst_changed);
	dir_watch_open(&rt->cfg_watch, rt, rt->paths.cfg, cfg_changed);
}

void
rt_observe_stop(struct runtime *rt)
{
	dir_watch_close(&rt->inst_watch);
	dir_watch_close(&rt->cfg_watch);
}

void
rt_observe_close(struct runtime *rt)
{
	rt_observe_stop(rt);
	for (int proc = 0; proc < PROC__COUNT; proc++)
		unwatch(&rt->procs[proc]);
}
