/*
 * conf: the configuration, from one table of keys (conf_table.c).
 *
 * The same table gives parser, defaults, range checks, printer, template, the example file
 * etc/colima-pulse.conf and the man page's list. KEY=VALUE lines are data and are never executed
 * (parity P7 to P12). Parsing fills a fresh struct; nothing of it is used when a line is wrong.
 *
 * Units: every *_s member is in seconds, *_mb in MiB, memory and disk in GiB.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define CONF_STR_MAX   1024 /* longest value, with its terminator */
#define CONF_FILE_MAX  (256 * 1024)
#define CONF_LINE_MAX  4096
#define CONF_ENV_MAX   32
#define CONF_NOTES_MAX 64
#define CONF_MASK      "********"

/* ENV_NAME=value: a variable of Colima's environment. Values may be secrets: print them masked. */
struct conf_env {
	char name[128];
	char value[CONF_STR_MAX];
};

struct conf {
	char homebrew_user[CONF_STR_MAX];
	char colima_profile[CONF_STR_MAX];
	char colima_runtime[CONF_STR_MAX];
	char colima_vm_type[CONF_STR_MAX];
	int64_t colima_cpus;
	int64_t colima_memory;
	int64_t colima_disk;
	char label[CONF_STR_MAX];
	char log_path[CONF_STR_MAX];
	char backup_dir_base[CONF_STR_MAX];
	char clean_other_colima_daemons[CONF_STR_MAX];
	char prune_mode[CONF_STR_MAX];
	bool prune_docker_after_start;
	int64_t wait_socket_max_s;
	int64_t wait_docker_api_max_s;
	int64_t wait_qemu_max_s;
	int64_t wait_stable_required;
	int64_t container_tries;
	bool container_debug_script;
	bool colima_start_filter_info;
	bool write_env_example;
	int64_t probe_interval_s;
	int64_t probe_timeout_s;
	int64_t failure_threshold;
	int64_t start_timeout_s;
	int64_t stop_timeout_s;
	int64_t backoff_min_s;
	int64_t backoff_max_s;
	int64_t backoff_reset_after_s;
	int64_t crash_loop_count;
	int64_t crash_loop_window_s;
	int64_t wake_grace_s;
	int64_t disk_floor_mb;
	int64_t disk_warn_gb;
	char stop_intent[CONF_STR_MAX];
	char orphan_policy[CONF_STR_MAX];
	char maintenance_window[CONF_STR_MAX]; /* "HH:MM-HH:MM", local time; "" = none */
	int64_t repair_budget;                 /* in an hour */
	char colima_home[CONF_STR_MAX];    /* "" = decided by Colima's own rule, see vm/paths.h */
	char control_socket[CONF_STR_MAX]; /* "" = the host's default */
	char control_group[CONF_STR_MAX];  /* "" = the host's default */
	char state_dir[CONF_STR_MAX];      /* "" = the host's default */
	char log_level[CONF_STR_MAX];
	int64_t log_max_size_mb;
	int64_t log_keep;
	char tool_path[CONF_STR_MAX];        /* directories, colon-separated */
	char extra_start_args[CONF_STR_MAX]; /* words, split by conf_words() */

	struct conf_env env[CONF_ENV_MAX];
	size_t n_env;
};

/* What was wrong or odd, in the order of the lines. An error refuses the file; a warning does
 * not (conf_check --strict counts it). `line` is 0 for rules that span several keys. */
enum conf_severity { CONF_WARNING, CONF_ERROR };

struct conf_note {
	enum conf_severity severity;
	unsigned line;
	char text[320]; /* "colima-pulse.conf:12: COLIMA_CPUS: 0 is below the minimum 1" */
};

struct conf_notes {
	struct conf_note note[CONF_NOTES_MAX];
	size_t n;      /* stored */
	size_t n_lost; /* more than fit */
	size_t n_errors;
};

enum conf_type { CONF_TYPE_STR, CONF_TYPE_INT, CONF_TYPE_BOOL, CONF_TYPE_CHOICE };

enum conf_flags {
	CONF_REQUIRED = 1 << 0,
	CONF_LIVE = 1 << 1,   /* a reload applies it at once; the others wait for a restart */
	CONF_SECRET = 1 << 2, /* printed masked; never together with CONF_LIVE */
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	int64_t min, max;
	const char *def;            /* the default, as text */
	const char *const *choices; /* CONF_TYPE_CHOICE: NULL-terminated */
	const char *unit;           /* "s", "GiB", "MiB" or NULL */
	unsigned flags;
	const char *help; /* one sentence or two, for template, man page and --help */
};

/* The table, and its length. */
extern const struct conf_key conf_keys[];
extern const size_t conf_n_keys;

/* Fills `c` with the defaults. */
void conf_defaults(struct conf *c);

/* Parses `len` bytes of text; `name` is used in messages. Starts from the defaults, then checks
 * ranges and cross-key rules. 0, or -EINVAL when notes hold an error. Always fills `notes`. */
int conf_parse(
	struct conf *c, const char *name, const char *text, size_t len, struct conf_notes *notes);

/* Reads and parses a file. -errno when it cannot be read (a note says so as well). */
int conf_load(struct conf *c, const char *path, struct conf_notes *notes);

/* Sets one key from text, as a command-line flag does (it beats the file); an empty text means the
 * default. 0, then `err` is empty or says what is odd about it (a profile's prefix, little memory);
 * -EINVAL or -E2BIG, then `err` says what is accepted and nothing is set. */
int conf_set(struct conf *c, const char *key, const char *value, struct err *err);

/* The rules that span keys (HOMEBREW_USER is there, BACKOFF_MIN <= BACKOFF_MAX). conf_parse calls
 * it. Those of one value (qemu only, docker only, absolute paths ...) hold in conf_set already. */
void conf_check(const struct conf *c, const char *name, struct conf_notes *notes);

/* "03:00-05:30" as minutes of the day; 0 or -EINVAL. */
int conf_window(const char *value, int *ret_from, int *ret_to);
/* Whether minute `now` of the day lies within, also over midnight. */
bool conf_in_window(const char *value, int now);

/* The value of `key` as text ("true", "5", "docker"); secrets masked. */
void conf_value(const struct conf *c, const struct conf_key *key, char *buf, size_t size);

/* Prints KEY=VALUE lines that conf_parse reads back to the same struct, but for masked ones. */
void conf_print(const struct conf *c, FILE *out);

/* Prints a commented example file with every key, its default, range, unit and help. */
void conf_template(FILE *out);

/* The same list as a mdoc(7) fragment for colima-pulse.conf(5). */
void conf_print_mdoc(FILE *out);

/* Names of the keys whose values differ, ENV_NAME included, split by whether a reload may apply
 * them. Each list is written space-separated, ends in "..." when it does not fit; returns the
 * number of differing keys. */
size_t conf_diff(const struct conf *a, const struct conf *b, char *live, size_t live_size,
	char *restart, size_t restart_size);

/* Splits `text` into words as a POSIX shell's quoting rules do (single, double quotes, backslash),
 * without expanding anything. `store` holds the words' bytes, `words` is NULL-terminated. 0,
 * -EINVAL (open quote), -E2BIG. */
int conf_words(const char *text, char *store, size_t store_size, char **words, size_t words_max,
	struct err *err);

#endif
