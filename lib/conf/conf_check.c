/* Rules that span keys, or that no range can say. One small function each. */

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_internal.h"

struct check {
	const struct conf *c;
	const char *name;
	struct conf_notes *notes;
};

static void
check_user(const struct check *k)
{
	if (!k->c->homebrew_user[0])
		conf_note(k->notes, CONF_ERROR, 0,
			"%s: HOMEBREW_USER is required: the account that owns Homebrew and Colima",
			k->name);
	else if (strcmp(k->c->homebrew_user, "root") == 0)
		conf_note(k->notes, CONF_ERROR, 0,
			"%s: HOMEBREW_USER: root is refused; Lima does not run as root", k->name);
}

static void
check_profile(const struct check *k)
{
	const char *profile = k->c->colima_profile;

	for (const char *at = profile; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("-_.", *at)) {
			conf_note(k->notes, CONF_ERROR, 0,
				"%s: COLIMA_PROFILE: \"%s\": only letters, digits and - _ . are possible",
				k->name, profile);
			return;
		}
	}
	if (!profile[0] || profile[0] == '.' || profile[0] == '-')
		conf_note(k->notes, CONF_ERROR, 0,
			"%s: COLIMA_PROFILE: must begin with a letter, a digit or _", k->name);
	if (str_starts(profile, "colima-"))
		conf_note(k->notes, CONF_WARNING, 0,
			"%s: COLIMA_PROFILE: Colima drops the prefix colima-; the profile is \"%s\"",
			k->name, profile + strlen("colima-"));
}

static void
check_paths(const struct check *k)
{
	const struct {
		const char *key, *value;
	} paths[] = {{"LOG_PATH", k->c->log_path}, {"CONTROL_SOCKET", k->c->control_socket},
		{"STATE_DIR", k->c->state_dir}, {"COLIMA_HOME", k->c->colima_home}};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i].value[0] && paths[i].value[0] != '/')
			conf_note(k->notes, CONF_ERROR, 0, "%s: %s: \"%s\" is not an absolute path",
				k->name, paths[i].key, paths[i].value);
	}
	if (!k->c->log_path[0])
		conf_note(k->notes, CONF_ERROR, 0, "%s: LOG_PATH: is empty", k->name);
}

static void
check_memory(const struct check *k)
{
	if (k->c->colima_memory < 2)
		conf_note(k->notes, CONF_WARNING, 0,
			"%s: COLIMA_MEMORY: below 2 GiB Docker is short of memory", k->name);
}

static void
check_backoff(const struct check *k)
{
	if (k->c->backoff_min_s > k->c->backoff_max_s)
		conf_note(k->notes, CONF_ERROR, 0, "%s: BACKOFF_MIN is greater than BACKOFF_MAX",
			k->name);
}

static void
check_words(const struct check *k)
{
	char store[CONF_STR_MAX];
	char *words[32];
	struct err err;

	if (conf_words(k->c->extra_start_args, store, sizeof(store), words, 32, &err) < 0)
		conf_note(k->notes, CONF_ERROR, 0, "%s: EXTRA_START_ARGS: %s", k->name, err.msg);
}

void
conf_check(const struct conf *c, const char *name, struct conf_notes *notes)
{
	static void (*const rules[])(const struct check *k) = {
		check_user, check_profile, check_paths, check_memory, check_backoff, check_words};
	struct check k = {c, name, notes};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](&k);
}
