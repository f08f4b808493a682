/*
 * The environment of everything that we run, decided here and never inherited (parity P4, runtime
 * 2.10, F21): XDG_CONFIG_HOME, LIMA_HOME, DOCKER_HOST, DOCKER_CONTEXT and SSH_AUTH_SOCK are absent
 * because they are not in this table.
 */

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/host.h"
#include "runtime.h"

#define ENV_MAX (16 + CONF_ENV_MAX)

static int
add(char **env, size_t *n, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = malloc(size);

	if (!text || *n + 1 >= ENV_MAX) {
		free(text);
		return -1;
	}
	(void)str_fmt(text, size, "%s=%s", name, value);
	env[(*n)++] = text;
	env[*n] = NULL;
	return 0;
}

char **
env_make(const struct runtime *rt)
{
	char tmp[HOST_PATH_MAX];
	const char *label = getenv("XPC_SERVICE_NAME");
	char **env = calloc(ENV_MAX, sizeof(*env));
	size_t n = 0;
	int rc = 0;

	if (!env || host_tmp_dir(tmp, sizeof(tmp)) < 0)
		goto fail;
	rc |= add(env, &n, "HOME", rt->user.home);
	rc |= add(env, &n, "USER", rt->user.name);
	rc |= add(env, &n, "LOGNAME", rt->user.name);
	rc |= add(env, &n, "SHELL", rt->user.shell);
	rc |= add(env, &n, "TMPDIR", tmp);
	rc |= add(env, &n, "PATH", rt->path_env);
	rc |= add(env, &n, "LANG", "en_US.UTF-8");
	rc |= add(env, &n, "COLIMA_HOME", rt->paths.base);
	/* launchd's label marks a hostagent as ours (runtime 2.3). */
	if (label && *label)
		rc |= add(env, &n, "XPC_SERVICE_NAME", label);
	for (size_t i = 0; i < rt->conf.n_env; i++)
		rc |= add(env, &n, rt->conf.env[i].name, rt->conf.env[i].value);
	if (rc == 0)
		return env;
fail:
	env_free(env);
	return NULL;
}

void
env_free(char **env)
{
	if (!env)
		return;
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
	free(env);
}
