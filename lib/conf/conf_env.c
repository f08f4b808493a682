/* ENV_NAME keys: variables of Colima's environment. */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_internal.h"

/* Decided by the daemon (daemon/env.c): a second opinion would make it look after another VM than
 * the one that Colima starts. */
static const struct {
	const char *name, *instead;
} ours[] = {
	{"HOME", "HOMEBREW_USER"},
	{"USER", "HOMEBREW_USER"},
	{"LOGNAME", "HOMEBREW_USER"},
	{"SHELL", "HOMEBREW_USER"},
	{"PATH", "TOOL_PATH"},
	{"COLIMA_HOME", "COLIMA_HOME"},
	{"COLIMA_PROFILE", "COLIMA_PROFILE"},
	{"LIMA_HOME", "COLIMA_HOME"},
	{"XDG_CONFIG_HOME", "COLIMA_HOME"},
	{"DOCKER_HOST", NULL},
	{"DOCKER_CONTEXT", NULL},
};

bool
conf_valid_name(const char *name)
{
	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	}
	return true;
}

size_t
conf_find_env(const struct conf *c, const char *name)
{
	size_t i = 0;

	while (i < c->n_env && strcmp(c->env[i].name, name) != 0)
		i++;
	return i;
}

static int
refuse_ours(const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strcmp(ours[i].name, name) != 0)
			continue;
		return err_set(err, -EINVAL, "ENV_%s: %s is decided by the daemon%s%s", name, name,
			ours[i].instead ? ", from the key " : "",
			ours[i].instead ? ours[i].instead : "");
	}
	return 0;
}

int
conf_store_env(struct conf *c, const char *name, const char *value, struct err *err)
{
	size_t i = conf_find_env(c, name);

	if (!conf_valid_name(name))
		return err_set(err, -EINVAL,
			"ENV_%.60s: what follows ENV_ is letters, digits and _, not a digit first",
			name);
	if (strlen(name) >= sizeof(c->env[0].name))
		return err_set(err, -EINVAL, "ENV_%.60s...: the name is longer than %zu bytes",
			name, sizeof(c->env[0].name) - 1);
	if (strlen(value) >= sizeof(c->env[0].value))
		return err_set(err, -EINVAL, "ENV_%s: the value is longer than %zu bytes", name,
			sizeof(c->env[0].value) - 1);
	if (refuse_ours(name, err) < 0)
		return -EINVAL;
	if (i == CONF_ENV_MAX)
		return err_set(err, -E2BIG, "ENV_%s: more than %d variables", name, CONF_ENV_MAX);
	str_cut(c->env[i].name, sizeof(c->env[i].name), name);
	str_cut(c->env[i].value, sizeof(c->env[i].value), value);
	c->n_env += i == c->n_env;
	return 0;
}
