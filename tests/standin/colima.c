/* colima: start, stop, status, list, version (runtime 2.7 to 2.9, real-runs R1 to R16). */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "standin.h"

struct flags {
	const char *profile;
	bool foreground, force, json;
	long cpus, memory, disk;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int signum)
{
	interrupted = signum;
}

/* Flags that take a value and that we have no use for. --vm-type is known on macOS only: elsewhere
 * it is an unknown flag (runtime 2.7). */
static const char *const ignored[] = {"--runtime", "--arch", "--disk-image", "--mount",
	"--mount-type", "--dns", "--env", "--cpu-type", "--hostname", "--port-forwarder",
	"--root-disk", "-r", "-a", "-i", "-V",
#ifdef __APPLE__
	"--vm-type", "-t",
#endif
	NULL};
static const char *const switches[] = {"--binfmt", "--ssh-config", "--save-config",
	"--force-disk-image", "--activate", "--network-address", "--verbose", "--very-verbose",
	NULL};

static bool
is_one_of(const char *word, const char *const *list)
{
	size_t len = strcspn(word, "=");

	for (; *list; list++) {
		if (strlen(*list) == len && strncmp(word, *list, len) == 0)
			return true;
	}
	return false;
}

static const char *
value_of(int argc, char **argv, int *i)
{
	const char *equals = strchr(argv[*i], '=');

	if (equals)
		return equals + 1;
	return *i + 1 < argc ? argv[++*i] : "";
}

static bool
named(const char *word, const char *longer, const char *shorter)
{
	size_t len = strcspn(word, "=");

	return (strlen(longer) == len && strncmp(word, longer, len) == 0) ||
	       (shorter && strcmp(word, shorter) == 0);
}

static int
parse(struct flags *f, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		const char *word = argv[i];

		if (named(word, "--profile", "-p"))
			f->profile = value_of(argc, argv, &i);
		else if (named(word, "--foreground", "-f") && strcmp(argv[1], "start") == 0)
			f->foreground = true;
		else if (named(word, "--force", "-f"))
			f->force = true;
		else if (named(word, "--json", "-j"))
			f->json = true;
		else if (named(word, "--cpus", "-c"))
			f->cpus = strtol(value_of(argc, argv, &i), NULL, 10);
		else if (named(word, "--memory", "-m"))
			f->memory = strtol(value_of(argc, argv, &i), NULL, 10);
		else if (named(word, "--disk", "-d"))
			f->disk = strtol(value_of(argc, argv, &i), NULL, 10);
		else if (is_one_of(word, ignored))
			(void)value_of(argc, argv, &i);
		else if (word[0] == '-' && !is_one_of(word, switches)) {
			say("fatal", NULL, "unknown flag: %s", word);
			return 1;
		} else if (word[0] != '-') {
			f->profile = word;
		}
	}
	return 0;
}

static int
colima_stop(const struct world *w, bool force)
{
	bool running = strcmp(instance_status(w), "Running") == 0;

	say("info", NULL, "stopping %s", w->id);
	/* Not running, also Broken with a live orphan: does nothing, exit 0 (R9). */
	if (!running && !force) {
		say("info", "vm", "not running");
		say("info", NULL, "done");
		return 0;
	}
	while (scenario_num(w, "stop_hang", 0))
		nap(100); /* F09 */
	if (running) {
		say("info", "docker", "stopping ...");
		if (guest_wanted(w))
			(void)guest_ssh(w, false, "sudo systemctl stop docker", -1);
	}
	say("info", "vm", "stopping ...");
	if (limactl_stop(w, force) != 0) {
		say("fatal", NULL, "error stopping vm: exit status 1");
		return 1;
	}
	say("info", NULL, "done");
	return 0;
}

/* Waits for a signal and never looks at its VM (F37, cmd/start.go awaitForInterruption). */
static int
stay(const struct world *w)
{
	struct sigaction sa = {.sa_handler = on_signal};

	if (!scenario_num(w, "no_marker", 0))
		say("info", NULL, "keeping Colima in the foreground, press ctrl+c to exit...");
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	while (!interrupted || scenario_num(w, "ignore_term", 0))
		(void)usleep(20000);
	say("info", NULL, "interrupted by: %s",
		interrupted == SIGTERM ? "terminated" : "interrupt");
	return colima_stop(w, false);
}

static void
flood(const struct world *w)
{
	static char line[1024];
	long left = scenario_num(w, "flood", 0);

	memset(line, 'x', sizeof(line) - 1);
	for (; left > 0; left -= (long)sizeof(line))
		dprintf(STDERR_FILENO, "%s\n", line);
}

/* Docker in the VM: the service is restarted at every start (runtime 2.7), so an early answer of
 * the API breaks again (R1). */
static int
provision(const struct world *w)
{
	say("info", "docker", "provisioning ...");
	nap((int)scenario_num(w, "provision_delay_ms", 20));
	if (guest_wanted(w))
		(void)guest_ssh(w, false,
			"sudo systemctl daemon-reload; sudo systemctl restart docker.service", -1);
	say("info", "docker", "starting ...");
	if (scenario_num(w, "docker_fails", 0)) {
		say("fatal", NULL, "error starting docker: exit status 1"); /* R6 */
		return 1;
	}
	if (guest_wanted(w) &&
		guest_ssh(w, false,
			"for i in $(seq 60); do sudo docker info >/dev/null 2>&1 && exit 0; sleep 1; done; exit 1",
			-1) != 0) {
		say("fatal", NULL, "error starting docker: exit status 1");
		return 1;
	}
	return 0;
}

static void
save_config(const struct world *w, const struct flags *f)
{
	make_dirs(w->cfg, 0755);
	write_file(at(w->cfg, "colima.yaml"), 0644,
		"cpu: %ld\ndisk: %ld\nmemory: %ld\nruntime: docker\nvmType: qemu\n", f->cpus,
		f->disk, f->memory);
}

/* store/store.go: as the transcript store-colima.json. */
static void
save_store(const struct world *w)
{
	char name[160];

	make_dirs(at(w->base, "_store"), 0755);
	(void)snprintf(name, sizeof(name), "%s.json", w->id);
	write_file(at(at(w->base, "_store"), name), 0644,
		"{\n  \"disk_formatted\": true,\n  \"disk_runtime\": \"docker\",\n"
		"  \"ramalama_provisioned\": false\n}");
}

static int
start_vm(const struct world *w)
{
	say("info", "vm", "starting ...");
	if (scenario(w, "start_fail", NULL)) {
		say("fatal", NULL, "%s", scenario(w, "start_fail", ""));
		return 1;
	}
	if (limactl_start(w) != 0) {
		say("fatal", NULL, "error starting vm: error at 'starting': exit status 1");
		return 1;
	}
	return 0;
}

static int
colima_start(const struct world *w, const struct flags *f)
{
	save_config(w, f);
	if (strcmp(instance_status(w), "Running") == 0) {
		say("warning", NULL, "already running, ignoring"); /* F05, R6 */
		return 0;
	}
	say("info", NULL, "starting %s", w->id);
	say("info", NULL, "runtime: docker");
	flood(w);
	while (scenario_num(w, "colima_hang", 0))
		nap(100);
	if (start_vm(w) != 0)
		return 1;
	/* R12: a first start stops and starts the VM in the middle, quietly. */
	if (scenario_num(w, "double_boot", 0)) {
		if (limactl_stop(w, false) != 0 || limactl_start(w) != 0)
			return 1;
	}
	write_file(at(w->inst, "colima.yaml"), 0644, "vmType: qemu\n");
	save_store(w);
	if (provision(w) != 0)
		return 1;
	say("info", NULL, "done");
	return f->foreground ? stay(w) : 0;
}

static int
colima_list(const struct world *w, const struct flags *f)
{
	if (f->json)
		printf("{\"name\":\"%s\",\"status\":\"%s\",\"arch\":\"x86_64\",\"cpus\":%ld,\"memory\":%ld,"
		       "\"disk\":%ld,\"runtime\":\"docker\"}\n",
			w->profile, instance_status(w), f->cpus, f->memory << 30, f->disk << 30);
	else
		printf("PROFILE    STATUS\n%-10s %s\n", w->profile, instance_status(w));
	return 0;
}

static int
colima_status(const struct world *w, const struct flags *f)
{
	if (strcmp(instance_status(w), "Running") != 0) {
		say("fatal", NULL, "%s is not running", w->id);
		return 1;
	}
	if (f->json)
		printf("{\"display_name\":\"%s\",\"driver\":\"QEMU\",\"arch\":\"x86_64\",\"runtime\":\"docker\","
		       "\"docker_socket\":\"unix://%s\"}\n",
			w->id, at(w->cfg, "docker.sock"));
	else
		say("info", NULL, "%s is running using QEMU", w->id);
	return 0;
}

int
colima_main(int argc, char **argv)
{
	struct flags f = {.profile = getenv("COLIMA_PROFILE"), .cpus = 2, .memory = 2, .disk = 20};
	struct world w;

	if (argc < 2 || strcmp(argv[1], "version") == 0) {
		printf("colima version 0.0.0-standin\n");
		return 0;
	}
	if (getuid() == 0) {
		/* limactl's words, cmd/limactl/main.go:36 (F22). */
		say("fatal", NULL, "must not run as the root user");
		return 1;
	}
	if (!f.profile)
		f.profile = "default";
	if (parse(&f, argc, argv) != 0 || world_init(&w, f.profile) != 0)
		return 1;
	if (strcmp(argv[1], "start") == 0)
		return colima_start(&w, &f);
	if (strcmp(argv[1], "stop") == 0)
		return colima_stop(&w, f.force);
	if (strcmp(argv[1], "list") == 0)
		return colima_list(&w, &f);
	if (strcmp(argv[1], "status") == 0)
		return colima_status(&w, &f);
	say("fatal", NULL, "unknown command \"%s\" for \"colima\"", argv[1]);
	return 1;
}
