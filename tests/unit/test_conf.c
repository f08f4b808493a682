/* conf: every key of the table, every rule of the lines (parity P1, P2, P7 to P12). */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "conf/conf.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define USER        "HOMEBREW_USER=mini\n"

static struct conf conf;
static struct conf_notes notes;

static int
parse_bytes(const char *text, size_t len)
{
	/* A copy of exactly this size lets the sanitizer see a read behind the end. */
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(&conf, 0xa5, sizeof(conf));
	memset(&notes, 0xa5, sizeof(notes));
	rc = conf_parse(&conf, "pulse.conf", copy, len, &notes);
	free(copy);
	return rc;
}

static int
parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static const struct conf_key *
key_of(const char *name)
{
	for (size_t i = 0; i < conf_n_keys; i++) {
		if (strcmp(conf_keys[i].name, name) == 0)
			return &conf_keys[i];
	}
	fail_msg("no key %s", name);
	return NULL;
}

static void
assert_value(const char *key, const char *want)
{
	char value[CONF_STR_MAX];

	conf_value(&conf, key_of(key), value, sizeof(value));
	assert_string_equal(value, want);
}

/* Exactly one note; its whole text. */
static void
assert_note(enum conf_severity severity, unsigned line, const char *text)
{
	assert_int_equal(notes.n, 1);
	assert_string_equal(notes.note[0].text, text);
	assert_int_equal(notes.note[0].severity, severity);
	assert_int_equal(notes.note[0].line, line);
	assert_int_equal(notes.n_errors, severity == CONF_ERROR);
	assert_int_equal(notes.n_lost, 0);
}

static char *
printed(void (*print)(FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	print(out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
print_conf(FILE *out)
{
	conf_print(&conf, out);
}

/* The table itself. */

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];

		assert_true(key->help && key->help[0]);
		assert_true(key->def != NULL);
		assert_ptr_equal(key_of(key->name), key); /* no name twice */
		assert_false(str_starts(key->name, "ENV_"));
		assert_true(key->type != CONF_TYPE_INT || key->min < key->max);
		assert_true((key->type == CONF_TYPE_CHOICE) == (key->choices != NULL));
		assert_false((key->flags & CONF_SECRET) && (key->flags & CONF_LIVE));
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(conf_keys[j].offset, key->offset);
	}
}

/* Parity P10, and what the new keys were given. */
static void
test_defaults(void **state)
{
	static const char *const want[][2] = {
		{"HOMEBREW_USER", ""},
		{"COLIMA_PROFILE", "default"},
		{"COLIMA_RUNTIME", "docker"},
		{"COLIMA_VM_TYPE", "qemu"},
		{"COLIMA_CPUS", "2"},
		{"COLIMA_MEMORY", "2"},
		{"COLIMA_DISK", "20"},
		{"LABEL", "homebrew.mrcee.colima-pulse"},
		{"LOG_PATH", "/var/log/colima.log"},
		{"BACKUP_DIR_BASE", "./backups"},
		{"CLEAN_OTHER_COLIMA_DAEMONS", "prompt"},
		{"PRUNE_MODE", "none"},
		{"PRUNE_DOCKER_AFTER_START", "true"},
		{"WAIT_SOCKET_MAX", "180"},
		{"WAIT_DOCKER_API_MAX", "180"},
		{"WAIT_QEMU_MAX", "120"},
		{"WAIT_STABLE_REQUIRED", "5"},
		{"CONTAINER_TRIES", "3"},
		{"CONTAINER_DEBUG_SCRIPT", "false"},
		{"COLIMA_START_FILTER_INFO", "true"},
		{"WRITE_ENV_EXAMPLE", "false"},
		{"PROBE_INTERVAL", "5"},
		{"PROBE_TIMEOUT", "3"},
		{"FAILURE_THRESHOLD", "3"},
		{"START_TIMEOUT", "1200"},
		{"STOP_TIMEOUT", "240"},
		{"BACKOFF_MIN", "1"},
		{"BACKOFF_MAX", "300"},
		{"BACKOFF_RESET_AFTER", "600"},
		{"CRASH_LOOP_COUNT", "5"},
		{"CRASH_LOOP_WINDOW", "600"},
		{"WAKE_GRACE", "30"},
		{"ORPHAN_POLICY", "keep"},
		{"MAINTENANCE_WINDOW", ""},
		{"STOP_INTENT", "respect"},
		{"DISK_FLOOR_MB", "1024"},
		{"DISK_WARN_GB", "10"},
		{"REPAIR_BUDGET", "12"},
		{"COLIMA_HOME", ""},
		{"CONTROL_SOCKET", ""},
		{"CONTROL_GROUP", ""},
		{"STATE_DIR", ""},
		{"LOG_LEVEL", "info"},
		{"LOG_MAX_SIZE_MB", "10"},
		{"LOG_KEEP", "5"},
		{"TOOL_PATH", ""},
		{"EXTRA_START_ARGS", ""},
	};

	(void)state;
	memset(&conf, 0xa5, sizeof(conf));
	conf_defaults(&conf);
	for (size_t i = 0; i < COUNT(want); i++)
		assert_value(want[i][0], want[i][1]);
	assert_int_equal(conf.n_env, 0);
	assert_int_equal(conf_n_keys, COUNT(want));
}

static void
test_every_default_is_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];
		struct err err;
		int64_t number;

		assert_int_equal(conf_set(&conf, key->name, key->def, &err), 0);
		assert_string_equal(err.msg, "");
		assert_value(key->name, key->def);
		if (key->type == CONF_TYPE_INT)
			assert_int_equal(str_to_i64(key->def, key->min, key->max, &number), 0);
	}
}

static void
test_live_keys(void **state)
{
	static const char *const live[] = {"PROBE_INTERVAL", "PROBE_TIMEOUT", "FAILURE_THRESHOLD",
		"START_TIMEOUT", "STOP_TIMEOUT", "WAIT_QEMU_MAX", "WAIT_SOCKET_MAX",
		"WAIT_DOCKER_API_MAX", "WAIT_STABLE_REQUIRED", "BACKOFF_MIN", "BACKOFF_MAX",
		"BACKOFF_RESET_AFTER", "CRASH_LOOP_COUNT", "CRASH_LOOP_WINDOW", "WAKE_GRACE",
		"REPAIR_BUDGET", "ORPHAN_POLICY", "MAINTENANCE_WINDOW", "STOP_INTENT",
		"DISK_FLOOR_MB", "DISK_WARN_GB", "LOG_LEVEL", "LOG_MAX_SIZE_MB", "LOG_KEEP",
		"COLIMA_START_FILTER_INFO", "PRUNE_MODE", "PRUNE_DOCKER_AFTER_START",
		"CONTAINER_TRIES", "CONTAINER_DEBUG_SCRIPT"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(live); i++)
		assert_true(key_of(live[i])->flags & CONF_LIVE);
	for (size_t i = 0; i < conf_n_keys; i++)
		n += (conf_keys[i].flags & CONF_LIVE) != 0;
	assert_int_equal(n, COUNT(live));
}

/* The ranges. */

static void
set_number(const struct conf_key *key, int64_t number, bool good)
{
	char text[32], before[CONF_STR_MAX];
	struct err err;

	(void)str_fmt(text, sizeof(text), "%" PRId64, number);
	conf_value(&conf, key, before, sizeof(before));
	assert_int_equal(conf_set(&conf, key->name, text, &err), good ? 0 : -EINVAL);
	assert_value(key->name, good ? text : before);
	if (good)
		return;
	assert_true(str_starts(err.msg, key->name));
	(void)str_fmt(text, sizeof(text), "%" PRId64 " to %" PRId64, key->min, key->max);
	assert_non_null(strstr(err.msg, text));
	assert_non_null(strstr(err.msg, number < key->min ? "below the minimum" : "above"));
}

static void
test_ranges(void **state)
{
	(void)state;
	conf_defaults(&conf);
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];

		if (key->type != CONF_TYPE_INT)
			continue;
		set_number(key, key->min, true);
		set_number(key, key->max, true);
		set_number(key, key->min - 1, false);
		set_number(key, key->max + 1, false);
		set_number(key, INT64_MIN, false);
		set_number(key, INT64_MAX, false);
	}
}

static void
test_some_ranges(void **state)
{
	(void)state;
	assert_true(key_of("LOG_MAX_SIZE_MB")->min == 1 && key_of("LOG_MAX_SIZE_MB")->max == 100);
	assert_true(key_of("LOG_KEEP")->min == 1 && key_of("LOG_KEEP")->max == 20);
	assert_int_equal(parse(USER "COLIMA_CPUS=0\n"), -EINVAL);
	assert_note(CONF_ERROR, 2,
		"pulse.conf:2: COLIMA_CPUS: 0 is below the minimum 1; accepted is 1 to 1024");
	assert_int_equal(parse(USER "COLIMA_DISK=65537\n"), -EINVAL);
	assert_note(CONF_ERROR, 2,
		"pulse.conf:2: COLIMA_DISK: 65537 is above the maximum 65536; accepted is 1 to "
		"65536 GiB");
	assert_int_equal(parse(USER "COLIMA_CPUS=-99999999999999999999\n"), -EINVAL);
	assert_note(CONF_ERROR, 2,
		"pulse.conf:2: COLIMA_CPUS: -99999999999999999999 is below the minimum 1; accepted "
		"is 1 to 1024");
}

/* Values that are refused: the key, its value, and a part of what is said. */
static const struct {
	const char *key, *value, *says;
} refused[] = {
	{"COLIMA_CPUS", "two", "\"two\" is not a whole number from 1 to 1024"},
	{"COLIMA_CPUS", "2.5", "not a whole number"},
	{"COLIMA_CPUS", "2 4", "not a whole number"},
	{"PRUNE_DOCKER_AFTER_START", "maybe", "\"maybe\" is neither true nor false"},
	{"CLEAN_OTHER_COLIMA_DAEMONS", "ask", "use prompt, true, false"},
	{"LOG_LEVEL", "verbose", "use error, warn, info, debug"},
	{"COLIMA_VM_TYPE", "vz", "\"vz\" is refused: only qemu, because"},
	{"COLIMA_RUNTIME", "containerd", "\"containerd\" is refused: only docker, because"},
	{"HOMEBREW_USER", "root", "root is refused"},
	{"COLIMA_PROFILE", "a/b", "letters, digits and - _ ."},
	{"COLIMA_PROFILE", "a b", "letters, digits and - _ ."},
	{"COLIMA_PROFILE", "\xc3\xa4", "letters, digits and - _ ."},
	{"COLIMA_PROFILE", "..", "at the beginning"},
	{"COLIMA_PROFILE", "-x", "at the beginning"},
	{"COLIMA_PROFILE", "colima-", "nothing would be left"},
	{"LABEL", "../../etc/x", "launchd label"},
	{"LABEL", ".x", "launchd label"},
	{"LOG_PATH", "colima.log", "not an absolute path"},
	{"CONTROL_SOCKET", "./control.sock", "not an absolute path"},
	{"STATE_DIR", "~/state", "not an absolute path"},
	{"COLIMA_HOME", "$HOME/.colima", "not an absolute path"},
	{"TOOL_PATH", "bin", "absolute paths"},
	{"TOOL_PATH", "/a:b", "absolute paths"},
	{"TOOL_PATH", "/a:", "absolute paths"},
	{"TOOL_PATH", ":/a", "absolute paths"},
	{"TOOL_PATH", "/a::/b", "absolute paths"},
	{"EXTRA_START_ARGS", "--mount 'x", "quote is not closed"},
	{"EXTRA_START_ARGS", "--vm-type vz", "--vm-type is not accepted here; use COLIMA_VM_TYPE"},
	{"EXTRA_START_ARGS", "--vm-type=vz", "use COLIMA_VM_TYPE"},
	{"EXTRA_START_ARGS", "--vm-\"type\" vz", "use COLIMA_VM_TYPE"},
	{"EXTRA_START_ARGS", "-s -tvz", "use COLIMA_VM_TYPE"},
	{"EXTRA_START_ARGS", "--dns 1.1.1.1 -r containerd", "use COLIMA_RUNTIME"},
	{"EXTRA_START_ARGS", "--cpu 4", "use COLIMA_CPUS"},
	{"EXTRA_START_ARGS", "--edit", "not accepted"},
	{"EXTRA_START_ARGS", "-- other", "not accepted"},
	{"EXTRA_START_ARGS", "other", "take it for the profile"},
	{"ENV_", "x", "letters, digits and _"},
	{"ENV_1X", "x", "not a digit first"},
	{"ENV_A-B", "x", "letters, digits and _"},
	{"ENV_HOME", "/x", "decided by the daemon"},
	{"ENV_USER", "x", "decided by the daemon"},
	{"ENV_LOGNAME", "x", "decided by the daemon"},
	{"ENV_PATH", "/x", "decided by the daemon, from the key TOOL_PATH"},
	{"ENV_SHELL", "x", "decided by the daemon"},
	{"ENV_COLIMA_HOME", "/x", "decided by the daemon"},
	{"ENV_LIMA_HOME", "/x", "decided by the daemon"},
	{"ENV_XDG_CONFIG_HOME", "/x", "decided by the daemon"},
	{"ENV_DOCKER_HOST", "x", "decided by the daemon"},
	{"ENV_DOCKER_CONTEXT", "x", "decided by the daemon"},
	{"ENV_COLIMA_PROFILE", "x", "decided by the daemon"},
	{"NO_SUCH_KEY", "x", "no such key"},
};

static void
test_refused_values(void **state)
{
	static struct conf before;
	struct err err;

	(void)state;
	conf_defaults(&conf);
	before = conf;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_int_equal(conf_set(&conf, refused[i].key, refused[i].value, &err), -EINVAL);
		assert_true(str_starts(err.msg, refused[i].key));
		if (!strstr(err.msg, refused[i].says))
			fail_msg("%s lacks: %s", err.msg, refused[i].says);
		assert_memory_equal(&conf, &before, sizeof(conf));
		assert_int_equal(conf_set(&conf, refused[i].key, refused[i].value, NULL), -EINVAL);
	}
}

static void
test_accepted_values(void **state)
{
	/* The value that is kept, NULL when it is the same. */
	static const struct {
		const char *key, *value, *kept;
	} accepted[] = {
		{"COLIMA_VM_TYPE", "QEMU", "qemu"},
		{"COLIMA_RUNTIME", "Docker", "docker"},
		{"PRUNE_MODE", "Images", "images"},
		{"CLEAN_OTHER_COLIMA_DAEMONS", "TRUE", "true"},
		{"LOG_LEVEL", "debug", NULL},
		{"CONTAINER_DEBUG_SCRIPT", "YES", "true"},
		{"CONTAINER_DEBUG_SCRIPT", "on", "true"},
		{"CONTAINER_DEBUG_SCRIPT", "1", "true"},
		{"COLIMA_START_FILTER_INFO", "No", "false"},
		{"COLIMA_START_FILTER_INFO", "off", "false"},
		{"COLIMA_START_FILTER_INFO", "0", "false"},
		{"COLIMA_PROFILE", "a-b_c.9", NULL},
		{"TOOL_PATH", "/opt/homebrew/bin:/x y/bin", NULL},
		{"BACKUP_DIR_BASE", "backups", NULL},
		{"EXTRA_START_ARGS", "--mount '/a b:w' --dns 1.1.1.1 -V /tmp:w -s", NULL},
		{"EXTRA_START_ARGS", "--cpu-type host --disk-image=/x --edit-x", NULL},
		{"WAKE_GRACE", "0", NULL},
		{"COLIMA_CPUS", "04", "4"},
	};
	struct err err;

	(void)state;
	conf_defaults(&conf);
	for (size_t i = 0; i < COUNT(accepted); i++) {
		const char *kept = accepted[i].kept ? accepted[i].kept : accepted[i].value;

		assert_int_equal(conf_set(&conf, accepted[i].key, accepted[i].value, &err), 0);
		assert_string_equal(err.msg, "");
		assert_value(accepted[i].key, kept);
	}
}

/* The replaced script's ${KEY:=default} (parity P12). */
static void
test_empty_means_default(void **state)
{
	static struct conf want;

	(void)state;
	conf_defaults(&want);
	conf_defaults(&conf);
	assert_int_equal(conf_set(&conf, "COLIMA_CPUS", "7", NULL), 0);
	assert_int_equal(conf_set(&conf, "LOG_PATH", "/x", NULL), 0);
	for (size_t i = 0; i < conf_n_keys; i++)
		assert_int_equal(conf_set(&conf, conf_keys[i].name, "", NULL), 0);
	assert_memory_equal(&conf.colima_cpus, &want.colima_cpus, sizeof(want.colima_cpus));
	assert_string_equal(conf.log_path, want.log_path);
	assert_string_equal(conf.colima_profile, "default");
	assert_int_equal(parse(USER "COLIMA_CPUS=\nLABEL=\"\"\nPRUNE_MODE= # none\n"), 0);
	assert_int_equal(notes.n, 0);
}

static void
test_warned_values(void **state)
{
	(void)state;
	assert_int_equal(parse(USER "PRUNE_MODE=everything\n"), 0);
	assert_note(CONF_WARNING, 2,
		"pulse.conf:2: PRUNE_MODE: \"everything\" is unknown and counts as none; known: "
		"none, safe, images, aggressive");
	assert_value("PRUNE_MODE", "none");
	assert_int_equal(parse(USER "COLIMA_PROFILE=colima-work\n"), 0);
	assert_note(CONF_WARNING, 2,
		"pulse.conf:2: COLIMA_PROFILE: Colima drops the prefix colima-; the profile is "
		"\"work\"");
	assert_int_equal(parse(USER "COLIMA_MEMORY=1\n"), 0);
	assert_note(CONF_WARNING, 2,
		"pulse.conf:2: COLIMA_MEMORY: below 2 GiB Docker is short of memory");
	assert_int_equal(parse(USER "WRITE_ENV_EXAMPLE=true\n"), 0);
	assert_note(CONF_WARNING, 2,
		"pulse.conf:2: WRITE_ENV_EXAMPLE: does nothing here; use `pulsectl config "
		"template`");
	assert_int_equal(parse(USER "WRITE_ENV_EXAMPLE=false\n"), 0);
	assert_int_equal(notes.n, 0);
}

/* The lines (parity P7). */

static void
test_line_forms(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"LABEL=x", "x"},
		{"LABEL=x\n", "x"},
		{"LABEL=x\r\n", "x"},
		{"LABEL=x\r", "x"},
		{"  \t LABEL=x\n", "x"},
		{"LABEL =x\n", "x"},
		{"LABEL\t= \tx \t\n", "x"},
		{"export LABEL=x\n", "x"},
		{"  export\t LABEL = x\n", "x"},
		{"LABEL='x'\n", "x"},
		{"LABEL=\"x\"\n", "x"},
		{"LABEL=\"x\"\r\n", "x"},
		{"LABEL=x # comment\n", "x"},
		{"LABEL=x\t# comment\n", "x"},
		{"LABEL=x # one # two\n", "x"},
		{"LABEL=\"x\" # comment\n", "x"},
		{"LABEL='x' # it's a \"comment\"\n", "x"},
		{"LABEL='x'# comment\n", "x"},
		{"\xef\xbb\xbfLABEL=x\n", "x"},
		{"\n\n \t \n# comment\n   # comment\n#LABEL=y\nLABEL=x\n\n", "x"},
		{"BACKUP_DIR_BASE=a b\n", "a b"},
		{"BACKUP_DIR_BASE=\" a \"\n", " a "},
		{"BACKUP_DIR_BASE=\"a # b\"\n", "a # b"},
		{"BACKUP_DIR_BASE='a\"b'\n", "a\"b"},
		{"BACKUP_DIR_BASE=\"it's\"\n", "it's"},
		{"BACKUP_DIR_BASE=\"say \"hi\"\"\n", "say \"hi\""}, /* as the replaced script */
		{"BACKUP_DIR_BASE=a=b\n", "a=b"},
		{"BACKUP_DIR_BASE=$HOME/`id`\\n\n", "$HOME/`id`\\n"}, /* never executed */
		{"BACKUP_DIR_BASE=it's\n", "it's"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		bool bom = cases[i].line[0] == '\xef';

		/* A BOM can only be first. */
		(void)str_fmt(text, sizeof(text), "%s%s%s", bom ? "" : USER, cases[i].line,
			bom ? USER : "");
		assert_int_equal(parse(text), 0);
		assert_int_equal(notes.n, 0);
		assert_value(strstr(text, "LABEL") ? "LABEL" : "BACKUP_DIR_BASE", cases[i].want);
		assert_value("HOMEBREW_USER", "mini");
	}
}

static void
test_odd_lines_are_warned(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"HOMEBREW", "pulse.conf:2: there is no \"=\"; the line is skipped"},
		{"export", "pulse.conf:2: there is no \"=\"; the line is skipped"},
		{"=x", "pulse.conf:2: what stands before \"=\" cannot be a key; the line is "
		       "skipped"},
		{"export =x", "pulse.conf:2: what stands before \"=\" cannot be a key; the line is "
			      "skipped"},
		{"1A=x", "pulse.conf:2: what stands before \"=\" cannot be a key; the line is "
			 "skipped"},
		{"TOKEN-X=geheim",
			"pulse.conf:2: what stands before \"=\" cannot be a key; the line is "
			"skipped"},
		{"A B=x", "pulse.conf:2: what stands before \"=\" cannot be a key; the line is "
			  "skipped"},
		{"COLIMA_CPU=3",
			"pulse.conf:2: COLIMA_CPU: unknown key, did you mean COLIMA_CPUS?"},
		{"colima_cpus=3",
			"pulse.conf:2: colima_cpus: unknown key, did you mean COLIMA_CPUS?"},
		{"SOMETHING_ELSE=3", "pulse.conf:2: SOMETHING_ELSE: unknown key"},
		{"BACKUP_DIR_BASE=x#y",
			"pulse.conf:2: BACKUP_DIR_BASE: the # is part of the value; a comment needs a blank "
			"before it"},
		{"FULL_RESET=true",
			"pulse.conf:2: FULL_RESET is ignored: it is a choice for one run, made by "
			"the flag --full-reset"},
		{"export FORCE_YES=true",
			"pulse.conf:2: FORCE_YES is ignored: it is a choice for one run, made by "
			"the flag --force-yes"},
		{"RESET_REQUIRE_CONFIRM=false",
			"pulse.conf:2: RESET_REQUIRE_CONFIRM is ignored: it is a choice for one "
			"run, made by the flag --no-confirm"},
		{"RESET_CONFIRM_TOKEN=X",
			"pulse.conf:2: RESET_CONFIRM_TOKEN is ignored: it is a choice for one run, "
			"made by the flag --confirm-token=WORD"},
		{"RESET_BACKUP_MODE=move",
			"pulse.conf:2: RESET_BACKUP_MODE is ignored: it is a choice for one run, "
			"made by the flag --backup=MODE"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];

		(void)str_fmt(text, sizeof(text), USER "%s\nCOLIMA_DISK=30\n", cases[i].line);
		assert_int_equal(parse(text), 0);
		assert_int_equal(notes.n, 1);
		assert_string_equal(notes.note[0].text, cases[i].says);
		assert_int_equal(notes.note[0].severity, CONF_WARNING);
		assert_int_equal(notes.note[0].line, 2);
		assert_value("COLIMA_DISK", "30");
	}
}

static void
test_bad_lines_are_errors(void **state)
{
	static const char nul[] = USER "LABEL=a\0b\nCOLIMA_DISK=0\n";
	char text[2 * CONF_LINE_MAX];

	(void)state;
	assert_int_equal(parse(USER "\nLABEL=\"x\n"), -EINVAL);
	assert_note(CONF_ERROR, 3,
		"pulse.conf:3: LABEL: the quote is not closed, or something else than a # comment "
		"follows it");
	assert_int_equal(parse(USER "LABEL='x\" # y\n"), -EINVAL);
	assert_int_equal(parse(USER "LABEL='x'y\n"), -EINVAL);
	assert_int_equal(parse(USER "LABEL=\"\n"), -EINVAL);
	assert_int_equal(parse_bytes(nul, sizeof(nul) - 1), -EINVAL);
	assert_int_equal(notes.n_errors, 2); /* the lines behind are looked at as well */
	assert_string_equal(notes.note[0].text, "pulse.conf:2: the line holds a NUL byte");
	(void)str_fmt(text, sizeof(text), USER "#%*s\nLABEL=x\n", CONF_LINE_MAX - 2, "");
	assert_int_equal(parse(text), 0);
	assert_value("LABEL", "x");
	(void)str_fmt(text, sizeof(text), USER "#%*s\nLABEL=x\n", CONF_LINE_MAX - 1, "");
	assert_int_equal(parse(text), -EINVAL);
	assert_note(CONF_ERROR, 2, "pulse.conf:2: the line is longer than 4095 bytes");
}

static void
test_long_values(void **state)
{
	char text[CONF_STR_MAX + 64];

	(void)state;
	(void)str_fmt(text, sizeof(text), USER "CONTROL_GROUP=%0*d\n", CONF_STR_MAX - 1, 0);
	assert_int_equal(parse(text), 0);
	assert_int_equal(strlen(conf.control_group), CONF_STR_MAX - 1);
	(void)str_fmt(text, sizeof(text), USER "CONTROL_GROUP=%0*d\n", CONF_STR_MAX, 0);
	assert_int_equal(parse(text), -EINVAL);
	assert_note(
		CONF_ERROR, 2, "pulse.conf:2: CONTROL_GROUP: the value is longer than 1023 bytes");
	/* A message that quotes it still says what is accepted. */
	(void)str_fmt(text, sizeof(text), USER "LOG_LEVEL=%0*d\n", CONF_STR_MAX - 1, 0);
	assert_int_equal(parse(text), -EINVAL);
	assert_true(str_ends(notes.note[0].text, "use error, warn, info, debug"));
}

/* Text of the file in a message cannot drive a terminal. */
static void
test_notes_are_escaped(void **state)
{
	(void)state;
	assert_int_equal(parse(USER "LOG_LEVEL=\x1b]0;x\x07\n"), -EINVAL);
	assert_note(CONF_ERROR, 2,
		"pulse.conf:2: LOG_LEVEL: \"\\x1b]0;x\\x07\" is not accepted; use error, warn, "
		"info, debug");
}

/* Parity P8. */
static void
test_duplicates(void **state)
{
	(void)state;
	assert_int_equal(parse(USER "LABEL=a\nLABEL=b\n\nLABEL=c\n"), 0);
	assert_value("LABEL", "c");
	assert_int_equal(notes.n, 2);
	assert_string_equal(notes.note[0].text,
		"pulse.conf:3: LABEL: was set before, on line 2; the last one counts");
	assert_string_equal(notes.note[1].text,
		"pulse.conf:5: LABEL: was set before, on line 2, 3; the last one counts");
	assert_int_equal(parse(USER "ENV_A=1\nENV_B=2\nENV_A=3\n"), 0);
	assert_note(CONF_WARNING, 4,
		"pulse.conf:4: ENV_A: was set before, on line 2; the last one counts");
	assert_int_equal(conf.n_env, 2);
	assert_string_equal(conf.env[0].value, "3");
}

static void
test_many_duplicates(void **state)
{
	char text[4096] = USER;

	(void)state;
	for (int i = 0; i < 100; i++) {
		size_t len = strlen(text);

		(void)str_fmt(text + len, sizeof(text) - len, "COLIMA_CPUS=%d\n", i + 1);
	}
	assert_int_equal(parse(text), 0);
	assert_value("COLIMA_CPUS", "100");
	assert_int_equal(notes.n, CONF_NOTES_MAX);
	assert_int_equal(notes.n_lost, 99 - CONF_NOTES_MAX);
	/* Whole numbers only. */
	assert_string_equal(notes.note[63].text,
		"pulse.conf:66: COLIMA_CPUS: was set before, on line 2, 3, 4, 5, 6, 7, 8, 9, 10, "
		"11, 12, 13, 14, 15; the last one counts");
}

static void
test_errors_are_counted_when_lost(void **state)
{
	char text[4096] = USER;

	(void)state;
	for (int i = 0; i < 70; i++) {
		size_t len = strlen(text);

		(void)str_fmt(text + len, sizeof(text) - len, "no equals sign\n");
	}
	(void)strncat(text, "COLIMA_CPUS=x\n", sizeof(text) - strlen(text) - 1);
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(notes.n_errors, 1);
	assert_int_equal(notes.n_lost, 7);
}

/* Rules that span keys. */

static void
test_checks(void **state)
{
	(void)state;
	assert_int_equal(parse(""), -EINVAL);
	assert_note(CONF_ERROR, 0,
		"pulse.conf: HOMEBREW_USER: required: the account that owns Homebrew and Colima");
	assert_int_equal(parse("HOMEBREW_USER=\n"), -EINVAL);
	assert_int_equal(notes.n, 1);
	assert_int_equal(parse(USER "BACKOFF_MIN=10\nBACKOFF_MAX=9\n"), -EINVAL);
	assert_note(CONF_ERROR, 0,
		"pulse.conf: BACKOFF_MIN: 10 is greater than BACKOFF_MAX, which is 9");
	assert_int_equal(parse(USER "BACKOFF_MIN=9\nBACKOFF_MAX=9\n"), 0);
	assert_int_equal(parse("HOMEBREW_USER=root\n"), -EINVAL);
	assert_string_equal(notes.note[0].text,
		"pulse.conf:1: HOMEBREW_USER: root is refused: Lima does not run as root; name the "
		"account that owns Homebrew and Colima");
	assert_int_equal(notes.note[0].line, 1);
}

/* ENV_NAME. */

static void
test_env(void **state)
{
	(void)state;
	assert_int_equal(parse(USER "ENV_HTTPS_PROXY=http://u:geheim@proxy:3128\n"
				    "ENV_DOCKER_CONFIG=/x\nENV__x9=\"a b\"\nENV_EMPTY=\n"),
		0);
	assert_int_equal(notes.n, 0);
	assert_int_equal(conf.n_env, 4);
	assert_string_equal(conf.env[0].name, "HTTPS_PROXY");
	assert_string_equal(conf.env[0].value, "http://u:geheim@proxy:3128");
	assert_string_equal(conf.env[2].name, "_x9");
	assert_string_equal(conf.env[2].value, "a b");
	assert_string_equal(conf.env[3].value, "");
	assert_int_equal(parse(USER "ENV_HOME=/geheim\n"), -EINVAL);
	assert_note(CONF_ERROR, 2,
		"pulse.conf:2: ENV_HOME: HOME is decided by the daemon, from the key "
		"HOMEBREW_USER");
}

static void
test_env_limits(void **state)
{
	char name[200], value[CONF_STR_MAX + 8];
	struct err err;

	(void)state;
	conf_defaults(&conf);
	(void)str_fmt(value, sizeof(value), "%0*d", CONF_STR_MAX, 0);
	assert_int_equal(conf_set(&conf, "ENV_A", value, &err), -EINVAL);
	assert_null(strstr(err.msg, "000"));
	assert_int_equal(conf_set(&conf, "ENV_A", value + 1, &err), 0);
	(void)str_fmt(name, sizeof(name), "ENV_A%0*d", 127, 0);
	assert_int_equal(conf_set(&conf, name, "x", &err), -EINVAL);
	name[strlen(name) - 1] = '\0';
	assert_int_equal(conf_set(&conf, name, "x", &err), 0);
	assert_int_equal(conf.n_env, 2);
	while (conf.n_env < CONF_ENV_MAX) {
		(void)str_fmt(name, sizeof(name), "ENV_B%zu", conf.n_env);
		assert_int_equal(conf_set(&conf, name, "x", &err), 0);
	}
	assert_int_equal(conf_set(&conf, "ENV_ONE_MORE", "x", &err), -E2BIG);
	assert_string_equal(err.msg, "ENV_ONE_MORE: more than 32 variables");
	assert_int_equal(conf_set(&conf, "ENV_A", "again", &err), 0);
	assert_string_equal(conf.env[0].value, "again");
}

/* The replaced script's file, every key of it (parity P12). */
static void
test_old_env_file(void **state)
{
	(void)state;
	assert_int_equal(
		parse("# Colima Pulse\r\n"
		      "\r\n"
		      "HOMEBREW_USER=mini\r\n"
		      "export COLIMA_PROFILE=default\r\n"
		      "COLIMA_RUNTIME=docker   # locked\r\n"
		      "COLIMA_VM_TYPE=\"qemu\"\r\n"
		      "COLIMA_CPUS=4\r\nCOLIMA_MEMORY=8\r\nCOLIMA_DISK='60'\r\n"
		      "LABEL=homebrew.mrcee.colima-pulse\r\nLOG_PATH=/var/log/colima.log\r\n"
		      "BACKUP_DIR_BASE=./backups\r\nCLEAN_OTHER_COLIMA_DAEMONS=prompt\r\n"
		      "PRUNE_DOCKER_AFTER_START=true\r\nPRUNE_MODE=safe\r\n"
		      "WAIT_SOCKET_MAX=180\r\nWAIT_DOCKER_API_MAX=180\r\nWAIT_QEMU_MAX=120\r\n"
		      "WAIT_STABLE_REQUIRED=5\r\nCONTAINER_TRIES=3\r\n"
		      "CONTAINER_DEBUG_SCRIPT=false\r\nCOLIMA_START_FILTER_INFO=TRUE\r\n"
		      "WRITE_ENV_EXAMPLE=false"),
		0);
	assert_int_equal(notes.n, 0);
	assert_value("COLIMA_CPUS", "4");
	assert_value("COLIMA_DISK", "60");
	assert_value("PRUNE_MODE", "safe");
	assert_value("COLIMA_START_FILTER_INFO", "true");
}

/* Printing. */

static void
assert_round_trip(void)
{
	static struct conf before;
	char live[128], restart[128];
	char *text = printed(print_conf);

	before = conf;
	assert_int_equal(parse(text), 0);
	assert_int_equal(
		conf_diff(&before, &conf, live, sizeof(live), restart, sizeof(restart)), 0);
	free(text);
}

static void
test_print_round_trip(void **state)
{
	static const char *const values[] = {"x", "a b", " a ", "a#b", "a # b", "#", "it's",
		"say \"hi\"", "it's \"hi\"", "'a\" b", "\"", "'", "\"\"", "a\\b", "$HOME", "`id`",
		"\xc3\xa4", "a\tb", "a'b\"c # d"};

	(void)state;
	conf_defaults(&conf);
	(void)conf_set(&conf, "HOMEBREW_USER", "mini", NULL);
	assert_round_trip();
	for (size_t i = 0; i < COUNT(values); i++) {
		assert_int_equal(conf_set(&conf, "BACKUP_DIR_BASE", values[i], NULL), 0);
		assert_round_trip();
		assert_string_equal(conf.backup_dir_base, values[i]);
	}
	for (size_t i = 0; i < conf_n_keys; i++) {
		char max[32];

		(void)str_fmt(max, sizeof(max), "%" PRId64, conf_keys[i].max);
		if (conf_keys[i].type == CONF_TYPE_INT)
			assert_int_equal(conf_set(&conf, conf_keys[i].name, max, NULL), 0);
		if (conf_keys[i].type == CONF_TYPE_BOOL)
			assert_int_equal(conf_set(&conf, conf_keys[i].name, "true", NULL), 0);
	}
	assert_round_trip();
}

static void
test_print_masks(void **state)
{
	struct conf_key secret = *key_of("TOOL_PATH");
	char value[CONF_STR_MAX];
	char *text;

	(void)state;
	assert_int_equal(parse(USER "ENV_TOKEN=geheim\nTOOL_PATH=/geheim\n"), 0);
	secret.flags |= CONF_SECRET;
	conf_value(&conf, &secret, value, sizeof(value));
	assert_string_equal(value, "********");
	assert_int_equal(conf_set(&conf, "TOOL_PATH", "", NULL), 0);
	conf_value(&conf, &secret, value, sizeof(value));
	assert_string_equal(value, "");
	text = printed(print_conf);
	assert_non_null(strstr(text, "\nENV_TOKEN=********\n"));
	assert_null(strstr(text, "geheim"));
	free(text);
}

static char *
slurp(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (!in || !text)
		fail_msg("%s cannot be read", path);
	assert_true(fread(text, 1, 65535, in) > 0);
	(void)fclose(in);
	return text;
}

static void
test_template_is_the_example_file(void **state)
{
	char *text = printed(conf_template);
	char *file = slurp(PULSE_SOURCE_DIR "/etc/colima-pulse.conf");

	(void)state;
	/* When it fails: pulsectl config template > etc/colima-pulse.conf */
	assert_string_equal(file, text);
	assert_int_equal(parse(text), 0);
	assert_int_equal(notes.n, 0);
	free(file);
	free(text);
}

/* Every line of the template that is commented out is the default. */
static void
test_template_shows_the_defaults(void **state)
{
	static struct conf want;
	char *text = printed(conf_template);

	(void)state;
	for (size_t i = 0; i < conf_n_keys; i++) {
		char line[CONF_STR_MAX];
		char *at;

		(void)str_fmt(line, sizeof(line), "\n%s%s=%s",
			conf_keys[i].flags & CONF_REQUIRED ? "" : "#", conf_keys[i].name,
			conf_keys[i].flags & CONF_REQUIRED ? "" : conf_keys[i].def);
		at = strstr(text, line);
		assert_non_null(at);
		if (at[1] == '#')
			at[1] = ' ';
	}
	assert_int_equal(parse(text), 0);
	assert_int_equal(notes.n, 0);
	conf_defaults(&want);
	(void)conf_set(&want, "HOMEBREW_USER", conf.homebrew_user, NULL);
	assert_memory_equal(&conf, &want, sizeof(want));
	for (const char *line = text; line; line = strchr(line + 1, '\n'))
		assert_true(strcspn(line + 1, "\n") <= 100);
	free(text);
}

static void
test_mdoc(void **state)
{
	char *text = printed(conf_print_mdoc);
	char *page = slurp(PULSE_SOURCE_DIR "/docs/man/colima-pulse.conf.5");

	(void)state;
	for (size_t i = 0; i < conf_n_keys; i++) {
		char item[128];

		(void)str_fmt(item, sizeof(item), "\n.It Ev %s\n%.8s", conf_keys[i].name,
			conf_keys[i].help);
		assert_non_null(strstr(text, item));
		assert_int_not_equal(conf_keys[i].help[0], '.');
	}
	/* When it fails: the output of pulsectl config mdoc belongs into the page. */
	assert_non_null(strstr(page, text));
	free(page);
	free(text);
}

static void
test_window(void **state)
{
	static const char *const bad[] = {"", "3:00-05:00", "03:00", "24:00-05:00", "03:60-05:00",
		"03:00-05:0x", "03.00-05:00", "03:00+05:00", "03:00-05:000"};
	int from, to;

	(void)state;
	assert_int_equal(conf_window("03:00-05:30", &from, &to), 0);
	assert_int_equal(from, 180);
	assert_int_equal(to, 330);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(conf_window(bad[i], &from, &to), -EINVAL);
	assert_true(conf_in_window("03:00-05:30", 180) && conf_in_window("03:00-05:30", 329));
	assert_false(conf_in_window("03:00-05:30", 330) || conf_in_window("03:00-05:30", 179));
	assert_true(conf_in_window("23:00-01:00", 0) && conf_in_window("23:00-01:00", 1380));
	assert_false(conf_in_window("23:00-01:00", 60) || conf_in_window("", 0));
	assert_int_equal(conf_set(&conf, "MAINTENANCE_WINDOW", "never", NULL), -EINVAL);
}

/* Differences. */

static void
test_diff(void **state)
{
	static struct conf a, b;
	char live[128], restart[128];

	(void)state;
	conf_defaults(&a);
	b = a;
	assert_int_equal(conf_diff(&a, &b, live, sizeof(live), restart, sizeof(restart)), 0);
	assert_string_equal(live, "");
	assert_string_equal(restart, "");
	(void)conf_set(&b, "PROBE_INTERVAL", "7", NULL);
	(void)conf_set(&b, "LOG_KEEP", "7", NULL);
	(void)conf_set(&b, "COLIMA_CPUS", "7", NULL);
	(void)conf_set(&b, "TOOL_PATH", "/x", NULL);
	assert_int_equal(conf_diff(&a, &b, live, sizeof(live), restart, sizeof(restart)), 4);
	assert_string_equal(live, "LOG_KEEP PROBE_INTERVAL");
	assert_string_equal(restart, "COLIMA_CPUS TOOL_PATH");
	assert_int_equal(conf_diff(&a, &b, live, 13, restart, 16), 4);
	assert_string_equal(live, "LOG_KEEP ...");
	assert_string_equal(restart, "COLIMA_CPUS ...");
	/* No room for the first one and the mark; more than one that does not fit. */
	(void)conf_set(&b, "WAKE_GRACE", "7", NULL);
	assert_int_equal(conf_diff(&a, &b, live, 12, restart, 20), 5);
	assert_string_equal(live, "...");
	assert_int_equal(conf_diff(&a, &b, live, 20, restart, 20), 5);
	assert_string_equal(live, "LOG_KEEP ...");
}

static void
test_diff_env(void **state)
{
	static struct conf a, b;
	char live[128], restart[128];

	(void)state;
	conf_defaults(&a);
	b = a;
	(void)conf_set(&a, "ENV_SAME", "1", NULL);
	(void)conf_set(&a, "ENV_CHANGED", "1", NULL);
	(void)conf_set(&a, "ENV_GONE", "1", NULL);
	(void)conf_set(&b, "ENV_NEW", "geheim", NULL);
	(void)conf_set(&b, "ENV_CHANGED", "2", NULL);
	(void)conf_set(&b, "ENV_SAME", "1", NULL);
	assert_int_equal(conf_diff(&a, &b, live, sizeof(live), restart, sizeof(restart)), 3);
	assert_string_equal(live, "");
	assert_string_equal(restart, "ENV_CHANGED ENV_GONE ENV_NEW");
	assert_int_equal(conf_diff(&a, &a, live, sizeof(live), restart, sizeof(restart)), 0);
}

/* What rt_reload() does with a live key: out as text, in as text. */
static void
test_live_values_copy_as_text(void **state)
{
	static struct conf fresh;
	char value[CONF_STR_MAX];

	(void)state;
	conf_defaults(&fresh);
	conf_defaults(&conf);
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];

		if (!(key->flags & CONF_LIVE))
			continue;
		(void)str_fmt(value, sizeof(value), "%" PRId64, key->max);
		(void)conf_set(&fresh, key->name,
			key->type == CONF_TYPE_INT    ? value
			: key->type == CONF_TYPE_BOOL ? "false"
			: key->type == CONF_TYPE_STR  ? "03:00-05:00" /* the one live text */
						      : key->choices[1],
			NULL);
		conf_value(&fresh, key, value, sizeof(value));
		assert_int_equal(conf_set(&conf, key->name, value, NULL), 0);
	}
	assert_memory_equal(&conf, &fresh, sizeof(conf));
}

/* Words. */

static void
test_words(void **state)
{
	static const struct {
		const char *text, *want; /* each word in <> */
	} cases[] = {
		{"", ""},
		{" \t\n ", ""},
		{"a", "<a>"},
		{"  a  b\tc ", "<a><b><c>"},
		{"'a b' \"c d\"", "<a b><c d>"},
		{"a'b'\"c\"d", "<abcd>"},
		{"'' \"\"", "<><>"},
		{"a\\ b \\\"", "<a b><\">"},
		{"'a\\b'", "<a\\b>"},
		{"\"a\\\"b\\\\c\\$d\\`e\\nf\"", "<a\"b\\c$d`e\\nf>"},
		{"'it'\\''s'", "<it's>"},
		{"\"it's\" 'say \"hi\"'", "<it's><say \"hi\">"},
		{"$HOME `id` * ~ # ; |", "<$HOME><`id`><*><~><#><;><|>"},
		{"--env K='a b'", "<--env><K=a b>"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char store[64], got[128] = "", *words[16];
		struct err err;

		assert_int_equal(
			conf_words(cases[i].text, store, sizeof(store), words, 16, &err), 0);
		for (size_t w = 0; words[w]; w++) {
			size_t len = strlen(got);

			(void)str_fmt(got + len, sizeof(got) - len, "<%s>", words[w]);
		}
		assert_string_equal(got, cases[i].want);
	}
}

static void
test_words_refuses(void **state)
{
	static const char *const open[] = {
		"'a", "\"a", "a'", "a\\", "\"a\\", "\"a\\\"", "'a\"", "\""};
	char store[8], *words[4];
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(open); i++) {
		assert_int_equal(
			conf_words(open[i], store, sizeof(store), words, 4, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "quote is not closed"));
		assert_int_equal(
			conf_words(open[i], store, sizeof(store), words, 4, NULL), -EINVAL);
	}
	assert_int_equal(conf_words("a b c", store, sizeof(store), words, 4, &err), 0);
	assert_int_equal(conf_words("a b c d", store, sizeof(store), words, 4, &err), -E2BIG);
	assert_string_equal(err.msg, "more than 3 words");
	assert_int_equal(conf_words("1234567", store, sizeof(store), words, 4, &err), 0);
	assert_int_equal(conf_words("12345678", store, sizeof(store), words, 4, &err), -E2BIG);
	assert_int_equal(conf_words("'12345678'", store, sizeof(store), words, 4, &err), -E2BIG);
	assert_int_equal(conf_words("123 5678", store, sizeof(store), words, 4, &err), -E2BIG);
	assert_string_equal(err.msg, "the words are too long");
}

/* Files. */

static void
load(const char *path, int rc, const char *says)
{
	memset(&conf, 0xa5, sizeof(conf));
	memset(&notes, 0xa5, sizeof(notes));
	assert_int_equal(conf_load(&conf, path, &notes), rc);
	if (!says) {
		assert_int_equal(notes.n, 0);
		return;
	}
	assert_int_equal(notes.n, 1);
	assert_int_equal(notes.n_errors, 1);
	assert_true(str_starts(notes.note[0].text, path));
	assert_true(str_ends(notes.note[0].text, says));
	/* pulsectl goes on with the defaults. */
	assert_value("LOG_PATH", "/var/log/colima.log");
}

static void
test_load(void **state)
{
	char path[] = "/tmp/test_conf.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	(void)state;
	assert_non_null(file);
	fputs(USER, file);
	fflush(file);
	load(path, 0, NULL);
	assert_value("HOMEBREW_USER", "mini");
	fputs("COLIMA_CPUS=x\n", file);
	fflush(file);
	load(path, -EINVAL, "from 1 to 1024");
	assert_int_equal(ftruncate(fd, 0), 0);
	rewind(file);
	load(path, -EINVAL, "that owns Homebrew and Colima");
	for (int i = 0; i < CONF_FILE_MAX / 16; i++)
		fputs("# fifteen bytes\n", file);
	fflush(file);
	load(path, -EFBIG, "larger than 256 KiB");
	fclose(file);
	(void)unlink(path);
	load(path, -ENOENT, "No such file or directory");
	load("/tmp", -EISDIR, "not a file");
}

/* Any input: no crash, and an answer that fits the notes. */

static void
assert_consistent(int rc)
{
	size_t errors = 0;

	assert_true(notes.n <= CONF_NOTES_MAX);
	assert_true(notes.n_lost == 0 || notes.n == CONF_NOTES_MAX);
	for (size_t i = 0; i < notes.n; i++) {
		errors += notes.note[i].severity == CONF_ERROR;
		assert_true(str_starts(notes.note[i].text, "pulse.conf"));
		assert_true(strlen(notes.note[i].text) < sizeof(notes.note[i].text));
	}
	assert_true(errors <= notes.n_errors && notes.n_errors <= errors + notes.n_lost);
	assert_int_equal(rc, notes.n_errors ? -EINVAL : 0);
	assert_true(conf.n_env <= CONF_ENV_MAX);
	assert_string_equal(conf.colima_vm_type, "qemu");
	assert_string_equal(conf.colima_runtime, "docker");
	assert_true(conf.log_path[0] == '/');
}

static const char sample[] = "\xef\xbb\xbf# comment\r\n" USER "export COLIMA_PROFILE = 'work' # x\n"
			     "COLIMA_VM_TYPE=\"qemu\"\nCOLIMA_RUNTIME=docker\nCOLIMA_CPUS=4\n"
			     "EXTRA_START_ARGS=--mount \"/a b:w\" --dns '1.1.1.1'\n"
			     "ENV_HTTPS_PROXY=http://u:p@h:1/#x\nLOG_PATH=/var/log/x\n"
			     "COLIMA_CPU=2\nFULL_RESET=true\n=\nPRUNE_MODE=odd\nLABEL=x y\n";

static void
test_truncated(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(sample); len++)
		assert_consistent(parse_bytes(sample, len));
}

static void
test_mutated(void **state)
{
	static const char odd[] = "=#'\"\\ \n\r\t\0\x1b\xff_A0-:/";
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char text[sizeof(sample)];

		memcpy(text, sample, sizeof(text));
		for (int i = 0; i < 1 + round % 8; i++) {
			size_t at, what;

			seed = seed * 1664525u + 1013904223u;
			at = (seed >> 8) % sizeof(text);
			seed = seed * 1664525u + 1013904223u;
			what = (seed >> 8) % sizeof(odd);
			text[at] = odd[what];
		}
		assert_consistent(parse_bytes(text, sizeof(text)));
	}
}

/* Whatever was parsed without an error is printed so that it is read back. */
static void
test_mutated_round_trip(void **state)
{
	static const char odd[] = "=#'\"\\ \t_a$";
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char text[64] = USER "BACKUP_DIR_BASE=";
		size_t len = strlen(text);

		for (int i = 0; i < 1 + round % 10; i++) {
			seed = seed * 1664525u + 1013904223u;
			text[len++] = odd[(seed >> 8) % (sizeof(odd) - 1)];
		}
		text[len] = '\0';
		if (parse(text) == 0)
			assert_round_trip();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_default_is_accepted),
		cmocka_unit_test(test_live_keys),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_some_ranges),
		cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_accepted_values),
		cmocka_unit_test(test_empty_means_default),
		cmocka_unit_test(test_warned_values),
		cmocka_unit_test(test_line_forms),
		cmocka_unit_test(test_odd_lines_are_warned),
		cmocka_unit_test(test_bad_lines_are_errors),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_notes_are_escaped),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_many_duplicates),
		cmocka_unit_test(test_errors_are_counted_when_lost),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_env_limits),
		cmocka_unit_test(test_old_env_file),
		cmocka_unit_test(test_print_round_trip),
		cmocka_unit_test(test_print_masks),
		cmocka_unit_test(test_template_is_the_example_file),
		cmocka_unit_test(test_template_shows_the_defaults),
		cmocka_unit_test(test_mdoc),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_env),
		cmocka_unit_test(test_live_values_copy_as_text),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_refuses),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_mutated_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
