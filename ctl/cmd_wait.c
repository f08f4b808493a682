/* pulsectl wait: subscribes first, then waits, so that nothing can happen in between unseen. */

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/tables.h"
#include "ctl.h"

#define DEFAULT_MS       300000u
#define CONNECT_AGAIN_MS 100

static bool
known_state(const char *name)
{
#define X(id, name_, help) name_,
	static const char *const names[] = {SUP_STATE_MAP(X)};
#undef X
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static int
bad_state(const char *name)
{
#define X(id, name_, help) " " name_
	fprintf(stderr, "pulsectl: --for %s: no such state; known are:%s\n", name,
		SUP_STATE_MAP(X));
#undef X
	return CTL_USAGE;
}

/* Ready will not come by itself while the goal says otherwise or a person must act. */
static bool
hopeless(const struct proto_doc *doc, const char *want)
{
	if (strcmp(want, "ready") != 0)
		return false;
	return strcmp(proto_doc_str(doc, "status.goal", "up"), "up") != 0 ||
	       strcmp(proto_doc_str(doc, "status.state", ""), "blocked") == 0;
}

static int
judge(const struct proto_doc *doc, const char *want, bool *ret_over, struct err *err)
{
	bool reached = strcmp(proto_doc_str(doc, "status.state", ""), want) == 0;

	*ret_over = reached || hopeless(doc, want);
	if (reached || !*ret_over)
		return CTL_YES;
	(void)err_set(err, 0, "%s will not come by itself", want);
	return CTL_NO;
}

static int
follow(struct client *c, const char *want, uint64_t until_ms, bool show, struct err *err)
{
	struct board b;
	bool over = false;
	int rc = client_send(c, PROTO_OP_SUBSCRIBE, false, err);

	board_init(&b);
	b.tty = b.tty && show;
	while (rc == CTL_YES && !over) {
		struct proto_doc *doc;
		uint64_t now = now_ms();

		rc = board_next(&b, c, until_ms > now ? until_ms - now : 0, &doc, err);
		if (rc != CTL_YES)
			break;
		rc = judge(doc, want, &over, err);
		if (show) {
			board_take(&b, doc);
			continue;
		}
		if (over)
			show_headline(doc, "status", rc == CTL_YES ? stdout : stderr);
		proto_doc_free(doc);
	}
	board_finish(&b);
	return rc;
}

int
cmd_wait(const struct options *o)
{
	const char *want = o->state ? o->state : "ready";
	uint64_t until_ms = now_ms() + (o->timeout_ms ? o->timeout_ms : DEFAULT_MS);
	struct timespec pause = {0, CONNECT_AGAIN_MS * 1000000L};
	struct client c;
	struct where w;
	struct err err;
	int rc;

	if (!known_state(want))
		return bad_state(want);
	where_find(&w, o);
	/* The daemon itself may be on its way up. */
	while ((rc = client_open(&c, &w, &err)) == CTL_UNREACHABLE && now_ms() < until_ms)
		(void)nanosleep(&pause, NULL);
	if (rc == CTL_YES)
		rc = follow(&c, want, until_ms, o->watch, &err);
	client_close(&c);
	if (rc == CTL_TIMEOUT)
		(void)err_set(&err, 0, "the state was not %s in time; see `pulsectl status`", want);
	return rc == CTL_YES ? rc : complain(rc, &err);
}
