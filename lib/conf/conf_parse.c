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
	/* The lines that set a key, per key of the table and, behind those, per ENV_NAME. */
	char seen[CONF_KEYS_MAX + CONF_ENV_MAX][48];
};

/* Keys that exist only as choices of one run (parity P9). */
static const struct {
	const char *key, *flag;
} dangers[] = {
	{"FULL_RESET", "--full-reset"},
	{"FORCE_YES", "--force-yes"},
	{"RESET_REQUIRE_CONFIRM", "--no-confirm"},
	{"RESET_CONFIRM_TOKEN", "--confirm-token=WORD"},
	{"RESET_BACKUP_MODE", "--backup=MODE"},
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

/* A closing quote is one that nothing but a comment follows: the replaced script took off only the
 * outer ones, so "a"b" is a"b (parity P12). */
static char *
close_quote(char *text, char quote)
{
	for (char *at = strchr(text, quote); at; at = strchr(at + 1, quote)) {
		const char *rest = at + 1;

		while (isspace((unsigned char)*rest))
			rest++;
		if (!*rest || *rest == '#')
			return at;
	}
	return NULL;
}

char *
conf_unquote(char *text)
{
	char *value = trim(text);
	char *end;

	if (*value == '"' || *value == '\'') {
		end = close_quote(value + 1, *value);
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
			"%s:%u: %s is ignored: it is a choice for one run, made by the flag %s",
			p->name, p->line, key, dangers[i].flag);
		return true;
	}
	return false;
}

static void
unknown_key(struct parser *p, const char *key)
{
	const char *names[CONF_KEYS_MAX + 1];
	const char *near;
	size_t n = 0;

	for (; n < conf_n_keys; n++)
		names[n] = conf_keys[n].name;
	names[n] = NULL;
	near = str_nearest(key, names);
	conf_note(p->notes, CONF_WARNING, p->line, "%s:%u: %.80s: unknown key%s%s%s", p->name,
		p->line, key, near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Parity P8. `index` is the key's place in `seen`. */
static void
note_duplicate(struct parser *p, size_t index, const char *key)
{
	char *seen = p->seen[index];
	size_t len = strlen(seen);

	if (len > 0)
		conf_note(p->notes, CONF_WARNING, p->line,
			"%s:%u: %s: was set before, on line %s; the last one counts", p->name,
			p->line, key, seen);
	/* A list that is full keeps the lines it has. */
	if (str_fmt(seen + len, sizeof(p->seen[0]) - len, "%s%u", len ? ", " : "", p->line) < 0)
		seen[len] = '\0';
}

static void
set_key(struct parser *p, const char *key, const char *value)
{
	const struct conf_key *row = conf_find(key);
	struct err err = {{0}};
	size_t index;
	int rc;

	if (is_danger(p, key))
		return;
	if (!row && !str_starts(key, CONF_ENV_PREFIX)) {
		unknown_key(p, key);
		return;
	}
	index = row ? (size_t)(row - conf_keys)
		    : CONF_KEYS_MAX + conf_find_env(p->conf, key + strlen(CONF_ENV_PREFIX));
	rc = conf_set(p->conf, key, value, &err);
	if (row || rc == 0)
		note_duplicate(p, index, key);
	if (err.msg[0])
		conf_note(p->notes, rc < 0 ? CONF_ERROR : CONF_WARNING, p->line, "%s:%u: %s",
			p->name, p->line, err.msg);
	if (row && strcmp(key, "WRITE_ENV_EXAMPLE") == 0 && p->conf->write_env_example)
		conf_note(p->notes, CONF_WARNING, p->line,
			"%s:%u: WRITE_ENV_EXAMPLE: does nothing here; use `pulsectl config template`",
			p->name, p->line);
}

static void
skipped(struct parser *p, const char *why)
{
	conf_note(p->notes, CONF_WARNING, p->line, "%s:%u: %s; the line is skipped", p->name,
		p->line, why);
}

static void
parse_line(struct parser *p, char *line)
{
	char *equals, *key, *value;
	bool quoted;

	line = trim(line);
	if (!*line || *line == '#')
		return;
	if (str_starts(line, "export") && isspace((unsigned char)line[strlen("export")]))
		line = trim(line + strlen("export"));
	equals = strchr(line, '=');
	if (!equals) {
		skipped(p, "there is no \"=\"");
		return;
	}
	*equals = '\0';
	key = trim(line);
	if (!conf_valid_name(key)) {
		skipped(p, "what stands before \"=\" cannot be a key");
		return;
	}
	value = trim(equals + 1);
	quoted = *value == '"' || *value == '\'';
	value = conf_unquote(value);
	if (!value) {
		conf_note(p->notes, CONF_ERROR, p->line,
			"%s:%u: %.80s: the quote is not closed, or something else than a # comment "
			"follows it",
			p->name, p->line, key);
		return;
	}
	/* The replaced script ended such a value there (parity P12): no silent difference. */
	if (!quoted && strchr(value, '#'))
		conf_note(p->notes, CONF_WARNING, p->line,
			"%s:%u: %.80s: the # is part of the value; a comment needs a blank before it",
			p->name, p->line, key);
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
		conf_note(p->notes, CONF_ERROR, p->line, "%s:%u: the line holds a NUL byte",
			p->name, p->line);
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
		text = newline ? newline + 1 : end;
	}
	conf_check(c, name, notes);
	return notes->n_errors > 0 ? -EINVAL : 0;
}

static const char *
why_unread(int rc)
{
	return rc == -EFBIG ? "larger than 256 KiB" : rc == -EISDIR ? "not a file" : strerror(-rc);
}

int
conf_load(struct conf *c, const char *path, struct conf_notes *notes)
{
	char *text = malloc(CONF_FILE_MAX);
	size_t len = 0;
	int rc = text ? file_read(path, text, CONF_FILE_MAX, &len) : -ENOMEM;

	/* -EINVAL is left for a wrong content. */
	if (rc == -EINVAL)
		rc = -EISDIR;
	if (rc == 0) {
		rc = conf_parse(c, path, text, len, notes);
	} else {
		memset(notes, 0, sizeof(*notes));
		conf_defaults(c);
		conf_note(notes, CONF_ERROR, 0, "%s: %s", path, why_unread(rc));
	}
	free(text);
	return rc;
}
