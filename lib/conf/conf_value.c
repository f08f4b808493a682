/* From text to a member and back. */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "conf/conf_internal.h"

const struct conf_key *
conf_find(const char *name)
{
	for (size_t i = 0; i < conf_n_keys; i++) {
		if (strcmp(conf_keys[i].name, name) == 0)
			return &conf_keys[i];
	}
	return NULL;
}

void
conf_note(struct conf_notes *notes, enum conf_severity severity, unsigned line, const char *fmt, ...)
{
	struct conf_note *note;
	va_list ap;

	if (severity == CONF_ERROR)
		notes->n_errors++;
	if (notes->n == CONF_NOTES_MAX) {
		notes->n_lost++;
		return;
	}
	note = &notes->note[notes->n++];
	note->severity = severity;
	note->line = line;
	va_start(ap, fmt);
	(void)vsnprintf(note->text, sizeof(note->text), fmt, ap);
	va_end(ap);
}

static int
store_int(int64_t *at, const struct conf_key *key, const char *value, struct err *err)
{
	int64_t number;
	int rc = str_to_i64(value, key->min, key->max, &number);

	if (rc < 0)
		return err_set(err, -EINVAL, "%s: \"%s\" is not a whole number from %" PRId64 " to %" PRId64,
			key->name, value, key->min, key->max);
	*at = number;
	return 0;
}

static int
store_bool(bool *at, const struct conf_key *key, const char *value, struct err *err)
{
	static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {
		"false", "no", "off", "0"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*at = strcasecmp(value, yes[i]) == 0;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "%s: \"%s\" is neither true nor false", key->name, value);
}

static int
store_str(char *at, const struct conf_key *key, const char *value, struct err *err)
{
	if (str_fmt(at, CONF_STR_MAX, "%s", value) == 0)
		return 0;
	return err_set(err, -EINVAL, "%s: the value is longer than %d bytes", key->name,
		CONF_STR_MAX - 1);
}

static int
store_choice(char *at, const struct conf_key *key, const char *value, struct err *err)
{
	char list[128] = "";

	for (size_t i = 0; key->choices[i]; i++) {
		size_t len = strlen(list);

		if (strcmp(key->choices[i], value) == 0)
			return store_str(at, key, value, err);
		(void)str_fmt(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", key->choices[i]);
	}
	/* Parity P22: an unknown prune mode is no reason to stay down. */
	if (strcmp(key->name, "PRUNE_MODE") == 0) {
		(void)err_set(err, 0, "%s: \"%s\" is unknown and counts as none; known: %s", key->name,
			value, list);
		return store_str(at, key, "none", NULL);
	}
	return err_set(err, -EINVAL, "%s: \"%s\" is not accepted; use %s", key->name, value, list);
}

int
conf_store(struct conf *c, const struct conf_key *key, const char *value, struct err *err)
{
	void *at = (char *)c + key->offset;

	switch (key->type) {
	case CONF_TYPE_STR:
		return store_str(at, key, value, err);
	case CONF_TYPE_INT:
		return store_int(at, key, value, err);
	case CONF_TYPE_BOOL:
		return store_bool(at, key, value, err);
	case CONF_TYPE_CHOICE:
		return store_choice(at, key, value, err);
	}
	return -EINVAL;
}

static bool
valid_env_name(const char *name)
{
	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	}
	return true;
}

int
conf_store_env(struct conf *c, const char *name, const char *value, struct err *err)
{
	/* The daemon decides these (daemon/env.c). */
	static const char *const ours[] = {"HOME", "USER", "LOGNAME", "PATH", "SHELL", "COLIMA_HOME",
		"LIMA_HOME", "XDG_CONFIG_HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "COLIMA_PROFILE"};
	size_t i;

	if (!valid_env_name(name))
		return err_set(err, -EINVAL, "ENV_%s: not a variable's name", name);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strcmp(ours[i], name) == 0)
			return err_set(err, -EINVAL, "ENV_%s: %s is decided by the daemon%s", name, name,
				strcmp(name, "COLIMA_HOME") == 0 || strcmp(name, "PATH") == 0
					? "; use COLIMA_HOME or TOOL_PATH"
					: "");
	}
	for (i = 0; i < c->n_env && strcmp(c->env[i].name, name) != 0; i++)
		;
	if (i == CONF_ENV_MAX)
		return err_set(err, -E2BIG, "ENV_%s: more than %d variables", name, CONF_ENV_MAX);
	if (str_fmt(c->env[i].name, sizeof(c->env[i].name), "%s", name) < 0 ||
		str_fmt(c->env[i].value, sizeof(c->env[i].value), "%s", value) < 0)
		return err_set(err, -EINVAL, "ENV_%s: name or value is too long", name);
	c->n_env += i == c->n_env;
	return 0;
}

void
conf_defaults(struct conf *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < conf_n_keys; i++)
		(void)conf_store(c, &conf_keys[i], conf_keys[i].def, NULL);
}

int
conf_set(struct conf *c, const char *name, const char *value, struct err *err)
{
	const struct conf_key *key = conf_find(name);

	if (str_starts(name, CONF_ENV_PREFIX))
		return conf_store_env(c, name + strlen(CONF_ENV_PREFIX), value, err);
	if (!key)
		return err_set(err, -EINVAL, "%s: there is no such key", name);
	return conf_store(c, key, value, err);
}

void
conf_value(const struct conf *c, const struct conf_key *key, char *buf, size_t size)
{
	const void *at = (const char *)c + key->offset;

	if (key->type == CONF_TYPE_INT)
		(void)str_fmt(buf, size, "%" PRId64, *(const int64_t *)at);
	else if (key->type == CONF_TYPE_BOOL)
		(void)str_fmt(buf, size, "%s", *(const bool *)at ? "true" : "false");
	else
		(void)str_fmt(buf, size, "%s", (const char *)at);
}
