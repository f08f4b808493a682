/* limactl: start, stop, list, usernet, hostagent, info (runtime 2.6 to 2.8). */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "standin.h"

#define START_STEPS 60000 /* 10 ms each: the ten minutes that limactl start waits */

/* inspectStatusWithPIDFiles: ha.pid alive but no answer from ha.sock is Broken; one of the two
 * processes alone is Broken as well. The numbers are believed (F02). */
const char *
instance_status(const struct world *w)
{
	pid_t ha = read_pid(at(w->inst, "ha.pid")), qemu = read_pid(at(w->inst, "qemu.pid"));

	if (ha && !connects(at(w->inst, "ha.sock")))
		return "Broken";
	if (ha && qemu)
		return "Running";
	return ha || qemu ? "Broken" : "Stopped";
}

/* Starts one of our own programs in its own group, with its output in two files. */
static pid_t
start_program(char *const argv[], const char *out_path, const char *err_path)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);
		int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
		int err = open(err_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

		(void)setpgid(0, 0); /* BackgroundSysProcAttr: Setpgid, not setsid (R1) */
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(out, STDOUT_FILENO);
		(void)dup2(err, STDERR_FILENO);
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGTERM, SIG_DFL);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static char *
word(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void
start_usernet(const struct world *w)
{
	char pid_path[PATH_LEN], limactl[PATH_LEN];
	char *argv[] = {limactl, word("usernet"), word("-p"), pid_path, word("-e"),
		word(at(w->net, "user-v2_ep.sock")), word("--listen-qemu"),
		word(at(w->net, "user-v2_qemu.sock")), word("--listen"),
		word(at(w->net, "user-v2_fd.sock")), word("--subnet"), word("192.168.5.0/24"),
		NULL};

	make_dirs(w->net, 0755);
	(void)snprintf(limactl, sizeof(limactl), "%s", at(w->bin, "limactl"));
	(void)snprintf(pid_path, sizeof(pid_path), "%s", at(w->net, "usernet_user-v2.pid"));
	if (read_pid(pid_path)) /* believed, whoever it is (F03) */
		return;
	(void)start_program(argv, at(w->net, "usernet.user-v2.stdout.log"),
		at(w->net, "usernet.user-v2.stderr.log"));
	while (!connects(at(w->net, "user-v2_fd.sock")))
		nap(5); /* without limit, as the original (F23) */
}

static pid_t
start_hostagent(const struct world *w)
{
	char limactl[PATH_LEN];
	char *argv[] = {limactl, word("hostagent"), word("--pidfile"), word(at(w->inst, "ha.pid")),
		word("--socket"), word(at(w->inst, "ha.sock")), word("--guestagent"),
		word("/nonexistent/lima-guestagent.Linux-x86_64"), word(w->id), NULL};

	(void)snprintf(limactl, sizeof(limactl), "%s", at(w->bin, "limactl"));
	/* Both logs are removed and made anew at each start (runtime 2.1). */
	(void)unlink(at(w->inst, "ha.stdout.log"));
	(void)unlink(at(w->inst, "ha.stderr.log"));
	return start_program(argv, at(w->inst, "ha.stdout.log"), at(w->inst, "ha.stderr.log"));
}

/* Passes the hostagent's info lines on as colima shows them, "[hostagent] " before them. */
static void
pass_on(const struct world *w, size_t *done)
{
	static char text[65536];
	char *line;

	if (!read_text(at(w->inst, "ha.stderr.log"), text, sizeof(text)) || strlen(text) <= *done)
		return;
	for (line = text + *done; strchr(line, '\n'); line = strchr(line, '\n') + 1) {
		char *msg = strstr(line, "\"msg\":\"");
		char *end = strchr(line, '\n');

		if (!strstr(line, "\"level\":\"info\"") || !msg || msg > end)
			continue;
		msg += strlen("\"msg\":\"");
		say("info", NULL, "[hostagent] %.*s", (int)(strstr(msg, "\",\"time\"") - msg), msg);
	}
	*done = (size_t)(line - text);
}

static int
wait_running(const struct world *w, pid_t hostagent)
{
	static char events[65536];
	size_t done = 0;
	int status;

	for (int i = 0; i < START_STEPS; i++) {
		pass_on(w, &done);
		if (read_text(at(w->inst, "ha.stdout.log"), events, sizeof(events))) {
			if (strstr(events, "\"running\":true"))
				return strstr(events, "\"degraded\":true") != NULL;
			if (strstr(events, "\"exiting\":true"))
				break;
		}
		if (waitpid(hostagent, &status, WNOHANG) == hostagent)
			break;
		nap(10);
	}
	pass_on(w, &done);
	/* R7: the reason is only in ha.stderr.log. */
	say("fatal", NULL,
		"exiting, status={Running:false Degraded:false Exiting:true} (hint: see `%s`)",
		at(w->inst, "ha.stderr.log"));
	return 1;
}

static void
lay_out(const struct world *w)
{
	make_dirs(w->lima_home, 0755);
	make_dirs(at(w->lima_home, "_config"), 0755);
	make_dirs(w->inst, 0700);
	make_dirs(at(at(w->lima_home, "_disks"), w->id), 0700);
	write_file(at(w->inst, "lima.yaml"), 0644, "vmType: %s\narch: x86_64\n",
		scenario(w, "vm_type", "qemu"));
	write_file(at(w->inst, "lima-version"), 0444, "2.2.0");
	(void)symlink(w->inst, at(at(at(w->lima_home, "_disks"), w->id), "in_use_by"));
}

/* limactl start ID. Inspect errors end it (runtime 2.7, R9, R13). */
static int
start(const struct world *w)
{
	const char *status = instance_status(w);

	if (strcmp(status, "Running") == 0)
		return 0;
	if (strcmp(status, "Broken") == 0) {
		say("fatal", NULL, "errors inspecting instance: [%s]",
			read_pid(at(w->inst, "ha.pid"))
				? "failed to get Info from \\\"ha.sock\\\": connect: connection refused"
				: "qemu driver is running but host agent is not");
		return 1;
	}
	lay_out(w);
	while (scenario_num(w, "limactl_loops", 0))
		nap(100); /* F23 */
	say("info", NULL, "Using the existing instance `%s`", w->id);
	start_usernet(w);
	if (guest_prepare(w) != 0) {
		say("fatal", NULL, "the rig's guest disk could not be made");
		return 1;
	}
	if (wait_running(w, start_hostagent(w)) != 0)
		return 1;
	say("info", NULL, "READY. Run `limactl shell %s` to open the shell.", w->id);
	return 0;
}

/* colima runs limactl as a child; it is gone when the VM is up (R1). */
static int
run_limactl(const struct world *w, const char *verb, const char *flag)
{
	char limactl[PATH_LEN];
	char *argv[] = {
		limactl, word(verb), word(flag ? flag : w->id), word(flag ? w->id : NULL), NULL};

	(void)snprintf(limactl, sizeof(limactl), "%s", at(w->bin, "limactl"));
	(void)setenv("LIMA_HOME", w->lima_home, 1);
	(void)setenv("LIMA_INSTANCE", w->id, 1);
	return run(argv, -1);
}

int
limactl_start(const struct world *w)
{
	char nets[PATH_LEN * 2];
	char *argv[] = {word("rm"), word("-rf"), nets, NULL};

	/* environment/vm/lima/network.go:30: with no instance running the network folder goes, with
	 * a living usernet's pid file in it (F39, R3). */
	(void)snprintf(nets, sizeof(nets), "%s", at(w->lima_home, "_networks"));
	if (strcmp(instance_status(w), "Running") != 0)
		(void)run(argv, -1);
	return run_limactl(w, "start", NULL);
}

int
limactl_stop(const struct world *w, bool force)
{
	return run_limactl(w, "stop", force ? "-f" : NULL);
}

static int
stop(const struct world *w, bool force)
{
	pid_t ha = read_pid(at(w->inst, "ha.pid")), qemu = read_pid(at(w->inst, "qemu.pid"));
	pid_t usernet;

	if (force) {
		/* StopForcibly: no identity check of either number (runtime 2.8). */
		if (qemu)
			(void)kill(qemu, SIGKILL);
		if (ha)
			(void)kill(ha, SIGKILL);
	} else if (strcmp(instance_status(w), "Running") != 0) {
		say("fatal", NULL,
			"expected status `Running`, got `%s` (maybe use `limactl stop -f`?)",
			instance_status(w));
		return 1;
	} else {
		say("info", NULL, "Sending SIGINT to hostagent process %d", (int)ha);
		(void)kill(ha, SIGINT);
		say("info", NULL,
			"Waiting for the host agent and the driver processes to shut down");
		for (int i = 0; i < 19000 && (alive(ha) || alive(qemu)); i++)
			nap(10);
		say("info", NULL, "The instance %s has shut down", w->id);
	}
	/* Reconcile: usernet ends when no instance runs. */
	usernet = read_pid(at(w->net, "usernet_user-v2.pid"));
	if (usernet)
		(void)kill(usernet, SIGINT);
	return 0;
}

static volatile sig_atomic_t ended;

static void
on_end(int signum)
{
	(void)signum;
	ended = 1;
}

/* usernet refuses to start when its pid file exists at all (runtime 2.2). */
static int
usernet(int argc, char **argv)
{
	const char *pid_path = NULL, *sockets[3] = {0};
	size_t n = 0;

	for (int i = 2; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "-p") == 0)
			pid_path = argv[i + 1];
		else if (strcmp(argv[i], "--subnet") != 0 && n < 3)
			sockets[n++] = argv[i + 1];
	}
	if (!pid_path || open(pid_path, O_WRONLY | O_CREAT | O_EXCL, 0644) < 0)
		return 1;
	write_file(pid_path, 0644, "%d\n", (int)getpid());
	for (size_t i = 0; i < n; i++)
		(void)listen_at(sockets[i], 0755);
	(void)signal(SIGINT, on_end);
	(void)signal(SIGTERM, on_end);
	while (!ended)
		(void)pause();
	(void)unlink(pid_path);
	for (size_t i = 0; i < n; i++)
		(void)unlink(sockets[i]);
	return 0;
}

static int
list(const struct world *w)
{
	printf("{\"name\":\"%s\",\"status\":\"%s\",\"dir\":\"%s\",\"vmType\":\"qemu\",\"hostAgentPID\":%d,"
	       "\"driverPID\":%d,\"limaVersion\":\"2.2.0\"}\n",
		w->id, instance_status(w), w->inst, (int)read_pid(at(w->inst, "ha.pid")),
		(int)read_pid(at(w->inst, "qemu.pid")));
	return 0;
}

int
limactl_main(int argc, char **argv)
{
	const char *id = argc > 2 ? argv[argc - 1] : "colima";
	struct world w;

	if (argc < 2 || strcmp(argv[1], "--version") == 0) {
		printf("limactl version 2.2.0-standin\n");
		return 0;
	}
	if (getuid() == 0) {
		say("fatal", NULL, "must not run as the root user");
		return 1;
	}
	if (strcmp(argv[1], "usernet") == 0)
		return usernet(argc, argv);
	if (id[0] == '-')
		id = "colima";
	if (world_init(&w, strcmp(id, "colima") ? id : "default") != 0)
		return 1;
	if (strcmp(argv[1], "start") == 0)
		return start(&w);
	if (strcmp(argv[1], "stop") == 0)
		return stop(&w, argc > 3 && strcmp(argv[2], "-f") == 0);
	if (strcmp(argv[1], "hostagent") == 0)
		return hostagent_main(&w);
	if (strcmp(argv[1], "list") == 0)
		return list(&w);
	if (strcmp(argv[1], "info") == 0) {
		printf("{\"version\":\"2.2.0\",\"limaHome\":\"%s\"}\n", w.lima_home);
		return 0;
	}
	say("fatal", NULL, "unknown command \"%s\" for \"limactl\"", argv[1]);
	return 1;
}
