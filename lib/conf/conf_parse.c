/* KEY=VALUE lines (parity P7 to P9). Text is data: nothing is expanded or executed. */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "conf/conf_internal.h"

#define UTF8_BOM "\xef\xbb\xbf"

struct parser {
	struct conf *conf;
	const char *name;
	unsigned line;
	struct conf_notes *notes;
	char seen[64][24]; /* per key of the table: the lines that set it */
};

/* Keys that exist only as choices of one run (parity P9). */
static const struct {
	const char *key, *flag;
} dangers[] = {
	{"FULL_RESET", "pulsectl reset"},
	{"FORCE_YES", "pulsectl reset --force-yes"},
	{"RESET_REQUIRE_CONFIRM", "pulsectl reset --no-confirm"},
	{"RESET_CONFIRM_TOKEN", "pulsectl reset --confirm-token=WORD"},
	{"RESET_BACKUP_MODE", "pulsectl reset --backup=MODE"},
};

static char *
trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool
valid_key(const char *key)
{
	if (!isalpha((unsigned char)key[0]) && key[0] != '_')
		return false;
	for (; *key; key++) {
		if (!isalnum((unsigned char)*key) && *key != '_')
			return false;
	}
	return true;
}

/* A value ends at its closing quote, or at " #" when it is not quoted. NULL: a quote is open. */
static char *
unquote(char *value)
{
	char quote = value[0];
	char *end;

	if (quote == '"' || quote == '\'') {
		end = strchr(value + 1, quote);
		if (!end)
			return NULL;
		*end = '\0';
		return value + 1;
	}
	for (end = value; *end; end++) {
		if (*end == '#' && (end == value || isspace((unsigned char)end[-1]))) {
			*end = '\0';
			break;
		}
	}
	return trim(value);
}

static bool
is_danger(struct parser *p, const char *key)
{
	for (size_t i = 0; i < sizeof(dangers) / sizeof(dangers[0]); i++) {
		if (strcmp(dangers[i].key, key) != 0)
			continue;
		conf_note(p->notes, CONF_WARNING, p->line,
			"%s:%u: %s is ignored here: it is a choice for one run; use `%s`", p->name,
			p->line, key, dangers[i].flag);
		return true;
	}
	return false;
}

static void
unknown_key(struct parser *p, const char *key)
{
	const char *names[128];
	const char *near;
	size_t n = 0;

	for (; n < conf_n_keys && n < 127; n++)
		names[n] = conf_keys[n].name;
	names[n] = NULL;
	near = str_nearest(key, names);
	conf_note(p->notes, CONF_WARNING, p->line, "%s:%u: %s: unknown key%s%s%s", p->name, p->line,
		key, near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

static void
note_duplicate(struct parser *p, size_t index, const char *key)
{
	char *seen = p->seen[index];
	size_t len = strlen(seen);

	if (len > 0)
		conf_note(p->notes, CONF_WARNING, p->line,
			"%s:%u: %s was set before, on line %s; the last one counts", p->name, p->line,
			key, seen);
	(void)str_fmt(seen + len, sizeof(p->seen[0]) - len, "%s%u", len ? ", " : "", p->line);
}

static void
set_key(struct parser *p, const char *key, const char *value)
{
	const struct conf_key *row = conf_find(key);
	struct err err = {{0}};
	int rc;

	if (is_danger(p, key))
		return;
	if (!row && !str_starts(key, CONF_ENV_PREFIX)) {
		unknown_key(p, key);
		return;
	}
	if (row)
		note_duplicate(p, (size_t)(row - conf_keys), key);
	rc = conf_set(p->conf, key, value, &err);
	if (err.msg[0])
		conf_note(p->notes, rc < 0 ? CONF_ERROR : CONF_WARNING, p->line, "%s:%u: %s", p->name,
			p->line, err.msg);
	if (row && strcmp(key, "WRITE_ENV_EXAMPLE") == 0 && p->conf->write_env_example)
		conf_note(p->notes, CONF_WARNING, p->line,
			"%s:%u: WRITE_ENV_EXAMPLE does nothing here; use `pulsectl config template`",
			p->name, p->line);
}

static void
skipped(struct parser *p, const char *why)
{
	conf_note(p->notes, CONF_WARNING, p->line, "%s:%u: %s; the line is skipped", p->name, p->line,
		why);
}

static void
parse_line(struct parser *p, char *line)
{
	char *equals, *key, *value;

	line = trim(line);
	if (!*line || *line == '#')
		return;
	if (str_starts(line, "export") && isspace((unsigned char)line[strlen("export")]))
		line = trim(line + strlen("export"));
	equals = strchr(line, '=');
	if (!equals) {
		skipped(p, "no \"=\"");
		return;
	}
	*equals = '\0';
	key = trim(line);
	value = trim(equals + 1);
	if (!valid_key(key)) {
		skipped(p, "what stands before \"=\" cannot be a key");
		return;
	}
	value = unquote(value);
	if (!value) {
		conf_note(p->notes, CONF_ERROR, p->line, "%s:%u: %s: the quote is not closed", p->name,
			p->line, key);
		return;
	}
	set_key(p, key, value);
}

static void
take_line(struct parser *p, const char *text, size_t len)
{
	char line[CONF_LINE_MAX];

	p->line++;
	if (len >= sizeof(line)) {
		conf_note(p->notes, CONF_ERROR, p->line, "%s:%u: the line is longer than %d bytes",
			p->name, p->line, CONF_LINE_MAX - 1);
		return;
	}
	if (memchr(text, '\0', len)) {
		conf_note(p->notes, CONF_ERROR, p->line, "%s:%u: the line holds a NUL byte", p->name,
			p->line);
		return;
	}
	memcpy(line, text, len);
	line[len] = '\0';
	parse_line(p, line);
}

int
conf_parse(struct conf *c, const char *name, const char *text, size_t len, struct conf_notes *notes)
{
	struct parser p = {.conf = c, .name = name, .notes = notes};
	const char *end = text + len;

	memset(notes, 0, sizeof(*notes));
	conf_defaults(c);
	if (len >= strlen(UTF8_BOM) && memcmp(text, UTF8_BOM, strlen(UTF8_BOM)) == 0)
		text += strlen(UTF8_BOM);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		take_line(&p, text, (size_t)(stop - text));
		text = stop + 1;
	}
	conf_check(c, name, notes);
	return notes->n_errors > 0 ? -EINVAL : 0;
}

int
conf_load(struct conf *c, const char *path, struct conf_notes *notes)
{
	char *text = malloc(CONF_FILE_MAX);
	size_t len;
	int rc;

	memset(notes, 0, sizeof(*notes));
	conf_defaults(c);
	rc = text ? file_read(path, text, CONF_FILE_MAX, &len) : -ENOMEM;
	if (rc == 0)
		rc = conf_parse(c, path, text, len, notes);
	else
		conf_note(notes, CONF_ERROR, 0, "%s: %s", path,
			rc == -EFBIG    ? "larger than 256 KiB"
			: rc == -EINVAL ? "not a regular file"
					: strerror(-rc));
	free(text);
	/* -EINVAL is a wrong content; what is no file at all is another matter. */
	return rc == -EINVAL && notes->note[0].line == 0 && notes->n == 1 &&
			       str_ends(notes->note[0].text, "not a regular file")
		       ? -EISDIR
		       : rc;
}
