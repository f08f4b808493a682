/* Rules that span keys. What one value alone can break is in conf_rules.c, where its line is known.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_internal.h"

struct check {
	const struct conf *c;
	const char *name;
	struct conf_notes *notes;
};

void
conf_note(
	struct conf_notes *notes, enum conf_severity severity, unsigned line, const char *fmt, ...)
{
	char text[1024];
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
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_escape(note->text, sizeof(note->text), text, strlen(text));
}

static void
check_user(const struct check *k)
{
	if (!k->c->homebrew_user[0])
		conf_note(k->notes, CONF_ERROR, 0,
			"%s: HOMEBREW_USER: required: the account that owns Homebrew and Colima",
			k->name);
}

static void
check_backoff(const struct check *k)
{
	if (k->c->backoff_min_s > k->c->backoff_max_s)
		conf_note(k->notes, CONF_ERROR, 0,
			"%s: BACKOFF_MIN: %" PRId64
			" is greater than BACKOFF_MAX, which is %" PRId64,
			k->name, k->c->backoff_min_s, k->c->backoff_max_s);
}

void
conf_check(const struct conf *c, const char *name, struct conf_notes *notes)
{
	static void (*const rules[])(const struct check *k) = {check_user, check_backoff};
	struct check k = {c, name, notes};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](&k);
}
