/* The table, printed: values, template, man page. */

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_internal.h"

#define COLUMNS 78

/* Whether `value` in `quote` is read back as it is. */
static bool
reads_back(const char *value, const char *quote)
{
	char text[CONF_STR_MAX + 2];
	const char *back;

	if (str_fmt(text, sizeof(text), "%s%s%s", quote, value, quote) < 0)
		return false;
	back = conf_unquote(text);
	return back && strcmp(back, value) == 0;
}

/* A form that a shell would read alike where there is one, else one that conf_parse reads. */
static void
print_pair(FILE *out, const char *key, const char *value)
{
	const char *liked = !strpbrk(value, " \t#'\"\\$`") ? ""
			    : !strchr(value, '"')          ? "\""
			    : !strchr(value, '\'')         ? "'"
							   : "";
	const char *const forms[] = {liked, "\"", "'", ""};
	size_t i = 0;

	while (i < 3 && !reads_back(value, forms[i]))
		i++;
	fprintf(out, "%s=%s%s%s\n", key, forms[i], value, forms[i]);
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
		fprintf(out, "%s%s=%s\n", CONF_ENV_PREFIX, c->env[i].name, CONF_MASK);
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
	      "# out shows the default, which an empty value means as well. `colima-pulsed -n -f FILE`\n"
	      "# checks a file; `pulsectl reload` applies most changes, `pulsectl status` names the keys\n"
	      "# that wait for a restart.\n",
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
	print_comment(out,
		"ENV_NAME=value sets NAME in Colima's environment, proxies for instance. Values "
		"are never printed.");
	fputs("#ENV_HTTPS_PROXY=http://proxy.example:3128\n", out);
}

/* mdoc(7): a new sentence begins a new line. */
static void
put_sentences(const char *text, FILE *out)
{
	for (const char *at = text; *at; at++) {
		bool between = at > text && at[0] == ' ' && at[-1] == '.';

		fputc(between ? '\n' : *at, out);
	}
	fputc('\n', out);
}

void
conf_print_mdoc(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];
		char range[128];

		accepted(key, range, sizeof(range));
		fprintf(out, ".It Ev %s\n", key->name);
		put_sentences(key->help, out);
		if (range[0])
			fprintf(out, "Accepted: %s.\n", range);
		if (key->flags & CONF_REQUIRED)
			fputs("Required.\n", out);
		else if (key->def[0])
			fprintf(out, "Default: %s.\n", key->def);
		fprintf(out, "%s\n",
			key->flags & CONF_LIVE ? "Applied by a reload."
					       : "Applied by a restart of the daemon.");
	}
	fputs(".It Ev ENV_ Ns Ar NAME\nSets\n.Ar NAME\nin Colima's environment; printed masked.\n.El\n",
		out);
}
