/* A status that is redrawn in place, on a terminal; elsewhere one headline a change. */

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl.h"

/* Nobody watches numbers faster than this. */
#define TICK_MS 500u

void
board_init(struct board *b)
{
	*b = (struct board){.tty = isatty(STDOUT_FILENO) == 1};
}

void
board_finish(struct board *b)
{
	proto_doc_free(b->doc);
	b->doc = NULL;
}

static unsigned
rows_of_terminal(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

/* Up to where the last picture began, or to the top when it was taller than the terminal. */
static void
rewind_cursor(const struct board *b)
{
	if (b->rows >= rows_of_terminal())
		fputs("\033[H", stdout);
	else if (b->rows > 0)
		printf("\033[%uA\r", b->rows);
	fputs("\033[J", stdout);
}

static void
draw(struct board *b)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct view view = {.out = out, .fd = STDOUT_FILENO, .age_ms = now_ms() - b->taken_ms};

	if (!out)
		return;
	show_status(b->doc, "status", &view);
	(void)fclose(out);
	rewind_cursor(b);
	(void)fwrite(text, 1, len, stdout);
	b->rows = 0;
	for (size_t i = 0; i < len; i++)
		b->rows += text[i] == '\n';
	free(text);
}

static void
draw_line(struct board *b)
{
	const char *state = proto_doc_str(b->doc, "status.state", "");

	if (strcmp(state, b->state) != 0)
		show_headline(b->doc, "status", stdout);
	(void)snprintf(b->state, sizeof(b->state), "%s", state);
}

void
board_take(struct board *b, struct proto_doc *doc)
{
	proto_doc_free(b->doc);
	b->doc = doc;
	b->taken_ms = now_ms();
	if (b->tty)
		draw(b);
	else
		draw_line(b);
	(void)fflush(stdout);
}

int
board_next(struct board *b, struct client *c, uint64_t timeout_ms, struct proto_doc **ret,
	struct err *err)
{
	uint64_t until_ms = timeout_ms == CLIENT_FOREVER ? CLIENT_FOREVER : now_ms() + timeout_ms;

	for (;;) {
		uint64_t now = now_ms();
		uint64_t left_ms = until_ms > now ? until_ms - now : 0;
		int rc = client_next(c, b->tty && left_ms > TICK_MS ? TICK_MS : left_ms, ret, err);

		if (rc != CTL_TIMEOUT || now_ms() >= until_ms)
			return rc;
		draw(b); /* the durations go on though nothing changed */
		(void)fflush(stdout);
	}
}
