/* Every list of the code is in the documents that promise to hold it, word for word. */

#include "unit.h"

#include "../../daemon/boot.h"
#include "base/str.h"
#include "core/tables.h"
#include "ctl.h"
#include "proto/proto.h"

static char *
document(const char *name)
{
	char path[512];
	char *text = calloc(1, 262144);
	FILE *in;

	(void)str_fmt(path, sizeof(path), "%s/%s", PULSE_SOURCE_DIR, name);
	in = fopen(path, "r");
	assert_non_null(in);
	assert_true(fread(text, 1, 262143, in) > 0);
	(void)fclose(in);
	return text;
}

static void
expect(const char *text, const char *fmt, const char *a, const char *b)
{
	char want[256];

	(void)snprintf(want, sizeof(want), fmt, a, b);
	if (!strstr(text, want))
		fail_msg("the document lacks: %s", want);
}

/* "S01" and "starting" in one row; the text too, but for its backquotes. */
static void
test_causes(void **state)
{
	char *text = document("docs/causes.md");

	(void)state;
	for (int cause = CAUSE_NONE + 1; cause < CAUSE__COUNT; cause++) {
		const struct sup_cause_row *row = sup_cause_row((enum sup_cause)cause);

		expect(text, "| %s | %s |", row->id, row->name);
		expect(text, "| %s |%s", row->text, "");
	}
	free(text);
}

static void
test_states(void **state)
{
	char *text = document("docs/states.md");

	(void)state;
	for (int s = 0; s < STATE__COUNT; s++)
		expect(text, "| `%s` | %s", sup_state_name((enum sup_state)s), "");
	for (int gate = 0; gate < GATE__COUNT; gate++)
		expect(text, "`%s`%s", sup_gate_name((enum sup_gate)gate), "");
	free(text);
}

static void
test_protocol(void **state)
{
	char *text = document("docs/protocol.md");
	char number[16];

	(void)state;
	for (int op = 0; op < PROTO_OP__COUNT; op++)
		expect(text, "| `%s` |%s", proto_op_name((enum proto_op)op), "");
	for (int error = 0; error < PROTO_ERROR__COUNT; error++) {
		const char *name = proto_error_name((enum proto_error)error);

		(void)str_fmt(number, sizeof(number), "%d", proto_error_exit(name));
		expect(text, "| `%s` | %s |", name, number);
	}
	free(text);
}

static void
test_exit_codes(void **state)
{
	char *boot = document("docs/boot.md"), *man8 = document("docs/man/colima-pulsed.8");
	char *man1 = document("docs/man/pulsectl.1");

	(void)state;
#define X(id, code, help) \
	expect(boot, "| %s | %s", #code, ""); \
	expect(man8, ".It %s\n%s", #code, "");
	BOOT_EXIT_MAP(X)
#undef X
#define X(id, code, help) expect(man1, ".It %s\n%s", #code, "");
	CTL_EXIT_MAP(X)
#undef X
	free(boot);
	free(man8);
	free(man1);
}

/* The manual page's line is the table's row: name and every option of the usage. */
static void
test_commands(void **state)
{
	char *man = document("docs/man/pulsectl.1");

	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		char item[64], words[128];
		char *line, *end, *save = NULL;

		(void)str_fmt(item, sizeof(item), "\n.It Cm %s", c->name);
		line = strstr(man, item);
		if (!line)
			fail_msg("the manual page lacks: %s", c->name);
		end = strchr(line + 1, '\n');
		*end = '\0';
		str_cut(words, sizeof(words), c->args);
		for (char *word = strtok_r(words, "[] |", &save); word;
			word = strtok_r(NULL, "[] |", &save)) {
			if (word[0] == '-' && !strstr(line + 1, word + 1))
				fail_msg("pulsectl.1: %s lacks %s", c->name, word);
		}
		*end = '\n';
	}
	free(man);
}

/* docs/repair.md holds what `pulsectl explain markdown` prints. */
static void
test_repairs(void **state)
{
	char *text = document("docs/repair.md"), *table = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&table, &len);

	(void)state;
	explain_markdown(out);
	(void)fclose(out);
	assert_non_null(strstr(text, table));
	free(table);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_protocol),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_repairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
