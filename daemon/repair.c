/*
 * The remedies below a restart, each a list of steps that run one after the other. A step is a
 * command with a limit; a step that must succeed ends the remedy when it does not. Whether Docker
 * is back is not for a remedy to say: the core asks the API.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"
#include "vm/ident.h"
#include "vm/scan.h"

#define ARGS_MAX              24
#define ROOM_MIN              (512u << 20) /* bytes free before a VM that ran out of room goes on (F13) */
#define GUEST_SOCK            "/var/run/docker.sock"
#define GUEST_CONTAINERD_SOCK "/var/run/containerd/containerd.sock"

/* A command being put together. */
struct words {
	char *arg[ARGS_MAX];
	size_t n;
	char forward[2 * HOST_PATH_MAX];
};

struct step {
	const char *name;
	uint64_t limit_ms;
	bool must;
	/* 0: run the words; 1: nothing to do; -errno with `err`: failed. */
	int (*prepare)(struct runtime *rt, struct words *w, struct err *err);
};

static void
say(struct words *w, const char *word)
{
	if (w->n + 1 < ARGS_MAX)
		w->arg[w->n++] = (char *)(uintptr_t)word;
	w->arg[w->n] = NULL;
}

static void
say_all(struct words *w, const char *const *words)
{
	for (; *words; words++)
		say(w, *words);
}

static void
ssh(struct runtime *rt, struct words *w)
{
	const char *const words[] = {"ssh", "-F", rt->paths.ssh_config, NULL};

	say_all(w, words);
}

/* A command in the guest over a connection of its own. */
static int
in_guest(struct runtime *rt, struct words *w, const char *command)
{
	const char *const words[] = {"-o", "ControlMaster=no", "-o", "ControlPath=none", "-o",
		"ConnectTimeout=10", rt->paths.ssh_host, command, NULL};

	ssh(rt, w);
	say_all(w, words);
	return 0;
}

/* -- reforward: the sequence of Table 1.0, in its order --------------------------------------- */

/* A wedged master answers -O exit at once (real-runs R4). */
static int
exit_master(struct runtime *rt, struct words *w, struct err *err)
{
	const char *const words[] = {"-O", "exit", rt->paths.ssh_host, NULL};

	(void)err;
	if (rt->repair.cause != CAUSE_MASTER_WEDGED)
		return 1;
	ssh(rt, w);
	say_all(w, words);
	return 0;
}

/* One that did not hear is ended by its verified pid; a stub of a socket is removed. */
static int
clear_master(struct runtime *rt, struct words *w, struct err *err)
{
	static struct vm_scan scan;
	bool wedged = rt->repair.cause == CAUSE_MASTER_WEDGED;

	(void)w;
	(void)err;
	if (wedged && vm_scan(&rt->paths, rt->user.uid, &scan) == 0) {
		for (size_t i = 0; i < scan.n_masters; i++) {
			if (!vm_same_proc(scan.master[i].pid, scan.master[i].start))
				continue;
			log_info("repair", "SIGKILL to ssh master %d, which is wedged",
				(int)scan.master[i].pid);
			(void)kill(scan.master[i].pid, SIGKILL);
		}
	}
	if (host_unix_listens(rt->paths.ssh_sock) == -ECONNREFUSED)
		(void)unlink(rt->paths.ssh_sock);
	return 1;
}

/* With keep-alives a master that gets stuck ends by itself, which the kernel tells (R18). */
static int
new_master(struct runtime *rt, struct words *w, struct err *err)
{
	const char *const words[] = {"-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o",
		"ServerAliveCountMax=2", rt->paths.ssh_host, "true", NULL};

	(void)err;
	ssh(rt, w);
	say_all(w, words);
	return 0;
}

static int
forward(struct runtime *rt, struct words *w, const char *verb, const char *here, const char *there)
{
	const char *const words[] = {"-O", verb, "-L", w->forward, rt->paths.ssh_host, NULL};

	if (!here[0] || str_fmt(w->forward, sizeof(w->forward), "%s:%s", here, there) < 0)
		return 1;
	ssh(rt, w);
	say_all(w, words);
	return 0;
}

/* A left-over file makes -O forward fail; only a socket is ever removed. */
static void
unlink_socket(const char *path)
{
	struct stat st;

	if (path[0] && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
}

#define FORWARD_STEPS(name, here, there) \
	static int cancel_##name(struct runtime *rt, struct words *w, struct err *err) \
	{ \
		(void)err; \
		return forward(rt, w, "cancel", here, there); \
	} \
	static int forward_##name(struct runtime *rt, struct words *w, struct err *err) \
	{ \
		(void)err; \
		unlink_socket(here); \
		return forward(rt, w, "forward", here, there); \
	}
/* clang-format off */
FORWARD_STEPS(docker, rt->paths.docker_sock, GUEST_SOCK)
FORWARD_STEPS(containerd, rt->paths.containerd_sock, GUEST_CONTAINERD_SOCK)
FORWARD_STEPS(base, rt->paths.base_sock, GUEST_SOCK)
/* clang-format on */

/* Published ports rode on the old master and are never announced again by themselves: the guest
 * agent does it when it is started without its memory (F01b, seen in real-runs R2). */
static int
kick_agent(struct runtime *rt, struct words *w, struct err *err)
{
	bool published = !rt->probe.list_known;

	(void)err;
	for (size_t i = 0; i < rt->probe.containers.n; i++)
		published = published || rt->probe.containers.list[i].ports[0];
	if (!published)
		return 1;
	return in_guest(rt, w,
		"sudo -n systemctl stop lima-guestagent;"
		"sudo -n rm -f /run/lima-guestagent/event-state.json;"
		"sudo -n systemctl start lima-guestagent");
}

static const struct step reforward[] = {
	{"end the wedged master", 5000, false, exit_master},
	{"clear its socket", 0, false, clear_master},
	{"make a new master", 30000, true, new_master},
	{"cancel docker.sock", 5000, false, cancel_docker},
	{"forward docker.sock", 10000, true, forward_docker},
	{"cancel containerd.sock", 5000, false, cancel_containerd},
	{"forward containerd.sock", 10000, false, forward_containerd},
	{"cancel the other docker.sock", 5000, false, cancel_base},
	{"forward the other docker.sock", 10000, false, forward_base},
	{"announce published ports again", 20000, false, kick_agent},
	{NULL, 0, false, NULL},
};

/* -- in the guest ----------------------------------------------------------------------------- */

static int
start_docker(struct runtime *rt, struct words *w, struct err *err)
{
	(void)err;
	return in_guest(rt, w,
		"sudo -n systemctl reset-failed docker.service docker.socket containerd.service;"
		"sudo -n systemctl start docker.socket; sudo -n systemctl start docker.service");
}

static int
restart_docker(struct runtime *rt, struct words *w, struct err *err)
{
	(void)err;
	return in_guest(rt, w, "sudo -n systemctl restart docker.service");
}

static const struct step start_docker_steps[] = {
	{"start Docker in the guest", 80000, true, start_docker}, {NULL, 0, false, NULL}};
static const struct step restart_docker_steps[] = {
	{"restart Docker in the guest", 110000, true, restart_docker}, {NULL, 0, false, NULL}};

/* -- the VM ----------------------------------------------------------------------------------- */

static int
has_room(struct runtime *rt, struct words *w, struct err *err)
{
	uint64_t room;
	int rc = file_room(rt->paths.inst, &room);

	(void)w;
	if (rc < 0)
		return err_set(err, rc, "%s: %s", rt->paths.inst, strerror(-rc));
	if (room < ROOM_MIN)
		return err_set(err, -ENOSPC,
			"%s: only %llu MB free; make room, the VM then goes on", rt->paths.inst,
			(unsigned long long)(room >> 20));
	return 1;
}

static const struct step continue_steps[] = {
	{"look for room on this machine's disk", 0, true, has_room}, {NULL, 0, false, NULL}};

/* -- the runner ------------------------------------------------------------------------------- */

static const struct step *const remedies[REMEDY__COUNT] = {
	[REMEDY_REFORWARD] = reforward,
	[REMEDY_CONTINUE] = continue_steps,
	[REMEDY_START_DOCKER] = start_docker_steps,
	[REMEDY_RESTART_DOCKER] = restart_docker_steps,
};

static void
ended(struct runtime *rt, bool ok, const char *text)
{
	enum sup_remedy remedy = rt->repair.remedy;

	rt->repair.remedy = REMEDY_NONE;
	if (!ok)
		log_warn("repair", "%s: %s", sup_remedy_row(remedy)->name, text);
	rt_post(rt, &(struct sup_event){
			    .kind = EV_REPAIRED,
			    .generation = rt->repair.generation,
			    .u.repaired = ok,
			    .text = text,
		    });
}

static void
on_cont(const struct qmp_result *result, void *arg)
{
	struct runtime *rt = arg;

	if (rt->repair.remedy == REMEDY_CONTINUE)
		ended(rt, result->code == 0, result->code == 0 ? "" : result->err.msg);
}

/* The steps are through. */
static void
finish(struct runtime *rt)
{
	if (rt->repair.remedy != REMEDY_CONTINUE)
		ended(rt, true, "");
	else if (qmp_ask(&rt->loop, rt->paths.qmp_sock, QMP_CONT, on_cont, rt) < 0)
		ended(rt, false, "QMP could not be asked");
}

static void run_steps(struct runtime *rt);

static void
on_step(struct job *job, void *arg)
{
	struct runtime *rt = arg;
	const struct step *step = &remedies[rt->repair.remedy][rt->repair.step];
	char text[SUP_EVIDENCE_MAX];

	if (job->status != 0 && step->must) {
		(void)str_fmt(text, sizeof(text), "%s: %s (status %d)", step->name,
			job->status == JOB_LATE      ? "did not end in time"
			: job->status == JOB_NO_EXEC ? job->out
						     : "failed",
			job->status);
		ended(rt, false, text);
		return;
	}
	rt->repair.step++;
	run_steps(rt);
}

static int
start_step(struct runtime *rt, const struct step *step, struct words *w)
{
	char **env = env_make(rt);
	int rc = job_start(&rt->repair.job, &rt->loop, w->arg, env, rt->user.home, step->limit_ms,
		on_step, rt);

	env_free(env);
	return rc;
}

static void
run_steps(struct runtime *rt)
{
	const struct step *steps = remedies[rt->repair.remedy];

	for (; steps[rt->repair.step].name; rt->repair.step++) {
		const struct step *step = &steps[rt->repair.step];
		struct words words = {.n = 0};
		struct err err = {{0}};
		int rc = step->prepare(rt, &words, &err);

		if (rc == 0) {
			log_debug("repair", "%s", step->name);
			rc = start_step(rt, step, &words);
			if (rc == 0)
				return; /* goes on in on_step */
			(void)err_set(&err, rc, "%s: %s", step->name, strerror(-rc));
		}
		if (rc < 0 && step->must) {
			ended(rt, false, err.msg);
			return;
		}
	}
	finish(rt);
}

void
rt_repair(struct runtime *rt, enum sup_remedy remedy)
{
	const struct sup_remedy_row *row = sup_remedy_row(remedy);

	rt->repair.generation = rt->sup.generation;
	rt->repair.cause = rt->sup.cause;
	rt->repair.step = 0;
	rt->repair.remedy = remedy;
	log_info("repair", "%s (L%u): %s", row->name, row->level, row->text);
	if (!remedies[remedy] || rt->repair.job.running)
		ended(rt, false, "the step before has not ended yet");
	else
		run_steps(rt);
}

void
rt_repair_forget(struct runtime *rt)
{
	rt->repair.remedy = REMEDY_NONE;
	job_cancel(&rt->repair.job);
}
