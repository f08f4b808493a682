/*
 * limactl hostagent: the pid file, ha.sock, the event log, qemu as a child, the forwards, and the
 * graceful stop (runtime 2.3 to 2.8; real-runs R1, R3, R7, R8). One thread; whatever it waits for,
 * it serves ha.sock and hears signals meanwhile.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "standin.h"

#ifdef __aarch64__
#define QEMU    "qemu-system-aarch64"
#define MACHINE "virt"
#else
#define QEMU    "qemu-system-x86_64"
#define MACHINE "q35"
#endif

static struct {
	const struct world *w;
	int ha_fd, port;
	pid_t qemu, engine;
	volatile sig_atomic_t stop; /* the signal that asked for it */
	bool qemu_gone;
} ha;

static void
now(char *buf, size_t size)
{
	time_t t = time(NULL);
	struct tm tm;

	(void)strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

/* ha.stderr.log: logrus JSON (runtime 2.4). */
static void
note(const char *level, const char *fmt, ...)
{
	char msg[1024], date[32];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	now(date, sizeof(date));
	dprintf(STDERR_FILENO, "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n", level, msg,
		date);
}

/* ha.stdout.log: one event a line. */
static void
event(const char *status)
{
	char date[32];

	now(date, sizeof(date));
	dprintf(STDOUT_FILENO, "{\"time\":\"%s\",\"status\":{%s\"sshLocalPort\":%d}}\n", date,
		status, ha.port);
}

static void
on_signal(int signum)
{
	if (!ha.stop)
		ha.stop = signum;
}

/* GET /v1/info; any other method gets 405 (runtime 2.3). */
static void
answer_info(void)
{
	char request[1024], body[64];
	int fd = accept(ha.ha_fd, NULL, NULL);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (fd < 0)
		return;
	if (poll(&p, 1, 200) > 0 && (n = read(fd, request, sizeof(request) - 1)) > 0) {
		request[n] = '\0';
		(void)snprintf(body, sizeof(body), "{\"sshLocalPort\":%d}", ha.port);
		if (strncmp(request, "GET /v1/info", 12) == 0)
			dprintf(fd,
				"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
				strlen(body), body);
		else
			dprintf(fd, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
	}
	(void)close(fd);
}

/* Serves for a while; true when it is time to leave. */
static bool
serve(int ms)
{
	struct pollfd p = {.fd = ha.ha_fd, .events = POLLIN};
	int status;

	if (poll(&p, 1, ms) > 0)
		answer_info();
	if (!ha.qemu_gone && waitpid(ha.qemu, &status, WNOHANG) == ha.qemu)
		ha.qemu_gone = true;
	return ha.stop || ha.qemu_gone;
}

static bool
serve_for(long ms)
{
	for (; ms > 0; ms -= 20) {
		if (serve(ms < 20 ? (int)ms : 20))
			return true;
	}
	return ha.stop || ha.qemu_gone;
}

static void
forget_signals(void)
{
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
}

static char *
word(const char *fmt, ...)
{
	char *text = malloc(PATH_LEN * 3);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, PATH_LEN * 3, fmt, ap);
	va_end(ap);
	return text;
}

static int
connect_usernet(const struct world *w)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at(w->net, "user-v2_qemu.sock"));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		note("fatal", "fd_connect: dial unix %s: connect: connection refused",
			addr.sun_path);
	return fd;
}

/* The tail of argv is what Lima's is (runtime 2.6, transcript ps-ready.txt). The network of a real
 * guest is qemu's own instead of usernet's descriptor: a deviation, there is no vmnet here. */
static void
exec_qemu(const struct world *w)
{
	char *argv[64];
	int n = 0, log = open(at(w->inst, "qemu.log"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	const char *accel = scenario(w, "accel", "tcg");

	argv[n++] = word("%s", scenario(w, "qemu_bin", QEMU));
	argv[n++] = word("-m");
	argv[n++] = word("%s", guest_wanted(w) ? "2048" : "64");
	argv[n++] = word("-machine");
	argv[n++] = word(MACHINE);
	argv[n++] = word("-accel");
	argv[n++] =
		word("%s%s", accel, strcmp(accel, "tcg") == 0 ? ",tb-size=512,thread=multi" : "");
	if (guest_wanted(w)) {
		argv[n++] = word("-cpu");
		argv[n++] = word("max");
		argv[n++] = word("-smp");
		argv[n++] = word("2");
		argv[n++] = word("-drive");
		argv[n++] = word("file=%s,if=virtio,discard=on", at(w->inst, "disk"));
		argv[n++] = word("-drive");
		argv[n++] =
			word("file=%s,if=virtio,format=raw,readonly=on", at(w->inst, "cidata.iso"));
		argv[n++] = word("-netdev");
		argv[n++] = word("user,id=net0,hostfwd=tcp:127.0.0.1:%d-:22", ha.port);
		argv[n++] = word("-device");
		argv[n++] = word("virtio-net-pci,netdev=net0");
		argv[n++] = word("-device");
		argv[n++] = word("virtio-rng-pci");
	} else {
		/* as Lima's: the network is usernet's descriptor, and lost with it (R5) */
		argv[n++] = word("-netdev");
		argv[n++] = word("socket,id=net0,fd=%d", connect_usernet(w));
	}
	argv[n++] = word("-display");
	argv[n++] = word("none");
	argv[n++] = word("-vga");
	argv[n++] = word("none");
	argv[n++] = word("-parallel");
	argv[n++] = word("none");
	argv[n++] = word("-chardev");
	argv[n++] = word("socket,id=char-serial,path=%s,server=on,wait=off,logfile=%s",
		at(w->inst, "serial.sock"), at(w->inst, "serial.log"));
	argv[n++] = word("-serial");
	argv[n++] = word("chardev:char-serial");
	argv[n++] = word("-chardev");
	argv[n++] = word("socket,id=char-qmp,path=%s,server=on,wait=off", at(w->inst, "qmp.sock"));
	argv[n++] = word("-qmp");
	argv[n++] = word("chardev:char-qmp");
	argv[n++] = word("-name");
	argv[n++] = word("lima-%s", w->id);
	argv[n++] = word("-pidfile");
	argv[n++] = word("%s", at(w->inst, "qemu.pid"));
	argv[n] = NULL;
	(void)dup2(log, STDOUT_FILENO);
	(void)dup2(log, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

static void
start_qemu(const struct world *w)
{
	ha.qemu = fork();
	if (ha.qemu == 0) {
		forget_signals();
		(void)setpgid(0, 0);
		exec_qemu(w);
	}
	note("info", "Starting QEMU (hint: to watch the boot progress, see `%s`)",
		at(w->inst, "serial*.log"));
}

/* -- QMP, as Lima uses it: only at the end (runtime 2.5) -------------------------------------- */

/* Reads until `word` came: events come between a command and its return (R15). */
static void
qmp_read(int fd, const char *word)
{
	char text[4096];
	size_t len = 0;
	ssize_t n;

	text[0] = '\0';
	while (!strstr(text, word) && len < sizeof(text) - 1 &&
		(n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)n;
		text[len] = '\0';
	}
}

static void
qmp(const struct world *w, const char *command)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {5, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at(w->inst, "qmp.sock"));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		qmp_read(fd, "\"QMP\"");
		dprintf(fd, "{\"execute\":\"qmp_capabilities\"}\n");
		qmp_read(fd, "\"return\"");
		dprintf(fd, "{\"execute\":\"%s\"}\n", command);
		qmp_read(fd, "\"return\"");
	}
	(void)close(fd);
}

static void
power_down(const struct world *w)
{
	if (ha.qemu_gone)
		return;
	note("info", "Shutting down QEMU with the power button");
	note("info", "Sending QMP system_powerdown command");
	qmp(w, "system_powerdown");
	if (!guest_wanted(w))
		qmp(w, "quit"); /* a deviation: nothing in an empty machine hears the button */
	for (int i = 0; i < 9000 && !ha.qemu_gone; i++)
		(void)serve(20);
	if (!ha.qemu_gone)
		(void)kill(ha.qemu, SIGKILL);
	note("info", "QEMU has exited");
}

/* -- the boot --------------------------------------------------------------------------------- */

/* The fast mode's ssh master and dockerd in one: a process that calls itself as a master does, in
 * a session of its own (R1). */
pid_t
start_engine(const struct world *w)
{
	char title[PATH_LEN + 16], self[PATH_LEN];
	char *argv[] = {title, NULL};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	forget_signals();
	(void)setsid();
	(void)snprintf(title, sizeof(title), "ssh: %s [mux]", at(w->inst, "ssh.sock"));
	self_path(self, sizeof(self));
	(void)setenv("STANDIN_PROFILE", w->profile, 1);
	execv(self, argv);
	_exit(127);
}

static void
stop_master(const struct world *w)
{
	if (guest_wanted(w))
		guest_master_exit(w);
	else
		(void)ask_master(w, "exit", "");
}

/* Runs in a child, so that signals and ha.sock are served while ssh waits. */
static bool
in_child(int (*fn)(const struct world *w), const struct world *w)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		forget_signals();
		_exit(fn(w));
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (serve(20)) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return false;
		}
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int
try_ssh(const struct world *w)
{
	return guest_ssh(w, true, "true", -1);
}

static int
open_master(const struct world *w)
{
	return guest_master(w, -1);
}

static int
forward_all(const struct world *w)
{
	int rc = guest_forward(w, "forward", at(w->cfg, "docker.sock"), "/var/run/docker.sock");

	(void)guest_forward(
		w, "forward", at(w->cfg, "containerd.sock"), "/var/run/containerd/containerd.sock");
	if (strcmp(w->profile, "default") == 0)
		(void)guest_forward(
			w, "forward", at(w->base, "docker.sock"), "/var/run/docker.sock");
	return rc;
}

static bool
require(const struct world *w, int i, const char *what, int (*fn)(const struct world *w))
{
	bool ok = false;

	note("info", "Waiting for the essential requirement %d of 3: `%s`", i, what);
	for (int tries = 0; tries < 200 && !ok; tries++) {
		ok = !guest_wanted(w) || in_child(fn, w);
		if (ha.stop || ha.qemu_gone)
			return false;
		if (!ok && serve_for(3000))
			return false;
	}
	if (ok)
		note("info", "The essential requirement %d of 3 is satisfied", i);
	return ok;
}

static bool
boot(const struct world *w)
{
	if (serve_for(scenario_num(w, "boot_delay_ms", 0)) || !require(w, 1, "ssh", try_ssh) ||
		!require(w, 2, "user session is ready for ssh", try_ssh) ||
		!require(w, 3, "Explicitly start ssh ControlMaster", open_master))
		return false;
	note("info", "Forwarding `/var/run/docker.sock` (guest) to `%s` (host)",
		at(w->cfg, "docker.sock"));
	if (!guest_wanted(w)) {
		(void)unlink(at(w->cfg, "docker-restarted"));
		ha.engine = start_engine(w);
	} else if (!in_child(forward_all, w))
		return false;
	note("info", "Guest agent is running");
	if (scenario_num(w, "degraded", 0))
		event("\"running\":true,\"degraded\":true,\"errors\":[\"boot scripts must have finished\"],");
	else
		event("\"running\":true,");
	return true;
}

static void
leave(const struct world *w)
{
	static const char *const files[] = {"ha.pid", "ha.sock", "ga.sock", "ssh.sock", "qemu.pid"};

	if (ha.stop) {
		note("info", "Received SIG%s, shutting down the host agent",
			ha.stop == SIGINT ? "INT" : "TERM");
		note("info", "Shutting down the host agent");
	} else {
		note("info", "Driver stopped due to error: exit status");
	}
	stop_master(w);
	(void)unlink(at(at(at(w->lima_home, "_disks"), w->id), "in_use_by"));
	power_down(w);
	event("\"exiting\":true,");
	(void)unlink(at(w->cfg, "docker.sock"));
	(void)unlink(at(w->cfg, "containerd.sock"));
	if (strcmp(w->profile, "default") == 0)
		(void)unlink(at(w->base, "docker.sock"));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlink(at(w->inst, files[i]));
}

/* A free port, kept open by nobody until qemu takes it. */
static int
free_port(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		addr.sin_port = 0;
	(void)close(fd);
	return ntohs(addr.sin_port);
}

int
hostagent_main(const struct world *w)
{
	struct sigaction sa = {.sa_handler = on_signal};

	ha.w = w;
	ha.port = free_port();
	if (read_pid(at(w->inst, "ha.pid"))) {
		note("fatal", "another hostagent is running"); /* runtime 2.2 */
		return 1;
	}
	write_file(at(w->inst, "ha.pid"), 0644, "%d\n", (int)getpid());
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	ha.ha_fd = listen_at(at(w->inst, "ha.sock"), 0755);
	note("info", "hostagent socket created at %s", at(w->inst, "ha.sock"));
	if (scenario_num(w, "hostagent_dies_at_start", 0)) {
		note("fatal", "no qemu firmware found"); /* R7 */
		event("\"exiting\":true,");
		(void)unlink(at(w->inst, "ha.pid"));
		(void)unlink(at(w->inst, "ha.sock"));
		return 1;
	}
	start_qemu(w);
	guest_ssh_config(w, ha.port);
	event("");
	if (boot(w)) {
		while (!serve(1000))
			;
	}
	leave(w);
	return 0;
}
