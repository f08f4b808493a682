/* A status for a person: the first line answers whether Docker is usable (docs: ux in README). */

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl.h"

#define COLUMNS_MIN 80

/* The first boot of a new VM has no earlier one to be measured by: a Debian guest under emulation
 * takes about so long (facts/guest-image.md). */
#define FIRST_BOOT_MS 120000u
#define BAR_WIDTH     24u

struct screen {
	FILE *out;
	bool colour;
	size_t columns;
	uint64_t age_ms;
};

static struct screen
screen_of(FILE *out, int fd, uint64_t age_ms)
{
	struct screen s = {.out = out, .columns = COLUMNS_MIN, .age_ms = age_ms};
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	struct winsize size;

	if (!isatty(fd))
		return s;
	s.colour = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > COLUMNS_MIN)
		s.columns = size.ws_col;
	return s;
}

static const char *
colour_of(const struct screen *s, const char *verdict)
{
	if (!s->colour)
		return "";
	if (strcmp(verdict, "ok") == 0 || strcmp(verdict, "open") == 0)
		return "\033[32m";
	if (strcmp(verdict, "fail") == 0)
		return "\033[31m";
	return "\033[33m";
}

const char *
doc_sub(const char *at, const char *name)
{
	static char bufs[8][256];
	static unsigned next;
	char *buf = bufs[next++ % 8];

	(void)str_fmt(buf, sizeof(bufs[0]), "%s%s%s", at, *at ? "." : "", name);
	return buf;
}

static const char *
text(const struct proto_doc *doc, const char *at, const char *name)
{
	return proto_doc_str(doc, doc_sub(at, name), "");
}

static int64_t
number(const struct proto_doc *doc, const char *at, const char *name)
{
	return proto_doc_int(doc, doc_sub(at, name), 0);
}

static uint64_t
duration_since(const struct proto_doc *doc, const char *at)
{
	int64_t wall_ms = (int64_t)time(NULL) * 1000;
	int64_t at_ms = number(doc, at, "since_ms");

	return wall_ms > at_ms ? (uint64_t)(wall_ms - at_ms) : 0;
}

static void
since(const struct proto_doc *doc, const char *at, char *buf, size_t size)
{
	str_duration(buf, size, duration_since(doc, at));
}

static void
headline(const struct screen *s, const struct proto_doc *doc, const char *at)
{
	FILE *out = s->out;
	bool ready = strcmp(text(doc, at, "state"), "ready") == 0;
	char took[32];
	const char *detail = text(doc, at, "cause.detail");

	since(doc, at, took, sizeof(took));
	if (ready) {
		fprintf(out, "%sDocker is usable%s: colima profile \"%s\" has been ready for %s\n",
			colour_of(s, "ok"), s->colour ? "\033[0m" : "", text(doc, at, "profile"),
			took);
		return;
	}
	fprintf(out, "%sDocker is not usable%s: %s, for %s: %s", colour_of(s, "fail"),
		s->colour ? "\033[0m" : "", text(doc, at, "state"), took,
		text(doc, at, "cause.text"));
	if (text(doc, at, "cause.id")[0])
		fprintf(out, " (%s)", text(doc, at, "cause.id"));
	fputc('\n', out);
	if (*detail)
		fprintf(out, "  %s\n", detail);
}

void
show_headline(const struct proto_doc *doc, const char *at, FILE *out)
{
	struct screen s = screen_of(out, fileno(out), 0);

	headline(&s, doc, at);
}

/* What happens next by itself, and what a person can do. */
static void
show_next(const struct proto_doc *doc, const char *at, FILE *out)
{
	int64_t in_ms = number(doc, at, "next.in_ms");
	const char *action = text(doc, at, "next.action"), *advice = text(doc, at, "cause.advice");
	char in[32];

	if (strcmp(text(doc, at, "state"), "ready") == 0)
		return;
	str_duration(in, sizeof(in), (uint64_t)in_ms);
	if (*action)
		fprintf(out, "  next: %s%s%s\n", action, in_ms > 0 ? ", in " : "",
			in_ms > 0 ? in : "");
	if (*advice)
		fprintf(out, "  you:  %s\n", advice);
}

/* One row of the chain, its last column cut to the screen's width. */
static void
row(const struct screen *s, const char *name, const char *verdict, const char *evidence)
{
	size_t room = s->columns - 20;

	fprintf(s->out, "  %-10s %s%-7s%s %.*s%s\n", name, colour_of(s, verdict), verdict,
		s->colour ? "\033[0m" : "", (int)(strlen(evidence) > room ? room - 3 : room),
		evidence, strlen(evidence) > room ? "..." : "");
}

void
show_row(FILE *out, const char *name, const char *verdict, const char *evidence)
{
	struct screen s = screen_of(out, fileno(out), 0);

	row(&s, name, verdict, evidence);
}

static void
show_layers(const struct screen *s, const struct proto_doc *doc, const char *at)
{
	size_t n = proto_doc_len(doc, doc_sub(at, "layers"));

	for (size_t i = 0; i < n; i++) {
		char item[128];

		(void)str_fmt(item, sizeof(item), "%s.%zu", doc_sub(at, "layers"), i);
		row(s, text(doc, item, "name"), text(doc, item, "verdict"),
			text(doc, item, "evidence"));
	}
}

static void
show_gates(const struct screen *s, const struct proto_doc *doc, const char *at)
{
	size_t n = proto_doc_len(doc, doc_sub(at, "gates"));

	for (size_t i = 0; i < n; i++) {
		char item[128], took[32], line[512] = "";
		const char *state;
		bool waiting;

		(void)str_fmt(item, sizeof(item), "%s.%zu", doc_sub(at, "gates"), i);
		state = text(doc, item, "state");
		waiting = strcmp(state, "waiting") == 0;
		str_duration(took, sizeof(took),
			(uint64_t)number(doc, item, "took_ms") + (waiting ? s->age_ms : 0));
		if (waiting)
			(void)str_fmt(
				line, sizeof(line), "%-9s %s", took, text(doc, at, "boot.step"));
		else if (strcmp(state, "open") == 0)
			str_cut(line, sizeof(line), took);
		row(s, text(doc, item, "name"), strcmp(state, "open") ? state : "ok", line);
	}
}

static void
show_containers(const struct screen *s, const struct proto_doc *doc, const char *at)
{
	size_t n = proto_doc_len(doc, doc_sub(at, "docker.containers"));
	int64_t running = number(doc, at, "docker.containers_running");

	if (strcmp(text(doc, at, "state"), "ready") != 0 && n == 0)
		return;
	fprintf(s->out, "\n  %lld container%s running\n", (long long)running,
		running == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++) {
		char item[128];

		(void)str_fmt(item, sizeof(item), "%s.%zu", doc_sub(at, "docker.containers"), i);
		fprintf(s->out, "    %-20s %-24s %-9s %s\n", text(doc, item, "name"),
			text(doc, item, "image"), text(doc, item, "state"),
			text(doc, item, "ports"));
	}
	if ((int64_t)n < running)
		fprintf(s->out, "    ... and %lld more\n", (long long)running - (long long)n);
}

static void
show_notes(const struct screen *s, const struct proto_doc *doc, const char *at)
{
	const char *notes[] = {"daemon.log_note", "daemon.reload_note"};
	const char *keys = text(doc, at, "daemon.restart_keys");

	fprintf(s->out, "  restarts %lld lately, %lld in all\n",
		(long long)number(doc, at, "restarts.in_window"),
		(long long)number(doc, at, "restarts.total"));
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (text(doc, at, notes[i])[0])
			fprintf(s->out, "  note: %s\n", text(doc, at, notes[i]));
	}
	if (*keys)
		fprintf(s->out, "  note: changed, but waiting for a restart of the daemon: %s\n",
			keys);
}

/* How far the start is, measured by the last one. */
static void
show_progress(const struct screen *s, const struct proto_doc *doc, const char *at)
{
	uint64_t expected_ms = (uint64_t)number(doc, at, "boot.expected_ms");
	uint64_t took_ms = duration_since(doc, at);
	bool known = expected_ms > 0;
	char took[32], expected[32];
	size_t filled;

	if (!known)
		expected_ms = FIRST_BOOT_MS;
	filled = (size_t)(took_ms * BAR_WIDTH / expected_ms);
	if (filled > BAR_WIDTH - 1)
		filled = BAR_WIDTH - 1; /* late is not done */
	str_duration(took, sizeof(took), took_ms);
	str_duration(expected, sizeof(expected), expected_ms);
	fprintf(s->out, "\n  %-10s %s of about %s%s  [%.*s>%*s]\n", "start", took, expected,
		known ? "" : " (a guess, the first time)", (int)filled,
		"========================", (int)(BAR_WIDTH - 1 - filled), "");
}

void
show_status(const struct proto_doc *doc, const char *at, const struct view *view)
{
	struct screen s = screen_of(view->out, view->fd, view->age_ms);
	bool starting = strcmp(text(doc, at, "state"), "starting") == 0;

	headline(&s, doc, at);
	show_next(doc, at, s.out);
	fputc('\n', s.out);
	if (starting)
		show_gates(&s, doc, at);
	if (starting)
		show_progress(&s, doc, at);
	else
		show_layers(&s, doc, at);
	show_containers(&s, doc, at);
	show_notes(&s, doc, at);
}
