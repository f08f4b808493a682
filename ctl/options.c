#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ctl.h"

enum takes { FLAG, TEXT, COUNT, DURATION };

static const struct option {
	char letter; /* in the command's list; 0 = every command takes it */
	const char *shorter, *longer;
	enum takes takes;
	size_t offset;
} table[] = {
	{0, "-s", "--socket", TEXT, offsetof(struct options, socket)},
	{'j', NULL, "--json", FLAG, offsetof(struct options, json)},
	{'w', NULL, "--watch", FLAG, offsetof(struct options, watch)},
	{'f', "-f", "--follow", FLAG, offsetof(struct options, follow)},
	{0, "-f", "--file", TEXT, offsetof(struct options, file)},
	{'n', "-n", "--lines", COUNT, offsetof(struct options, n)},
	{'a', NULL, "--all", FLAG, offsetof(struct options, all)},
	{'s', NULL, "--strict", FLAG, offsetof(struct options, strict)},
	{'W', NULL, "--wait", FLAG, offsetof(struct options, wait)},
	{'D', NULL, "--dry-run", FLAG, offsetof(struct options, dry_run)},
	{'F', NULL, "--for", TEXT, offsetof(struct options, state)},
	{'t', NULL, "--timeout", DURATION, offsetof(struct options, timeout_ms)},
};

static const char *
codes_text(void)
{
#define X(id, code, help) "  " #code "\t" help "\n"
	return CTL_EXIT_MAP(X);
#undef X
}

void
usage(FILE *out, const struct command *command)
{
	if (command) {
		fprintf(out, "usage: pulsectl [-s SOCKET] [-f FILE] %s %s\n%s\n", command->name,
			command->args, command->help);
		return;
	}
	fputs("usage: pulsectl [-s SOCKET] [-f FILE] COMMAND ...\n\n", out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-8s %-36s %s\n", c->name, c->args, c->help);
	fprintf(out,
		"\nThe daemon is found by -s, PULSE_SOCKET, CONTROL_SOCKET of FILE, or at its usual "
		"place.\nexit codes:\n%s",
		codes_text());
}

static int
misuse(const struct command *command, const char *what, const char *word)
{
	fprintf(stderr, "pulsectl: %s: %s\n", word, what);
	usage(stderr, command);
	return CTL_USAGE;
}

/* The command whose name `word` is, or is the only beginning of. */
static const struct command *
find_command(const char *word)
{
	const struct command *found = NULL;

	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(c->name, word) == 0)
			return c;
		if (str_starts(c->name, word)) {
			if (found)
				return NULL;
			found = c;
		}
	}
	return found;
}

static const struct option *
find_option(const char *word, size_t len, const struct command *command)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct option *t = &table[i];

		if (t->letter && (!command || !strchr(command->options, t->letter)))
			continue;
		if ((t->shorter && strlen(t->shorter) == len &&
			    memcmp(word, t->shorter, len) == 0) ||
			(strlen(t->longer) == len && memcmp(word, t->longer, len) == 0))
			return t;
	}
	return NULL;
}

static bool
store(struct options *o, const struct option *t, const char *value)
{
	void *at = (char *)o + t->offset;

	switch (t->takes) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case TEXT:
		*(const char **)at = value;
		return true;
	case COUNT:
		return str_to_i64(value, 0, 1000000, at) == 0;
	case DURATION:
		return str_to_ms(value, at) == 0;
	}
	return false;
}

static int
take_option(struct options *o, int argc, char **argv, int *i, const struct command *command)
{
	const char *word = argv[*i];
	const char *equals = str_starts(word, "--") ? strchr(word, '=') : NULL;
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option *t = find_option(word, len, command);
	const char *value = equals ? equals + 1 : NULL;

	if (!t)
		return misuse(command, "no such option here", word);
	if (t->takes == FLAG && value)
		return misuse(command, "takes no value", word);
	if (t->takes != FLAG && !value) {
		if (*i + 1 >= argc)
			return misuse(command, "a value is missing", word);
		value = argv[++*i];
	}
	if (!store(o, t, value))
		return misuse(command,
			t->takes == COUNT ? "not a number" : "not a duration like 90s, 5m or 1h30m",
			value);
	return CTL_YES;
}

static int
take_word(struct options *o, char *word, const struct command **command)
{
	if (!*command) {
		*command = find_command(word);
		return *command ? CTL_YES
				: misuse(NULL, "no such command, or not the only one", word);
	}
	if (o->argc == (int)(sizeof(o->argv) / sizeof(o->argv[0])))
		return misuse(*command, "too many words", word);
	o->argv[o->argc++] = word;
	return CTL_YES;
}

int
options_parse(struct options *o, int argc, char **argv, const struct command **ret)
{
	*o = (struct options){.n = -1};
	*ret = NULL;
	for (int i = 1; i < argc; i++) {
		int rc;

		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			usage(stdout, *ret);
			*ret = NULL;
			return CTL_YES;
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("pulsectl %s\n", PULSE_VERSION);
			*ret = NULL;
			return CTL_YES;
		}
		rc = argv[i][0] == '-' ? take_option(o, argc, argv, &i, *ret)
				       : take_word(o, argv[i], ret);
		if (rc != CTL_YES)
			return rc;
	}
	if (!*ret) {
		usage(stderr, NULL);
		return CTL_USAGE;
	}
	if (o->argc > 0 && !strstr("config explain accept help", (*ret)->name))
		return misuse(*ret, "not expected", o->argv[0]);
	return CTL_YES;
}
