#include "vm/scan.h"

#include <string.h>

#include "base/file.h"
#include "base/str.h"

struct search {
	char usernet_pid[HOST_PATH_MAX]; /* argv element after -p */
	char master_title[HOST_PATH_MAX + 16];
	char home_prefix[HOST_PATH_MAX]; /* LIMA_HOME with the slash that follows it */
	const char *qemu_pid;
	struct vm_scan *found;
};

static const char *
option(const struct host_argv *argv, const char *flag)
{
	for (size_t i = 0; i + 1 < argv->n; i++) {
		if (strcmp(argv->arg[i], flag) == 0)
			return argv->arg[i + 1];
	}
	return "";
}

static void
keep(struct host_proc *list, size_t *n, const struct host_proc *proc)
{
	if (*n < VM_SCAN_MAX)
		list[(*n)++] = *proc;
}

static bool
look(const struct host_proc *proc, void *arg)
{
	static struct host_argv argv;
	struct search *s = arg;
	struct vm_scan *found = s->found;

	if (proc->zombie || host_proc_argv(proc->pid, &argv) < 0 || argv.n == 0)
		return true;
	if (strcmp(argv.arg[0], s->master_title) == 0)
		keep(found->master, &found->n_masters, proc);
	else if (argv.n > 2 && strcmp(argv.arg[1], "usernet") == 0 &&
		 strcmp(option(&argv, "-p"), s->usernet_pid) == 0)
		keep(found->usernet, &found->n_usernets, proc);
	else if (str_starts(option(&argv, "--pidfile"), s->home_prefix))
		found->n_agents++;
	else if (str_starts(option(&argv, "-pidfile"), s->home_prefix)) {
		found->n_qemus++;
		if (strcmp(option(&argv, "-pidfile"), s->qemu_pid) == 0)
			found->needs_usernet = str_starts(option(&argv, "-netdev"), "socket,");
	}
	return true;
}

int
vm_scan(const struct vm_paths *paths, uid_t uid, struct vm_scan *ret)
{
	struct search search = {.qemu_pid = paths->qemu_pid, .found = ret};
	int rc = path_join(search.usernet_pid, sizeof(search.usernet_pid), paths->lima_home,
		"_networks/user-v2/usernet_user-v2.pid");

	memset(ret, 0, sizeof(*ret));
	if (rc == 0)
		rc = str_fmt(search.master_title, sizeof(search.master_title), "ssh: %s [mux]",
			paths->ssh_sock);
	if (rc == 0)
		rc = str_fmt(
			search.home_prefix, sizeof(search.home_prefix), "%s/", paths->lima_home);
	return rc < 0 ? rc : host_proc_each(uid, look, &search);
}
