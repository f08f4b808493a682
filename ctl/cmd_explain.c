/* pulsectl explain: what the tables know of a cause. The same words make docs/repair.md. */

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "core/diag.h"
#include "ctl.h"

static void
say_rung(const struct sup_rung *rung, FILE *out)
{
	const struct sup_remedy_row *row = sup_remedy_row(rung->remedy);
	char after[32];

	str_duration(after, sizeof(after), rung->after_ms);
	fprintf(out, "L%u %s: %s", row->level, row->name, row->text);
	if (rung->tries == UINT_MAX)
		fputs(", again and again", out);
	else if (rung->tries > 1)
		fprintf(out, ", up to %u times", rung->tries);
	if (rung->after_ms > 0)
		fprintf(out, ", when it has lasted %s", after);
}

static void
explain(enum sup_cause cause, FILE *out)
{
	const struct sup_cause_row *row = sup_cause_row(cause);
	const struct sup_rung *rung = sup_ladder(cause);
	const char *why;
	enum sup_cause of;

	fprintf(out, "%s %s\n  %s\n", row->id, row->name, row->text);
	for (size_t i = 0; (why = sup_diagnosis_row(i, &of)); i++) {
		if (of == cause)
			fprintf(out, "  seen by:  %s\n", why);
	}
	for (; rung->remedy != REMEDY_NONE; rung++) {
		fputs("  done:     ", out);
		say_rung(rung, out);
		fputc('\n', out);
	}
	fprintf(out, "  you:      %s\n", row->advice);
}

void
explain_markdown(FILE *out)
{
	fputs("| Cause | Recognised by | Rungs, lowest first |\n|---|---|---|\n", out);
	for (int cause = CAUSE_NONE + 1; cause < CAUSE__COUNT; cause++) {
		const struct sup_cause_row *row = sup_cause_row((enum sup_cause)cause);
		const struct sup_rung *rung = sup_ladder((enum sup_cause)cause);
		const char *why, *between = "";
		enum sup_cause of;

		if (rung->remedy == REMEDY_NONE)
			continue;
		fprintf(out, "| %s %s | ", row->id, row->name);
		for (size_t i = 0; (why = sup_diagnosis_row(i, &of)); i++) {
			if (of != (enum sup_cause)cause)
				continue;
			fprintf(out, "%s%s", between, why);
			between = "; or ";
		}
		fputs(" | ", out);
		for (between = ""; rung->remedy != REMEDY_NONE; rung++, between = "; then ") {
			fputs(between, out);
			say_rung(rung, out);
		}
		fputs("; then a person |\n", out);
	}
}

int
cmd_explain(const struct options *o)
{
	unsigned n = 0;

	if (o->argc != 1 && !o->all) {
		fprintf(stderr,
			"pulsectl explain: which cause? An id (F01) or a name (master-dead); --all shows all\n");
		return CTL_USAGE;
	}
	if (o->argc == 1 && strcmp(o->argv[0], "markdown") == 0) {
		explain_markdown(stdout);
		return CTL_YES;
	}
	for (int cause = CAUSE_NONE + 1; cause < CAUSE__COUNT; cause++) {
		const struct sup_cause_row *row = sup_cause_row((enum sup_cause)cause);

		if (!o->all && strcasecmp(row->id, o->argv[0]) != 0 &&
			strcasecmp(row->name, o->argv[0]) != 0)
			continue;
		if (n++ > 0)
			putchar('\n');
		explain((enum sup_cause)cause, stdout);
	}
	if (n == 0)
		fprintf(stderr, "pulsectl explain: %s: no such cause; --all shows all\n",
			o->argv[0]);
	return n > 0 ? CTL_YES : CTL_NO;
}
