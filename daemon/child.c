/* Starting colima and getting the VM down again. Every signal is behind an identity check. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"
#include "vm/ident.h"
#include "vm/qmp.h"

#define ARGS_MAX        64
#define STOP_COMMAND_MS 200000u /* Lima gives its hostagent 190 s (runtime 2.8) */

struct args {
	size_t n;
	char *arg[ARGS_MAX];
	char words[CONF_STR_MAX];
	char cpus[24], memory[24], disk[24];
};

static void
add(struct args *args, const char *word)
{
	if (args->n + 1 < ARGS_MAX)
		args->arg[args->n++] = (char *)(uintptr_t)word;
	args->arg[args->n] = NULL;
}

static void
add_option(struct args *args, const char *flag, const char *value)
{
	add(args, flag);
	add(args, value);
}

static int
start_args(struct runtime *rt, struct args *args, struct err *err)
{
	char *extra[ARGS_MAX / 2];
	int rc;

	*args = (struct args){0};
	(void)str_fmt(args->cpus, sizeof(args->cpus), "%lld", (long long)rt->conf.colima_cpus);
	(void)str_fmt(
		args->memory, sizeof(args->memory), "%lld", (long long)rt->conf.colima_memory);
	(void)str_fmt(args->disk, sizeof(args->disk), "%lld", (long long)rt->conf.colima_disk);
	add(args, rt->tool_colima);
	add(args, "start");
	add_option(args, "--profile", rt->paths.profile);
	add(args, "--foreground");
	add_option(args, "--runtime", rt->conf.colima_runtime);
	if (host_colima_has_vm_type())
		add_option(args, "--vm-type", rt->conf.colima_vm_type);
	add_option(args, "--cpus", args->cpus);
	add_option(args, "--memory", args->memory);
	add_option(args, "--disk", args->disk);
	rc = conf_words(rt->conf.extra_start_args, args->words, sizeof(args->words), extra,
		ARGS_MAX / 2, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; extra[i]; i++)
		add(args, extra[i]);
	return 0;
}

static void
log_args(const struct args *args)
{
	char line[LOG_TEXT_MAX] = "----- begin:";

	for (size_t i = 0; i < args->n; i++) {
		size_t len = strlen(line);

		(void)str_fmt(line + len, sizeof(line) - len, " %s", args->arg[i]);
	}
	log_info("child", "%s", line);
}

static void
describe_exit(const struct runtime *rt, int64_t status, int signum, char *buf, size_t size)
{
	if (signum > 0)
		(void)str_fmt(
			buf, size, "colima was ended by signal %d (%s)", signum, strsignal(signum));
	else if (rt->output.fatal[0])
		(void)str_fmt(buf, size, "colima ended with %lld: %s", (long long)status,
			rt->output.fatal);
	else
		(void)str_fmt(buf, size, "colima ended with %lld", (long long)status);
}

/* Told only now: the answer may be to spawn the next one, for which the handle must be free. */
static void
on_child_closed(uv_handle_t *handle)
{
	struct runtime *rt = handle->data;

	rt->child_open = false;
	if (rt->exiting)
		return;
	rt_observe(rt); /* "already running" is told by who lives now */
	rt_post(rt,
		&(struct sup_event){
			.kind = EV_CHILD_EXIT,
			.u.child_exit = {.status = rt->child_status, .signal = rt->child_signal},
			.text = rt->child_end,
		});
}

static void
on_unspawned_closed(uv_handle_t *handle)
{
	struct runtime *rt = handle->data;

	rt->child_open = false;
}

static void
on_child_exit(uv_process_t *process, int64_t status, int signum)
{
	struct runtime *rt = process->data;

	output_drain(rt);
	describe_exit(rt, status, signum, rt->child_end, sizeof(rt->child_end));
	log_info("child", "----- end: %s", rt->child_end);
	rt->child_ours = false;
	rt->child_status = signum > 0 ? -1 : (int)status;
	rt->child_signal = signum;
	rt->state.child.pid = 0;
	uv_close((uv_handle_t *)process, on_child_closed);
}

static void
post_spawn(struct runtime *rt, enum sup_event_kind kind, const char *text)
{
	rt_post(rt,
		&(struct sup_event){.kind = kind, .generation = rt->sup.generation, .text = text});
}

/* A session of its own: what ends the daemon does not end the VM. */
static int
spawn(struct runtime *rt, uv_process_t *process, uv_exit_cb on_exit, char **args, int out_fd)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = out_fd},
		{.flags = UV_INHERIT_FD, .data.fd = out_fd},
	};
	uv_process_options_t options = {
		.exit_cb = on_exit,
		.file = args[0],
		.args = args,
		.env = env_make(rt),
		.cwd = rt->user.home,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = stdio,
	};
	int rc = options.env ? uv_spawn(&rt->loop, process, &options) : -ENOMEM;

	env_free(options.env);
	return rc;
}

static int
spawn_child(struct runtime *rt, struct err *err)
{
	static struct args args;
	struct host_proc proc;
	int fd = -1, rc;

	if (rt->child_open)
		return err_set(err, -EBUSY, "the colima before this one is not gone yet");
	rc = start_args(rt, &args, err);
	if (rc < 0 || (rc = output_open(rt, &fd, err)) < 0)
		return rc;
	rt->output.fatal[0] = rt->output.step[0] = '\0';
	log_args(&args);
	rt->child = (uv_process_t){.data = rt};
	rt->child_open = true;
	rc = spawn(rt, &rt->child, on_child_exit, args.arg, fd);
	(void)close(fd);
	if (rc < 0) {
		rt->child_open = rt->child.loop !=
				 NULL; /* not when there was no memory for the environment */
		if (rt->child_open)
			uv_close((uv_handle_t *)&rt->child, on_unspawned_closed);
		return err_set(err, rc, "%s: %s", args.arg[0], uv_strerror(rc));
	}
	rt->child_ours = true;
	rt->state.child.pid = rt->child.pid;
	rt->state.child.start = host_proc(rt->child.pid, &proc) == 0 ? proc.start : 0;
	return 0;
}

void
rt_spawn(struct runtime *rt)
{
	char text[64];
	struct err err;

	halog_skip(&rt->halog, rt->paths.ha_stdout);
	rt->spawned_ms = host_awake_ms();
	rt->state.ready_qemu = (struct state_proc){0};
	if (spawn_child(rt, &err) < 0) {
		log_error("child", "%s", err.msg);
		post_spawn(rt, EV_SPAWN_FAILED, err.msg);
		return;
	}
	rt_save(rt);
	(void)str_fmt(text, sizeof(text), "colima start --foreground, pid %d", (int)rt->child.pid);
	post_spawn(rt, EV_SPAWNED, text);
	rt_observe_start(rt);
}

/* -- stopping --------------------------------------------------------------------------------- */

/* Signals a watched process after proving that it still is who it was. */
static void
signal_proc(struct runtime *rt, enum sup_proc proc, int signum)
{
	const struct proc_watch *w = &rt->procs[proc];

	if (w->fd < 0 || w->pid <= 0 || !vm_same_proc(w->pid, w->start))
		return;
	log_info("stop", "signal %d (%s) to %s %d", signum, strsignal(signum), sup_proc_name(proc),
		(int)w->pid);
	if (kill(w->pid, signum) < 0)
		log_warn("stop", "kill %d: %s", (int)w->pid, strerror(errno));
}

static void
stop_command_ended(struct runtime *rt)
{
	rt_observe(rt);
	rt_post(rt, &(struct sup_event){.kind = EV_STOP_ENDED, .generation = rt->sup.generation});
}

static void
on_command_closed(uv_handle_t *handle)
{
	struct command *c = handle->data;

	if (--c->open_handles > 0)
		return;
	c->running = false;
	if (!c->rt->exiting)
		stop_command_ended(c->rt);
}

static void
on_command_exit(uv_process_t *process, int64_t status, int signum)
{
	struct command *c = process->data;

	log_info("stop", "%s ended with %lld%s", c->name, (long long)status,
		signum > 0 ? " (by a signal)" : "");
	uv_close((uv_handle_t *)&c->timer, on_command_closed);
	uv_close((uv_handle_t *)process, on_command_closed);
}

/* The whole group: colima's own children hang with it (F09). */
static void
kill_command(struct command *c)
{
	if (c->running && uv_is_active((uv_handle_t *)&c->process))
		(void)kill(-c->process.pid, SIGKILL);
}

static void
on_command_timeout(uv_timer_t *timer)
{
	struct command *c = timer->data;

	log_warn("stop", "%s did not end in time", c->name);
	kill_command(c);
}

static int
run_stop_command(struct runtime *rt)
{
	struct command *c = &rt->stop_command;
	char *args[] = {rt->tool_colima, (char *)(uintptr_t) "stop",
		(char *)(uintptr_t) "--profile", rt->paths.profile, NULL};
	struct err err;
	int fd, rc;

	if (c->running)
		return 0;
	rc = output_open(rt, &fd, &err);
	if (rc < 0)
		return rc;
	*c = (struct command){.name = "colima stop", .rt = rt, .running = true, .open_handles = 2};
	(void)uv_timer_init(&rt->loop, &c->timer);
	c->timer.data = c->process.data = c;
	rc = spawn(rt, &c->process, on_command_exit, args, fd);
	(void)close(fd);
	if (rc < 0) {
		uv_close((uv_handle_t *)&c->timer, on_command_closed);
		uv_close((uv_handle_t *)&c->process, on_command_closed);
		return rc;
	}
	return uv_timer_start(&c->timer, on_command_timeout, STOP_COMMAND_MS, 0);
}

/* SIGTERM makes `colima start --foreground` stop its VM; without one, `colima stop` does. */
void
rt_stop_ask(struct runtime *rt)
{
	int rc = 0;

	if (rt->child_ours) {
		log_info("stop", "SIGTERM to colima %d: it stops its VM", (int)rt->child.pid);
		rc = uv_process_kill(&rt->child, SIGTERM);
	} else if (rt->sup.alive[PROC_CHILD]) {
		signal_proc(rt, PROC_CHILD, SIGTERM);
	} else {
		log_info("stop", "colima stop --profile %s", rt->paths.profile);
		rc = run_stop_command(rt);
	}
	if (rc < 0)
		log_warn("stop", "asking colima: %s", uv_strerror(rc));
	if (rc < 0 && !rt->stop_command.running)
		stop_command_ended(rt);
}

static void
on_qmp_done(const struct qmp_result *result, void *arg)
{
	(void)arg;
	if (result->code < 0)
		log_warn("stop", "QMP: %s", result->err.msg);
}

static void
ask_qmp(struct runtime *rt, enum qmp_command command, const char *what)
{
	const struct proc_watch *qemu = &rt->procs[PROC_QEMU];

	if (!rt->sup.alive[PROC_QEMU] || !vm_same_proc(qemu->pid, qemu->start))
		return;
	log_info("stop", "QMP %s to qemu %d", what, (int)qemu->pid);
	if (qmp_ask(&rt->loop, rt->paths.qmp_sock, command, on_qmp_done, rt) < 0)
		log_warn("stop", "QMP could not be asked");
}

/* SIGINT is how limactl itself asks a hostagent to shut the VM down (runtime 2.8). */
void
rt_stop_powerdown(struct runtime *rt)
{
	signal_proc(rt, PROC_HOSTAGENT, SIGINT);
	ask_qmp(rt, QMP_SYSTEM_POWERDOWN, "system_powerdown");
}

void
rt_stop_quit(struct runtime *rt)
{
	ask_qmp(rt, QMP_QUIT, "quit");
}

void
rt_stop_kill(struct runtime *rt)
{
	signal_proc(rt, PROC_QEMU, SIGKILL);
	signal_proc(rt, PROC_HOSTAGENT, SIGKILL);
	kill_command(&rt->stop_command);
	if (rt->child_ours) {
		log_warn("stop", "SIGKILL to colima %d and its group", (int)rt->child.pid);
		(void)kill(-rt->child.pid, SIGKILL);
	} else {
		signal_proc(rt, PROC_CHILD, SIGKILL);
	}
}

void
rt_child_close(struct runtime *rt)
{
	if (rt->child_open && !uv_is_closing((uv_handle_t *)&rt->child))
		uv_close((uv_handle_t *)&rt->child, on_child_closed);
	if (rt->stop_command.running && !uv_is_closing((uv_handle_t *)&rt->stop_command.timer)) {
		uv_close((uv_handle_t *)&rt->stop_command.timer, on_command_closed);
		uv_close((uv_handle_t *)&rt->stop_command.process, on_command_closed);
	}
}
