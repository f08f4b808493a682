/*
 * ssh, as far as Lima and the daemon use it against the fast mode's guest that is none: -O verbs to
 * the master, a command that makes a master when there is none, commands in the guest (field-
 * failures 1.0; real-runs R2, R4). What the guest says comes from the scenario: guest_mode (ok,
 * fail, hang) and docker_mode.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "standin.h"

struct call {
	const char *config, *verb, *spec, *host, *command;
	bool fresh;
};

static int
parse(struct call *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;

		if (strcmp(argv[i], "-F") == 0 && has_value)
			c->config = argv[++i];
		else if (strcmp(argv[i], "-O") == 0 && has_value)
			c->verb = argv[++i];
		else if (strcmp(argv[i], "-L") == 0 && has_value)
			c->spec = argv[++i];
		else if (strcmp(argv[i], "-o") == 0 && has_value)
			c->fresh = strcmp(argv[++i], "ControlPath=none") == 0 || c->fresh;
		else if (argv[i][0] == '-')
			return -1;
		else if (!c->host)
			c->host = argv[i];
		else
			c->command = argv[i];
	}
	return c->config && c->host ? 0 : -1;
}

static int
refused(void)
{
	fprintf(stderr, "Control socket connect: Connection refused\n");
	return 255;
}

int
ask_master(const struct world *w, const char *verb, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char text[16] = "";
	struct timeval limit = {5, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at(w->inst, "ssh.sock"));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return refused();
	if (strcmp(verb, "check") == 0)
		return 0; /* it lies about a wedged one (R4) */
	dprintf(fd, "MUX %s %s\n", verb, path);
	if (read(fd, text, sizeof(text) - 1) <= 0)
		return 255;
	/* -O cancel says 0 even when there was nothing to cancel (Table 1.0). */
	return strcmp(verb, "cancel") == 0 || text[0] == 'o' ? 0 : 255;
}

/* ControlMaster=auto with ControlPersist: the first command leaves a master behind. */
static int
through_master(const struct world *w)
{
	const char *sock = at(w->inst, "ssh.sock");

	if (connects(sock))
		return 0;
	(void)unlink(sock);
	(void)setenv("STANDIN_BARE", "1", 1);
	start_engine(w);
	for (int i = 0; i < 500 && !connects(sock); i++)
		nap(10);
	return connects(sock) ? 0 : 255;
}

/* A mark that Docker was started in the guest; its time decides between it and a later scenario. */
static const char *
mark(const struct world *w)
{
	return at(w->cfg, "docker-restarted");
}

bool
docker_restarted(const struct world *w)
{
	return access(mark(w), F_OK) == 0;
}

static int
in_guest(const struct world *w, const char *command)
{
	const char *mode = scenario(w, "docker_mode", "ok");
	bool up = docker_restarted(w) || (strcmp(mode, "down") != 0 && strcmp(mode, "hung") != 0);

	write_file(at(w->cfg, "ssh.log"), 0644, "%s\n", command);
	if (strstr(command, "pulse:unit"))
		printf("pulse:unit=%s\npulse:engine=%s\n",
			up || strcmp(mode, "hung") == 0 ? "active" : "inactive",
			up                          ? "0"
			: strcmp(mode, "hung") == 0 ? "124"
						    : "1");
	if (strstr(command, "start docker.service") && scenario_num(w, "docker_stays_down", 0) == 0)
		write_file(mark(w), 0644, "\n");
	return 0;
}

int
ssh_main(int argc, char **argv)
{
	struct call c = {0};
	struct world w;
	char path[PATH_LEN] = "";
	const char *mode;

	if (argc > 1 && strcmp(argv[1], "-V") == 0)
		return 0;
	if (parse(&c, argc, argv) != 0) {
		fprintf(stderr, "ssh: usage\n");
		return 255;
	}
	/* Host lima-ID */
	if (world_init(&w, strncmp(c.host, "lima-", 5) == 0 ? c.host + 5 : c.host) != 0)
		return 255;
	mode = scenario(&w, "guest_mode", "ok");
	if (c.spec)
		(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(c.spec, ":"), c.spec);
	if (c.verb)
		return ask_master(&w, c.verb, path);
	if (strcmp(mode, "hang") == 0)
		nap(60000);
	if (strcmp(mode, "ok") != 0)
		return 255;
	return c.fresh ? in_guest(&w, c.command ? c.command : "") : through_master(&w);
}
