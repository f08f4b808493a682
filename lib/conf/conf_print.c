/* The table, printed: values, template, man page, differences. */

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_internal.h"

#define COLUMNS 78

static bool
needs_quotes(const char *value)
{
	return value[0] && strpbrk(value, " \t#'\"");
}

static void
print_pair(FILE *out, const char *key, const char *value)
{
	const char *quote = !needs_quotes(value) ? "" : strchr(value, '"') ? "'" : "\"";

	fprintf(out, "%s=%s%s%s\n", key, quote, value, quote);
}

void
conf_print(const struct conf *c, FILE *out)
{
	for (size_t i = 0; i < conf_n_keys; i++) {
		char value[CONF_STR_MAX];

		conf_value(c, &conf_keys[i], value, sizeof(value));
		print_pair(out, conf_keys[i].name, value);
	}
	for (size_t i = 0; i < c->n_env; i++)
		fprintf(out, "%s%s=********\n", CONF_ENV_PREFIX, c->env[i].name);
}

/* "1 to 1024 GiB", "true or false", "docker", or "" when anything goes. */
static void
accepted(const struct conf_key *key, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	if (key->type == CONF_TYPE_INT)
		(void)str_fmt(buf, size, "%" PRId64 " to %" PRId64 "%s%s", key->min, key->max,
			key->unit ? " " : "", key->unit ? key->unit : "");
	if (key->type == CONF_TYPE_BOOL)
		(void)str_fmt(buf, size, "true or false");
	for (size_t i = 0; key->type == CONF_TYPE_CHOICE && key->choices[i]; i++) {
		(void)str_fmt(buf + len, size - len, "%s%s", len ? ", " : "", key->choices[i]);
		len = strlen(buf);
	}
}

static void
print_comment(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		if (column == 0)
			column = (size_t)fprintf(out, "# %.*s", (int)len, text);
		else
			column += (size_t)fprintf(out, " %.*s", (int)len, text);
		text += len;
		while (*text == ' ')
			text++;
	}
	fputc('\n', out);
}

void
conf_template(FILE *out)
{
	fputs("# colima-pulse.conf: KEY=VALUE lines, read as data, never executed. What is commented\n"
	      "# out shows the default. `colima-pulsed -n -f FILE` checks a file; `pulsectl reload`\n"
	      "# applies most changes, `pulsectl status` names the keys that wait for a restart.\n",
		out);
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];
		char range[128];

		fputc('\n', out);
		print_comment(out, key->help);
		accepted(key, range, sizeof(range));
		if (range[0])
			fprintf(out, "# (%s)\n", range);
		if (key->flags & CONF_REQUIRED)
			fprintf(out, "%s=mini\n", key->name);
		else
			fprintf(out, "#%s=%s\n", key->name, key->def);
	}
	fputc('\n', out);
	print_comment(out, "ENV_NAME=value sets NAME in Colima's environment, proxies for instance. Values "
			   "are never printed.");
	fputs("#ENV_HTTPS_PROXY=http://proxy.example:3128\n", out);
}

void
conf_print_mdoc(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];
		char range[128];

		accepted(key, range, sizeof(range));
		fprintf(out, ".It Ev %s\n%s\n", key->name, key->help);
		if (range[0])
			fprintf(out, "Accepted: %s.\n", range);
		if (key->flags & CONF_REQUIRED)
			fputs("Required.\n", out);
		else if (key->def[0])
			fprintf(out, "Default: %s.\n", key->def);
		fprintf(out, "%s\n", key->flags & CONF_LIVE ? "Applied by a reload."
							    : "Applied by a restart of the daemon.");
	}
	fputs(".It Ev ENV_ Ns Ar NAME\nSets\n.Ar NAME\nin Colima's environment; printed masked.\n.El\n",
		out);
}

static void
append_word(char *list, size_t size, const char *word)
{
	size_t len = strlen(list);

	(void)str_fmt(list + len, size - len, "%s%s", len ? " " : "", word);
}

static bool
env_differs(const struct conf *a, const struct conf *b)
{
	if (a->n_env != b->n_env)
		return true;
	for (size_t i = 0; i < a->n_env; i++) {
		if (strcmp(a->env[i].name, b->env[i].name) != 0 ||
			strcmp(a->env[i].value, b->env[i].value) != 0)
			return true;
	}
	return false;
}

size_t
conf_diff(const struct conf *a, const struct conf *b, char *live, size_t live_size, char *restart,
	size_t restart_size)
{
	size_t n = 0;

	live[0] = restart[0] = '\0';
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];
		char was[CONF_STR_MAX], is[CONF_STR_MAX];

		conf_value(a, key, was, sizeof(was));
		conf_value(b, key, is, sizeof(is));
		if (strcmp(was, is) == 0)
			continue;
		n++;
		if (key->flags & CONF_LIVE)
			append_word(live, live_size, key->name);
		else
			append_word(restart, restart_size, key->name);
	}
	if (env_differs(a, b)) {
		n++;
		append_word(restart, restart_size, "ENV_*");
	}
	return n;
}
