/* The one list of keys. Everything else about the configuration is made from it. */

#include "conf/conf_internal.h"

#define STR(key, member, default, flag, text) \
	{ \
		.name = key, .type = CONF_TYPE_STR, .offset = offsetof(struct conf, member), \
		.def = default, .flags = (flag), .help = text \
	}
#define INT(key, member, low, high, default, u, flag, text) \
	{ \
		.name = key, .type = CONF_TYPE_INT, .offset = offsetof(struct conf, member), \
		.min = (low), .max = (high), .def = default, .unit = u, .flags = (flag), \
		.help = text \
	}
#define BOOL(key, member, default, flag, text) \
	{ \
		.name = key, .type = CONF_TYPE_BOOL, .offset = offsetof(struct conf, member), \
		.def = default, .flags = (flag), .help = text \
	}
#define CHOICE(key, member, list, default, flag, text) \
	{ \
		.name = key, .type = CONF_TYPE_CHOICE, .offset = offsetof(struct conf, member), \
		.def = default, .choices = list, .flags = (flag), .help = text \
	}

static const char *const runtimes[] = {"docker", NULL};
static const char *const vm_types[] = {"qemu", NULL};
static const char *const clean_modes[] = {"prompt", "true", "false", NULL};
static const char *const prune_modes[] = {"none", "safe", "images", "aggressive", NULL};
static const char *const stop_intents[] = {"respect", "restart", NULL};
static const char *const orphan_policies[] = {"keep", "window", "restart", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

/* clang-format off */
const struct conf_key conf_keys[] = {
	STR("HOMEBREW_USER", homebrew_user, "", CONF_REQUIRED,
		"The account that owns Homebrew and Colima; everything runs as this user, never as root."),
	STR("COLIMA_PROFILE", colima_profile, "default", 0,
		"Colima's profile to look after."),
	CHOICE("COLIMA_RUNTIME", colima_runtime, runtimes, "docker", 0,
		"Always docker."),
	CHOICE("COLIMA_VM_TYPE", colima_vm_type, vm_types, "qemu", 0,
		"Always qemu; a VZ instance is reported and never touched."),
	INT("COLIMA_CPUS", colima_cpus, 1, 1024, "2", NULL, 0,
		"Virtual CPUs of the VM."),
	INT("COLIMA_MEMORY", colima_memory, 1, 4096, "2", "GiB", 0,
		"Memory of the VM; below 2 GiB Docker is short of it."),
	INT("COLIMA_DISK", colima_disk, 1, 65536, "20", "GiB", 0,
		"Size of the VM's disk."),
	STR("COLIMA_HOME", colima_home, "", 0,
		"Colima's folder. Empty: HOME/.colima, or the one that Colima would find. It is pinned, because Colima "
		"silently uses another one when this is missing."),
	STR("TOOL_PATH", tool_path, "", 0,
		"Folders, separated by colons, that are searched for colima, limactl, qemu, docker and ssh before the usual "
		"ones."),
	STR("EXTRA_START_ARGS", extra_start_args, "", 0,
		"More words for `colima start`, quoted as in a shell; no shell reads them."),
	STR("LABEL", label, "homebrew.mrcee.colima-pulse", 0,
		"Name of the launchd job."),
	STR("LOG_PATH", log_path, "/var/log/colima.log", 0,
		"The log. When it cannot be written, STATE_DIR/colima-pulse.log is used and named."),
	CHOICE("LOG_LEVEL", log_level, levels, "info", CONF_LIVE,
		"How much is logged."),
	INT("LOG_MAX_SIZE_MB", log_max_size_mb, 1, 100, "10", "MiB", CONF_LIVE,
		"The log is rotated before it grows over this."),
	INT("LOG_KEEP", log_keep, 1, 20, "5", NULL, CONF_LIVE,
		"How many rotated logs are kept, LOG_PATH.1 being the newest."),
	STR("CONTROL_SOCKET", control_socket, "", 0,
		"Where pulsectl finds the daemon. Empty: /var/run/colima-pulse/control.sock on macOS, "
		"/run/colima-pulse/control.sock on Linux; not as root STATE_DIR/control.sock."),
	STR("CONTROL_GROUP", control_group, "", 0,
		"Members may ask for the status. Empty: admin on macOS, adm on Linux."),
	STR("STATE_DIR", state_dir, "", 0,
		"What must outlive the daemon. Empty: /var/db/colima-pulse on macOS, /var/lib/colima-pulse on Linux; not as "
		"root HOME/.local/state/colima-pulse."),
	INT("START_TIMEOUT", start_timeout_s, 10, 86400, "1200", "s", CONF_LIVE,
		"A start that takes longer has failed. The first start loads an image."),
	INT("STOP_TIMEOUT", stop_timeout_s, 30, 3600, "240", "s", CONF_LIVE,
		"After so long a stop kills what is left. Lima needs up to 190 s to stop a VM gracefully."),
	INT("WAIT_QEMU_MAX", wait_qemu_max_s, 1, 86400, "120", "s", CONF_LIVE,
		"Limit of the gates hostagent and vm, once Colima says that it is done."),
	INT("WAIT_SOCKET_MAX", wait_socket_max_s, 1, 86400, "180", "s", CONF_LIVE,
		"Limit of the gate socket, likewise."),
	INT("WAIT_DOCKER_API_MAX", wait_docker_api_max_s, 1, 86400, "180", "s", CONF_LIVE,
		"Limit of the gate api, likewise."),
	INT("WAIT_STABLE_REQUIRED", wait_stable_required, 1, 1000, "5", NULL, CONF_LIVE,
		"Rounds of API questions, one second apart, that must all succeed before Docker counts as ready."),
	INT("PROBE_INTERVAL", probe_interval_s, 1, 3600, "5", "s", CONF_LIVE,
		"How often a ready API is asked; quicker after a change, four times slower after five well minutes."),
	INT("PROBE_TIMEOUT", probe_timeout_s, 1, 300, "3", "s", CONF_LIVE,
		"An answer that takes longer is silence."),
	INT("FAILURE_THRESHOLD", failure_threshold, 1, 100, "3", NULL, CONF_LIVE,
		"Bad answers in a row before a ready VM counts as degraded."),
	INT("BACKOFF_MIN", backoff_min_s, 1, 86400, "1", "s", CONF_LIVE,
		"Delay before the first start after a failure; it doubles with each further one."),
	INT("BACKOFF_MAX", backoff_max_s, 1, 86400, "300", "s", CONF_LIVE,
		"Longest delay, and the delay of a crash loop."),
	INT("BACKOFF_RESET_AFTER", backoff_reset_after_s, 1, 86400, "600", "s", CONF_LIVE,
		"After so long a time of being ready earlier failures are forgiven, and the first restart is at once."),
	INT("CRASH_LOOP_COUNT", crash_loop_count, 2, 32, "5", NULL, CONF_LIVE,
		"So many failures within CRASH_LOOP_WINDOW are a crash loop."),
	INT("CRASH_LOOP_WINDOW", crash_loop_window_s, 1, 86400, "600", "s", CONF_LIVE,
		"See CRASH_LOOP_COUNT."),
	INT("WAKE_GRACE", wake_grace_s, 0, 3600, "30", "s", CONF_LIVE,
		"After the machine woke from sleep, failures are not counted for so long."),
	INT("DISK_FLOOR_MB", disk_floor_mb, 0, 1048576, "1024", "MiB", CONF_LIVE,
		"With less room on the disk of Colima's folder no start is tried, because files would be cut off."),
	INT("DISK_WARN_GB", disk_warn_gb, 0, 1048576, "10", "GiB", CONF_LIVE,
		"With less room the status warns."),
	CHOICE("STOP_INTENT", stop_intent, stop_intents, "respect", CONF_LIVE,
		"What a `colima stop` typed by a person means. respect: supervision pauses until `pulsectl start`. restart: "
		"the VM is started again."),
	CHOICE("ORPHAN_POLICY", orphan_policy, orphan_policies, "keep", CONF_LIVE,
		"A VM without its hostagent, whose Docker still answers (F17). keep: until Docker fails or somebody asks for a "
		"restart. window: restarted in MAINTENANCE_WINDOW. restart: at once."),
	STR("MAINTENANCE_WINDOW", maintenance_window, "", CONF_LIVE,
		"When a restart of the VM disturbs nobody: HH:MM-HH:MM, local time, also over midnight. Empty: never."),
	INT("REPAIR_BUDGET", repair_budget, 1, 64, "12", NULL, CONF_LIVE,
		"Repairs that are tried within an hour; more end in the state blocked, and a person is asked for."),
	STR("BACKUP_DIR_BASE", backup_dir_base, "./backups", 0,
		"Where backups of Colima's folders go."),
	CHOICE("CLEAN_OTHER_COLIMA_DAEMONS", clean_other_colima_daemons, clean_modes, "prompt", 0,
		"Whether other launchd jobs that run Colima are moved aside at installation."),
	CHOICE("PRUNE_MODE", prune_mode, prune_modes, "none", CONF_LIVE,
		"What is pruned after Docker is ready: none; safe, dangling images; images, all unused images; aggressive, also "
		"volumes."),
	BOOL("PRUNE_DOCKER_AFTER_START", prune_docker_after_start, "true", CONF_LIVE,
		"Whether PRUNE_MODE is applied after each start."),
	INT("CONTAINER_TRIES", container_tries, 1, 100, "3", NULL, CONF_LIVE,
		"How often a container's installer is tried."),
	BOOL("CONTAINER_DEBUG_SCRIPT", container_debug_script, "false", CONF_LIVE,
		"Whether installers are shown before they run."),
	BOOL("COLIMA_START_FILTER_INFO", colima_start_filter_info, "true", CONF_LIVE,
		"Whether `pulsectl logs` hides Colima's level=info lines on a terminal."),
	BOOL("WRITE_ENV_EXAMPLE", write_env_example, "false", 0,
		"Of the replaced script; use `pulsectl config template`."),
};
/* clang-format on */

_Static_assert(sizeof(conf_keys) / sizeof(conf_keys[0]) <= CONF_KEYS_MAX, "raise CONF_KEYS_MAX");
const size_t conf_n_keys = sizeof(conf_keys) / sizeof(conf_keys[0]);
