/* From text to a member and back. */

#include <errno.h>
#include <inttypes.h>
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

static int
store_int(int64_t *at, const struct conf_key *key, const char *value, struct err *err)
{
	int64_t number;
	int rc = str_to_i64(value, key->min, key->max, &number);
	bool low = rc == -ERANGE && str_to_i64(value, INT64_MIN, key->max, &number) == 0;

	if (value[0] == '-' && rc == -ERANGE)
		low = true; /* also one that no int64_t holds */
	if (rc == -EINVAL)
		return err_set(err, -EINVAL,
			"%s: " CONF_QUOTED " is not a whole number from %" PRId64 " to %" PRId64,
			key->name, value, key->min, key->max);
	if (rc < 0)
		return err_set(err, -EINVAL,
			"%s: %.60s is %s %" PRId64 "; accepted is %" PRId64 " to %" PRId64 "%s%s",
			key->name, value, low ? "below the minimum" : "above the maximum",
			low ? key->min : key->max, key->min, key->max, key->unit ? " " : "",
			key->unit ? key->unit : "");
	*at = number;
	return 0;
}

static int
store_bool(bool *at, const struct conf_key *key, const char *value, struct err *err)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*at = strcasecmp(value, yes[i]) == 0;
			return 0;
		}
	}
	return err_set(
		err, -EINVAL, "%s: " CONF_QUOTED " is neither true nor false", key->name, value);
}

static int
store_str(char *at, const struct conf_key *key, const char *value, struct err *err)
{
	if (strlen(value) >= CONF_STR_MAX)
		return err_set(err, -EINVAL, "%s: the value is longer than %d bytes", key->name,
			CONF_STR_MAX - 1);
	str_cut(at, CONF_STR_MAX, value);
	return 0;
}

static int
store_choice(char *at, const struct conf_key *key, const char *value, struct err *err)
{
	char list[128] = "";

	for (size_t i = 0; key->choices[i]; i++) {
		size_t len = strlen(list);

		/* The replaced script did not care about case either (parity P12). */
		if (strcasecmp(key->choices[i], value) == 0)
			return store_str(at, key, key->choices[i], err);
		(void)str_fmt(
			list + len, sizeof(list) - len, "%s%s", len ? ", " : "", key->choices[i]);
	}
	/* Parity P22: an unknown prune mode is no reason to stay down. */
	if (strcmp(key->name, "PRUNE_MODE") == 0) {
		(void)err_set(err, 0,
			"%s: " CONF_QUOTED " is unknown and counts as none; known: %s", key->name,
			value, list);
		return store_str(at, key, "none", NULL);
	}
	return err_set(err, -EINVAL, "%s: " CONF_QUOTED " is not accepted; use %s", key->name,
		value, list);
}

int
conf_store(struct conf *c, const struct conf_key *key, const char *value, struct err *err)
{
	void *at = (char *)c + key->offset;
	int rc;

	if (!*value)
		value = key->def;
	rc = conf_rule(key, value, err);
	if (rc < 0)
		return rc;
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

	if (err)
		err->msg[0] = '\0';
	if (str_starts(name, CONF_ENV_PREFIX))
		return conf_store_env(c, name + strlen(CONF_ENV_PREFIX), value, err);
	if (!key)
		return err_set(err, -EINVAL, "%s: there is no such key", name);
	return conf_store(c, key, value, err);
}

void
conf_raw(const struct conf *c, const struct conf_key *key, char *buf, size_t size)
{
	const void *at = (const char *)c + key->offset;

	switch (key->type) {
	case CONF_TYPE_INT:
		(void)str_fmt(buf, size, "%" PRId64, *(const int64_t *)at);
		return;
	case CONF_TYPE_BOOL:
		(void)str_fmt(buf, size, "%s", *(const bool *)at ? "true" : "false");
		return;
	case CONF_TYPE_STR:
	case CONF_TYPE_CHOICE:
		(void)str_fmt(buf, size, "%s", (const char *)at);
		return;
	}
}

void
conf_value(const struct conf *c, const struct conf_key *key, char *buf, size_t size)
{
	conf_raw(c, key, buf, size);
	if ((key->flags & CONF_SECRET) && buf[0])
		str_cut(buf, size, CONF_MASK);
}
