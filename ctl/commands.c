/* The table of commands: usage, prefixes and the check of the manual page come from it. */

#include <string.h>

#include "ctl.h"

/* Letters: j --json, w --watch, f -f/--follow, n -n, a --all, s --strict, W --wait, t --timeout,
 * F --for, D --dry-run. */
const struct command commands[] = {
	{"status", cmd_status, "jw", "[--json | --watch]",
		"is Docker usable, and if not, why and what happens next"},
	{"wait", cmd_wait, "Ftw", "[--for STATE] [--timeout 5m] [--watch]",
		"wait until the state is reached (default: ready); --watch shows the way there"},
	{"start", cmd_start, "Wt", "[--wait] [--timeout 20m]",
		"goal up: start the VM and keep Docker usable; forgives earlier failures"},
	{"stop", cmd_stop, "Wt", "[--wait] [--timeout 5m]",
		"goal down: stop the VM gracefully and keep it stopped"},
	{"restart", cmd_restart, "Wt", "[--wait] [--timeout 20m]",
		"stop the VM gracefully and start it again"},
	{"pause", cmd_pause, "Wt", "[--wait]",
		"hands off: watch, but neither start, mend nor stop"},
	{"resume", cmd_resume, "Wt", "[--wait] [--timeout 20m]",
		"goal up again after pause or stop"},
	{"why", cmd_why, "j", "[--json]",
		"the chain from Docker to this machine, the diagnosis, and what is tried next"},
	{"explain", cmd_explain, "a", "[ID | --all]",
		"what a cause is, how it is recognised, and what is done about it"},
	{"repair", cmd_repair, "WtD", "[--dry-run | --wait] [--timeout 20m]",
		"look now, and try again what was given up"},
	{"repairs", cmd_repairs, "j", "[--json]", "the last repairs and how they ended"},
	{"accept", cmd_accept, "", "ENGINE",
		"take a Docker engine that is not the one of before (F14), by the beginning of its id"},
	{"reload", cmd_reload, "", "", "read the configuration file again"},
	{"logs", cmd_logs, "fna", "[-f] [-n N] [--all]", "the end of the log; -f follows it"},
	{"events", cmd_events, "fj", "[-f] [--json]",
		"the last transitions; -f goes on with new ones"},
	{"config", cmd_config, "s", "check | show | template [--strict]",
		"check a configuration file, show it resolved, or print a commented example"},
	{"version", cmd_version, "j", "[--json]", "version of pulsectl and of the daemon"},
	{"help", cmd_help, "", "[COMMAND]", "this list, or what one command does"},
	{NULL, NULL, NULL, NULL, NULL},
};

int
cmd_help(const struct options *o)
{
	for (const struct command *c = commands; o->argc > 0 && c->name; c++) {
		if (strcmp(c->name, o->argv[0]) == 0) {
			usage(stdout, c);
			return CTL_YES;
		}
	}
	usage(stdout, NULL);
	return CTL_YES;
}
