/* The rig: a real guest behind a real ssh master (runtime 2.1, 2.6; field-failures 1.0). */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "standin.h"

bool
guest_wanted(const struct world *w)
{
	return scenario(w, "guest", NULL) != NULL;
}

static char *
w_(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int
make_disk(const struct world *w)
{
	char disk[PATH_LEN], image[PATH_LEN];
	char *argv[] = {w_("qemu-img"), w_("create"), w_("-q"), w_("-f"), w_("qcow2"), w_("-F"),
		w_("qcow2"), w_("-b"), image, disk, w_("10G"), NULL};

	(void)snprintf(disk, sizeof(disk), "%s", at(w->inst, "disk"));
	(void)snprintf(image, sizeof(image), "%s", scenario(w, "guest", ""));
	return access(disk, F_OK) == 0 ? 0 : run(argv, -1);
}

static int
make_key(const struct world *w)
{
	char key[PATH_LEN];
	char *argv[] = {w_("ssh-keygen"), w_("-q"), w_("-t"), w_("ed25519"), w_("-N"), w_(""),
		w_("-C"), w_("lima"), w_("-f"), key, NULL};

	(void)snprintf(key, sizeof(key), "%s", at(at(w->lima_home, "_config"), "user"));
	return access(key, F_OK) == 0 ? 0 : run(argv, -1);
}

static int
make_seed(const struct world *w)
{
	char iso[PATH_LEN], pub[PATH_LEN], tool[PATH_LEN], host[160];
	char *argv[] = {tool, iso, w_(w->user), pub, host, NULL};

	(void)snprintf(iso, sizeof(iso), "%s", at(w->inst, "cidata.iso"));
	(void)snprintf(pub, sizeof(pub), "%s", at(at(w->lima_home, "_config"), "user.pub"));
	(void)snprintf(tool, sizeof(tool), "%s", scenario(w, "seed_tool", "seed"));
	(void)snprintf(host, sizeof(host), "lima-%s", w->id);
	return access(iso, F_OK) == 0 ? 0 : run(argv, -1);
}

int
guest_prepare(const struct world *w)
{
	if (!guest_wanted(w))
		return 0;
	return make_disk(w) || make_key(w) || make_seed(w);
}

/* As the transcript ssh.config. */
void
guest_ssh_config(const struct world *w, int port)
{
	write_file(at(w->inst, "ssh.config"), 0600,
		"# This SSH config file can be passed to 'ssh -F'.\n"
		"Host lima-%s\n  IdentityFile \"%s\"\n  StrictHostKeyChecking no\n"
		"  UserKnownHostsFile /dev/null\n  NoHostAuthenticationForLocalhost yes\n"
		"  PreferredAuthentications publickey\n  Compression no\n  BatchMode yes\n"
		"  IdentitiesOnly yes\n  LogLevel ERROR\n  User %s\n  ControlMaster auto\n"
		"  ControlPath \"%s\"\n  ControlPersist yes\n  Hostname 127.0.0.1\n  Port %d\n",
		w->id, at(at(w->lima_home, "_config"), "user"), w->user, at(w->inst, "ssh.sock"),
		port);
}

/* `fresh`: not through the master, and with a limit (field-failures 1.0). */
int
guest_ssh(const struct world *w, bool fresh, const char *command, int log)
{
	char config[PATH_LEN], host[160];
	char *argv[16];
	int n = 0, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)snprintf(config, sizeof(config), "%s", at(w->inst, "ssh.config"));
	(void)snprintf(host, sizeof(host), "lima-%s", w->id);
	argv[n++] = w_("ssh");
	argv[n++] = w_("-F");
	argv[n++] = config;
	if (fresh) {
		argv[n++] = w_("-o");
		argv[n++] = w_("ControlMaster=no");
		argv[n++] = w_("-o");
		argv[n++] = w_("ControlPath=none");
		argv[n++] = w_("-o");
		argv[n++] = w_("ConnectTimeout=5");
	}
	argv[n++] = host;
	argv[n++] = w_(command);
	argv[n] = NULL;
	n = run(argv, log >= 0 ? log : null);
	(void)close(null);
	return n;
}

/* ControlPersist makes the first connection leave a master behind, in a session of its own. */
int
guest_master(const struct world *w, int log)
{
	return guest_ssh(w, false, "true", log);
}

int
guest_forward(
	const struct world *w, const char *verb, const char *host_sock, const char *guest_sock)
{
	char config[PATH_LEN], host[160], spec[PATH_LEN * 3];
	char *argv[] = {
		w_("ssh"), w_("-F"), config, w_("-O"), w_(verb), w_("-L"), spec, host, NULL};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), rc;

	(void)unlink(host_sock);
	(void)snprintf(config, sizeof(config), "%s", at(w->inst, "ssh.config"));
	(void)snprintf(host, sizeof(host), "lima-%s", w->id);
	(void)snprintf(spec, sizeof(spec), "%s:%s", host_sock, guest_sock);
	rc = run(argv, null);
	(void)close(null);
	return rc;
}

void
guest_master_exit(const struct world *w)
{
	char config[PATH_LEN], host[160];
	char *argv[] = {w_("ssh"), w_("-F"), config, w_("-O"), w_("exit"), host, NULL};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)snprintf(config, sizeof(config), "%s", at(w->inst, "ssh.config"));
	(void)snprintf(host, sizeof(host), "lima-%s", w->id);
	(void)run(argv, null);
	(void)close(null);
}
