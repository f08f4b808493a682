/*
 * What an earlier start left behind: a VM to adopt, processes that still end, and files that name
 * nobody. A file is removed only when the process that it names is proved not to be the one it
 * should be; a process is signalled only when its arguments and the absence of its VM prove that
 * it serves nobody.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"
#include "vm/ident.h"
#include "vm/scan.h"

static void
cleaned(struct runtime *rt, enum sup_cleaned result, enum sup_cause cause, bool was_ready,
	const char *text)
{
	rt_post(rt, &(struct sup_event){
			    .kind = EV_CLEANED,
			    .generation = rt->sup.generation,
			    .u.cleaned = {.result = result, .cause = cause, .was_ready = was_ready},
			    .text = text,
		    });
}

static void
remove_file(const char *path, const char *why)
{
	if (unlink(path) == 0)
		log_info("clean", "removed %s: %s", path, why);
	else if (errno != ENOENT)
		log_warn("clean", "%s: %s", path, strerror(errno));
}

/* Lima believes the number in ha.pid and then refuses to start, for ever (F02, real-runs R13). */
static void
remove_stale_hostagent(struct runtime *rt, const char *why)
{
	if (access(rt->paths.ha_pid, F_OK) < 0)
		return;
	remove_file(rt->paths.ha_pid, why);
	remove_file(rt->paths.ha_sock, "its hostagent is gone");
}

/* A killed qemu that init has not reaped yet answers kill(pid, 0), and Lima believes it (R13). */
static bool
qemu_unreaped(struct runtime *rt)
{
	struct host_proc proc;
	pid_t pid;

	return vm_pidfile_read(rt->paths.qemu_pid, &pid, NULL) == 0 && host_proc(pid, &proc) == 0 &&
	       proc.zombie && proc.uid == rt->user.uid;
}

static bool
child_lives(struct runtime *rt)
{
	struct state_proc *child = &rt->state.child;

	if (rt->child_ours)
		return true;
	if (!vm_is_colima(&rt->paths, rt->user.uid, child->pid, child->start))
		return false;
	return rt_watch_proc(rt, PROC_CHILD, child->pid, child->start);
}

static void
adopt(struct runtime *rt, const struct host_proc *qemu, bool child)
{
	char text[SUP_EVIDENCE_MAX];
	const struct state_proc *ready = &rt->state.ready_qemu;
	bool was_ready = qemu && ready->pid == qemu->pid && ready->start == qemu->start;

	(void)str_fmt(text, sizeof(text),
		child ? "adopted: colima %d of an earlier daemon"
		      : "adopted: a VM without its colima",
		(int)rt->state.child.pid);
	cleaned(rt, CLEANED_ADOPTABLE, CAUSE_NONE, was_ready, text);
}

#define REMAINS_TERM_MS 5000u /* F39: so long to end by itself */

static void
signal_remains(
	struct runtime *rt, const struct host_proc *procs, size_t n, const char *what, int signum)
{
	for (size_t i = 0; i < n; i++) {
		if (!vm_same_proc(procs[i].pid, procs[i].start))
			continue;
		if (rt->remains_signal == 0 || (signum == SIGKILL && rt->remains_signal != SIGKILL))
			log_info("clean", "signal %d (%s) to %s %d: its VM is gone", signum,
				strsignal(signum), what, (int)procs[i].pid);
		(void)kill(procs[i].pid, signum);
	}
}

/* Lima leaves a usernet behind whenever qemu dies hard (F39), and a master that outlived its VM
 * holds up the next boot for ten minutes (F40). Both are ours to end only when nothing of this
 * profile runs; usernet serves all profiles, so for it no qemu of the LIMA_HOME may live. */
static bool
remains_live(struct runtime *rt)
{
	static struct vm_scan scan;
	uint64_t now_ms = host_awake_ms();
	bool patient = true;

	if (vm_scan(&rt->paths, rt->user.uid, &scan) < 0)
		return false;
	if (scan.n_qemus + scan.n_agents > 0)
		scan.n_usernets = 0;
	if (scan.n_usernets + scan.n_masters == 0) {
		rt->remains_signal = 0;
		return false;
	}
	if (rt->remains_signal == 0)
		rt->remains_ms = now_ms;
	patient = now_ms - rt->remains_ms < REMAINS_TERM_MS;
	/* SIGINT is how Lima itself ends a usernet (runtime 2.8). */
	signal_remains(rt, scan.usernet, scan.n_usernets, "usernet", patient ? SIGINT : SIGKILL);
	signal_remains(rt, scan.master, scan.n_masters, "ssh master", patient ? SIGTERM : SIGKILL);
	rt->remains_signal = patient ? SIGTERM : SIGKILL;
	return true;
}

void
rt_clean(struct runtime *rt, bool passive)
{
	struct host_proc hostagent, qemu;
	struct err ha_err = {{0}}, qemu_err = {{0}};
	bool ha, vm, child, adoptable;

	if (!rt->have_paths)
		rt_look(rt);
	if (!rt->have_paths) {
		cleaned(rt, passive ? CLEANED_FREE : CLEANED_FAILED, CAUSE_NONE, false,
			"Colima's folder is not known yet");
		return;
	}
	if (vm_find_vz(&rt->paths) > 0) {
		cleaned(rt, CLEANED_BLOCKED, CAUSE_VZ_FOUND, false, rt->paths.vz_pid);
		return;
	}
	ha = vm_find_hostagent(&rt->paths, rt->user.uid, &hostagent, &ha_err) == 0;
	vm = vm_find_qemu(&rt->paths, rt->user.uid, &qemu, &qemu_err) == 0;
	child = child_lives(rt);
	/* A lone colima whose VM was ready once does not start another: it stays for ever (R3). */
	adoptable =
		(ha && vm) || (child && !rt->child_ours && (vm || rt->state.ready_qemu.pid == 0));
	if ((ha && !rt_watch_proc(rt, PROC_HOSTAGENT, hostagent.pid, hostagent.start)) ||
		(vm && !rt_watch_proc(rt, PROC_QEMU, qemu.pid, qemu.start))) {
		cleaned(rt, CLEANED_BUSY, CAUSE_NONE, false, "a process cannot be watched yet");
	} else if (adoptable) {
		adopt(rt, vm ? &qemu : NULL, child);
	} else if (ha || vm || child) {
		cleaned(rt, CLEANED_BUSY, CAUSE_NONE, false, ha ? qemu_err.msg : ha_err.msg);
	} else if (qemu_unreaped(rt)) {
		cleaned(rt, CLEANED_BUSY, CAUSE_NONE, false, "a dead qemu is not reaped yet");
	} else if (!passive && remains_live(rt)) {
		cleaned(rt, CLEANED_BUSY, CAUSE_NONE, false,
			"what is left of the VM before is ending");
	} else {
		if (!passive)
			remove_stale_hostagent(rt, ha_err.msg);
		cleaned(rt, CLEANED_FREE, CAUSE_NONE, false, NULL);
	}
}
