/*
 * The fast mode's Docker Engine behind docker.sock, and the ssh master in one process: what is
 * asked of API 1.41, with answers shaped as tests/data/transcripts record them, and the faults that
 * `docker_mode` names (field-failures 1.2).
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "standin.h"

#define CLIENTS_MAX 64

struct peer {
	int fd;
	bool stream; /* GET /events */
	bool stuck;  /* accepted, and never answered */
	size_t len;
	char request[4096];
};

#define LISTENERS_MAX 8

static struct {
	const struct world *w;
	int listeners[LISTENERS_MAX];
	char paths[LISTENERS_MAX][PATH_LEN];
	size_t n_listeners;
	struct peer peers[CLIENTS_MAX];
	char containers[4096]; /* as last told to the streams */
} engine;

static volatile sig_atomic_t ended;

static void
on_end(int signum)
{
	(void)signum;
	ended = 1;
}

static void
hang_up(struct peer *p)
{
	(void)close(p->fd);
	*p = (struct peer){.fd = -1};
}

static void
date_header(char *buf, size_t size)
{
	time_t t = time(NULL) + scenario_num(engine.w, "date_skew_s", 0);
	struct tm tm;

	(void)strftime(buf, size, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &tm));
}

static void
reply(struct peer *p, int status, const char *type, const char *body)
{
	char date[64];

	date_header(date, sizeof(date));
	dprintf(p->fd,
		"HTTP/1.1 %d %s\r\nApi-Version: 1.41\r\nContent-Type: %s\r\nOstype: linux\r\n"
		"Server: Docker/20.10.24+dfsg1 (linux)\r\nDate: %s\r\nContent-Length: %zu\r\n\r\n%s",
		status, status == 200 ? "OK" : "Error", type, date, strlen(body), body);
}

/* name:image:state:port,... of the scenario, as /containers/json tells them. */
static void
list_containers(char *buf, size_t size)
{
	char text[4096], *save = NULL;
	size_t len = 1;
	int i = 0;

	(void)snprintf(text, sizeof(text), "%s", scenario(engine.w, "containers", ""));
	(void)snprintf(buf, size, "[");
	for (char *item = strtok_r(text, ",", &save); item;
		item = strtok_r(NULL, ",", &save), i++) {
		char name[128] = "", image[128] = "", state[32] = "running";
		int port = 0;

		(void)sscanf(item, "%127[^:]:%127[^:]:%31[^:]:%d", name, image, state, &port);
		len += (size_t)snprintf(buf + len, size - len,
			"%s{\"Id\":\"%064d\",\"Names\":[\"/%s\"],\"Image\":\"%s\",\"State\":\"%s\","
			"\"Status\":\"Up 2 minutes\",\"Ports\":[%s",
			i ? "," : "", i, name, image, state, port ? "" : "]}");
		if (port)
			len += (size_t)snprintf(buf + len, size - len,
				"{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":%d,\"Type\":\"tcp\"}]}",
				port);
	}
	(void)snprintf(buf + len, size - len, "]");
}

static void
reply_info(struct peer *p)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
		"{\"ID\":\"%s\",\"Containers\":1,\"ContainersRunning\":1,\"Driver\":\"overlay2\","
		"\"ServerVersion\":\"20.10.24+dfsg1\",\"OSType\":\"linux\",\"NCPU\":2}",
		scenario(engine.w, "info_id",
			"WRSL:LIMT:OMOO:IP7V:BFGJ:7CBS:WFCD:CMCD:4JG7:FTWG:QQ35:FWLL"));
	reply(p, 200, "application/json", body);
}

static void
reply_events(struct peer *p)
{
	dprintf(p->fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n");
	p->stream = true;
}

static void
route(struct peer *p, const char *path)
{
	char body[16384];

	if (strncmp(path, "/v1.", 4) == 0 && strchr(path + 1, '/'))
		path = strchr(path + 1, '/');
	if (strncmp(path, "/_ping", 6) == 0) {
		reply(p, 200, "text/plain; charset=utf-8", "OK");
	} else if (strncmp(path, "/version", 8) == 0) {
		reply(p, 200, "application/json",
			"{\"Version\":\"20.10.24+dfsg1\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\","
			"\"Os\":\"linux\",\"Arch\":\"amd64\"}");
	} else if (strncmp(path, "/info", 5) == 0) {
		reply_info(p);
	} else if (strncmp(path, "/containers/json", 16) == 0) {
		list_containers(body, sizeof(body));
		reply(p, 200, "application/json", body);
	} else if (strncmp(path, "/images/json", 12) == 0) {
		reply(p, 200, "application/json", "[]");
	} else if (strncmp(path, "/events", 7) == 0) {
		reply_events(p);
	} else {
		reply(p, 404, "application/json", "{\"message\":\"page not found\"}");
	}
}

static bool
open_listener(const char *path)
{
	int fd;

	if (engine.n_listeners == LISTENERS_MAX || access(path, F_OK) == 0)
		return false; /* a left-over file makes -O forward fail (Table 1.0) */
	fd = listen_at(path, 0600);
	if (fd < 0)
		return false;
	engine.listeners[engine.n_listeners] = fd;
	(void)snprintf(engine.paths[engine.n_listeners++], PATH_LEN, "%s", path);
	return true;
}

/* -O cancel takes the listener away, and leaves the file (Table 1.0). */
static bool
close_listener(const char *path)
{
	for (size_t i = 0; i < engine.n_listeners; i++) {
		if (strcmp(engine.paths[i], path) != 0)
			continue;
		(void)close(engine.listeners[i]);
		engine.n_listeners--;
		engine.listeners[i] = engine.listeners[engine.n_listeners];
		memmove(engine.paths[i], engine.paths[engine.n_listeners], PATH_LEN);
		return true;
	}
	return false;
}

/* What our ssh asks its master over ssh.sock: "MUX exit|forward|cancel PATH". */
static void
mux(struct peer *p)
{
	char verb[16] = "", path[PATH_LEN] = "";
	bool ok = true;

	(void)sscanf(p->request, "MUX %15s %511s", verb, path);
	if (strcmp(verb, "forward") == 0)
		ok = open_listener(path);
	else if (strcmp(verb, "cancel") == 0)
		ok = close_listener(path);
	dprintf(p->fd, ok ? "ok\n" : "no\n");
	hang_up(p);
	ended = strcmp(verb, "exit") == 0;
}

/* docker_mode: ok, eof, hang, slow:MS, 500, garbage; down and hung end when the guest was told to
 * start or restart Docker (ssh.c). */
static void
answer(struct peer *p)
{
	char mode[64], method[16], path[1024];

	(void)snprintf(mode, sizeof(mode), "%s", scenario(engine.w, "docker_mode", "ok"));
	if (docker_restarted(engine.w))
		(void)snprintf(mode, sizeof(mode), "ok");
	else if (strcmp(mode, "down") == 0)
		(void)snprintf(mode, sizeof(mode), "eof");
	else if (strcmp(mode, "hung") == 0)
		(void)snprintf(mode, sizeof(mode), "hang");
	if (sscanf(p->request, "%15s %1023s", method, path) != 2 || strcmp(mode, "eof") == 0) {
		hang_up(p);
		return;
	}
	p->len = 0;
	if (strcmp(mode, "hang") == 0) {
		p->stuck = true;
		return;
	}
	if (strncmp(mode, "slow:", 5) == 0)
		nap(atoi(mode + 5));
	if (strcmp(mode, "500") == 0)
		reply(p, 500, "application/json", "{\"message\":\"dockerd is not well\"}");
	else if (strcmp(mode, "garbage") == 0)
		dprintf(p->fd, "\x01\x02 this is no HTTP\r\n\r\n");
	else
		route(p, path);
	if (strcmp(mode, "garbage") == 0)
		hang_up(p);
}

static void
hear(struct peer *p)
{
	ssize_t n = read(p->fd, p->request + p->len, sizeof(p->request) - 1 - p->len);

	if (n <= 0) {
		hang_up(p);
		return;
	}
	p->len += (size_t)n;
	p->request[p->len] = '\0';
	if (strncmp(p->request, "MUX ", 4) == 0 && strchr(p->request, '\n'))
		mux(p);
	else if (strstr(p->request, "\r\n\r\n"))
		answer(p);
}

static void
welcome(int listener)
{
	int fd = accept(listener, NULL, NULL);

	for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
		if (engine.peers[i].fd < 0) {
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
			engine.peers[i].fd = fd;
			return;
		}
	}
	(void)close(fd);
}

/* Containers changed in the scenario: the streams are told, as dockerd would. */
static void
tell_streams(void)
{
	static const char event[] = "{\"Type\":\"container\",\"Action\":\"start\"}\n";
	const char *containers = scenario(engine.w, "containers", "");

	if (strcmp(containers, engine.containers) == 0)
		return;
	(void)snprintf(engine.containers, sizeof(engine.containers), "%s", containers);
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (engine.peers[i].fd >= 0 && engine.peers[i].stream)
			dprintf(engine.peers[i].fd, "%zx\r\n%s\r\n", sizeof(event) - 1, event);
	}
}

static void
serve(void)
{
	struct pollfd fds[LISTENERS_MAX + CLIENTS_MAX];
	struct peer *owner[LISTENERS_MAX + CLIENTS_MAX] = {0};
	nfds_t n = 0;

	for (size_t i = 0; i < engine.n_listeners; i++)
		fds[n++] = (struct pollfd){.fd = engine.listeners[i], .events = POLLIN};
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (engine.peers[i].fd < 0)
			continue;
		owner[n] = &engine.peers[i];
		fds[n++] = (struct pollfd){.fd = engine.peers[i].fd, .events = POLLIN};
	}
	if (poll(fds, n, 50) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		if (!owner[i])
			welcome(fds[i].fd);
		else
			hear(owner[i]);
	}
}

/* What a fresh master of a boot forwards; one that ssh made anew forwards nothing by itself
 * (Table 1.0: "master was re-created but forwards were not"). */
static void
open_listeners(const struct world *w)
{
	const char *paths[] = {at(w->inst, "ssh.sock"), at(w->cfg, "docker.sock"),
		at(w->cfg, "containerd.sock"), at(w->base, "docker.sock")};
	size_t n = getenv("STANDIN_BARE") ? 1 : strcmp(w->profile, "default") == 0 ? 4 : 3;

	for (size_t i = 0; i < n; i++) {
		(void)unlink(paths[i]); /* hostagent.go forwardSSH does, before it forwards */
		(void)open_listener(paths[i]);
	}
}

int
engine_main(const struct world *w)
{
	engine.w = w;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTERM, on_end);
	(void)signal(SIGINT, on_end);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		engine.peers[i].fd = -1;
	open_listeners(w);
	while (!ended) {
		serve();
		tell_streams();
	}
	(void)unlink(at(w->inst, "ssh.sock"));
	return 0;
}
