/* Rules of one value that no type or range can say. They see the value before its type does. */

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "conf/conf_internal.h"

static int
not_root(const char *key, const char *value, struct err *err)
{
	if (strcmp(value, "root") != 0)
		return 0;
	return err_set(err, -EINVAL,
		"%s: root is refused: Lima does not run as root; name the account "
		"that owns Homebrew and Colima",
		key);
}

static int
only_docker(const char *key, const char *value, struct err *err)
{
	if (strcasecmp(value, "docker") == 0)
		return 0;
	return err_set(err, -EINVAL,
		"%s: " CONF_QUOTED
		" is refused: only docker, because ready means that Docker answers",
		key, value);
}

static int
only_qemu(const char *key, const char *value, struct err *err)
{
	if (strcasecmp(value, "qemu") == 0)
		return 0;
	return err_set(err, -EINVAL,
		"%s: " CONF_QUOTED
		" is refused: only qemu, because what is watched is a qemu process",
		key, value);
}

static bool
safe_name(const char *value)
{
	for (const char *at = value; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
			return false;
	}
	return value[0] != '.' && value[0] != '-';
}

static int
profile_name(const char *key, const char *value, struct err *err)
{
	const char *rest = value + strlen("colima-");

	if (!safe_name(value))
		return err_set(err, -EINVAL,
			"%s: " CONF_QUOTED
			" cannot be a profile: letters, digits and - _ . are accepted, "
			"and no - or . at the beginning",
			key, value);
	if (!str_starts(value, "colima-"))
		return 0;
	if (!*rest)
		return err_set(err, -EINVAL,
			"%s: Colima drops the prefix colima-, and nothing would be left", key);
	return err_set(err, 0, "%s: Colima drops the prefix colima-; the profile is " CONF_QUOTED,
		key, rest);
}

/* It becomes a file's name in /Library/LaunchDaemons. */
static int
label(const char *key, const char *value, struct err *err)
{
	if (safe_name(value))
		return 0;
	return err_set(err, -EINVAL,
		"%s: " CONF_QUOTED
		" cannot be a launchd label: letters, digits and - _ . are accepted, "
		"and no - or . at the beginning",
		key, value);
}

static int
absolute(const char *key, const char *value, struct err *err)
{
	if (!*value || *value == '/')
		return 0;
	return err_set(err, -EINVAL,
		"%s: " CONF_QUOTED " is not an absolute path; it must begin with /", key, value);
}

/* An empty or relative part would mean the folder that the daemon happens to be in. */
static int
absolute_parts(const char *key, const char *value, struct err *err)
{
	for (const char *at = value; *value && at; at = strchr(at, ':')) {
		at += at > value; /* the colon */
		if (*at != '/')
			return err_set(err, -EINVAL,
				"%s: " CONF_QUOTED
				" is not a list of absolute paths separated by colons",
				key, value);
	}
	return 0;
}

static int
little_memory(const char *key, const char *value, struct err *err)
{
	int64_t gib;

	if (str_to_i64(value, 1, 1, &gib) < 0)
		return 0;
	return err_set(err, 0, "%s: below 2 GiB Docker is short of memory", key);
}

/* Flags of `colima start` that come from other keys, or that wait for a person. Said twice, the
 * last one wins, and the keys would be a lie (parity P1, P2). */
static const struct {
	const char *flag, *shorthand, *instead;
} taken[] = {
	{"--profile", "-p", "COLIMA_PROFILE"},
	{"--runtime", "-r", "COLIMA_RUNTIME"},
	{"--vm-type", "-t", "COLIMA_VM_TYPE"},
	{"--cpus", "-c", "COLIMA_CPUS"},
	{"--cpu", "-c", "COLIMA_CPUS"},
	{"--memory", "-m", "COLIMA_MEMORY"},
	{"--disk", "-d", "COLIMA_DISK"},
	{"--foreground", "-f", NULL},
	{"--edit", "-e", NULL},
	{"--", NULL, NULL},
};

static bool
is_flag(const char *word, const char *flag, const char *shorthand)
{
	size_t len = strlen(flag);

	if (strncmp(word, flag, len) == 0 && (!word[len] || word[len] == '='))
		return true;
	/* -tvz is -t vz */
	return shorthand && str_starts(word, shorthand);
}

static int
start_args(const char *key, const char *value, struct err *err)
{
	char store[CONF_STR_MAX], *words[32]; /* as many as daemon/child.c takes */
	struct err why;
	int rc = conf_words(value, store, sizeof(store), words, 32, &why);

	if (rc < 0)
		return err_set(err, -EINVAL, "%s: %s", key, why.msg);
	if (words[0] && words[0][0] != '-')
		return err_set(err, -EINVAL,
			"%s: " CONF_QUOTED " is no flag: Colima would take it for the profile", key,
			words[0]);
	for (size_t w = 0; words[w]; w++) {
		for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
			if (!is_flag(words[w], taken[i].flag, taken[i].shorthand))
				continue;
			return err_set(err, -EINVAL, "%s: %s is not accepted here%s%s", key,
				taken[i].flag, taken[i].instead ? "; use " : "",
				taken[i].instead ? taken[i].instead : "");
		}
	}
	return 0;
}

static int
window(const char *key, const char *value, struct err *err)
{
	int from, to;

	if (!*value || conf_window(value, &from, &to) == 0)
		return 0;
	return err_set(err, -EINVAL,
		"%s: " CONF_QUOTED " is not a time of day from and to, like 03:00-05:30", key,
		value);
}

static const struct {
	const char *key;
	int (*rule)(const char *key, const char *value, struct err *err);
} rules[] = {
	{"HOMEBREW_USER", not_root},
	{"COLIMA_PROFILE", profile_name},
	{"COLIMA_RUNTIME", only_docker},
	{"COLIMA_VM_TYPE", only_qemu},
	{"COLIMA_MEMORY", little_memory},
	{"COLIMA_HOME", absolute},
	{"TOOL_PATH", absolute_parts},
	{"EXTRA_START_ARGS", start_args},
	{"LABEL", label},
	{"LOG_PATH", absolute},
	{"CONTROL_SOCKET", absolute},
	{"STATE_DIR", absolute},
	{"MAINTENANCE_WINDOW", window},
};

int
conf_rule(const struct conf_key *key, const char *value, struct err *err)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].key, key->name) == 0)
			return rules[i].rule(key->name, value, err);
	}
	return 0;
}
