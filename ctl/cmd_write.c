/* The commands that change something. With --wait: subscribe, then ask, then see it happen. */

#include <string.h>

#include "ctl.h"

#define DEFAULT_WAIT_MS 1200000u

struct change {
	enum proto_op op;
	const char *done; /* the state to wait for; NULL: accepted is done */
	const char *goal; /* the goal to wait for instead */
	const char *said;
};

static bool
is_done(const struct change *change, const struct proto_doc *doc, int64_t accepted)
{
	const char *state = proto_doc_str(doc, "status.state", "");

	if (proto_doc_int(doc, "status.snapshot", 0) < accepted)
		return false;
	if (change->goal)
		return strcmp(proto_doc_str(doc, "status.goal", ""), change->goal) == 0;
	return strcmp(state, change->done) == 0;
}

static int
wait_done(struct client *c, const struct change *change, int64_t accepted, uint64_t until_ms,
	struct err *err)
{
	for (;;) {
		struct proto_doc *doc;
		uint64_t now = now_ms();
		int rc = client_next(c, until_ms > now ? until_ms - now : 0, &doc, err);
		bool blocked;

		if (rc == CTL_TIMEOUT)
			(void)err_set(
				err, 0, "accepted, but not done in time; see `pulsectl status`");
		if (rc != CTL_YES)
			return rc;
		if (is_done(change, doc, accepted)) {
			show_headline(doc, "status", stdout);
			proto_doc_free(doc);
			return CTL_YES;
		}
		blocked = strcmp(proto_doc_str(doc, "status.state", ""), "blocked") == 0;
		if (blocked)
			show_headline(doc, "status", stderr);
		proto_doc_free(doc);
		if (blocked) {
			(void)err_set(err, 0, "accepted, but only a person can help now");
			return CTL_NO;
		}
	}
}

static int
run(const struct options *o, const struct change *change)
{
	uint64_t until_ms = now_ms() + (o->timeout_ms ? o->timeout_ms : DEFAULT_WAIT_MS);
	bool wait = o->wait && (change->done || change->goal);
	struct proto_doc *doc = NULL;
	struct client c = {.fd = -1};
	struct where w;
	struct err err;
	int rc = CTL_YES;

	where_find(&w, o);
	if (wait)
		rc = client_open(&c, &w, &err);
	if (wait && rc == CTL_YES)
		rc = client_send(&c, PROTO_OP_SUBSCRIBE, false, &err);
	if (rc == CTL_YES)
		rc = client_ask(&w, change->op, &doc, &err);
	if (rc == CTL_YES) {
		int64_t accepted = proto_doc_int(doc, "accepted", 0);

		proto_doc_free(doc);
		if (wait)
			rc = wait_done(&c, change, accepted, until_ms, &err);
		else
			printf("%s\n", change->said);
	}
	client_close(&c);
	return rc == CTL_YES ? rc : complain(rc, &err);
}

int
cmd_start(const struct options *o)
{
	return run(o, &(struct change){PROTO_OP_START, "ready", NULL, "accepted: the goal is up"});
}

int
cmd_resume(const struct options *o)
{
	return run(o, &(struct change){PROTO_OP_RESUME, "ready", NULL, "accepted: the goal is up"});
}

int
cmd_stop(const struct options *o)
{
	return run(o, &(struct change){PROTO_OP_STOP, "down", NULL,
			      "accepted: the VM is stopped gracefully and stays down"});
}

int
cmd_restart(const struct options *o)
{
	return run(o, &(struct change){PROTO_OP_RESTART, "ready", NULL,
			      "accepted: the VM is stopped gracefully and started again"});
}

int
cmd_pause(const struct options *o)
{
	return run(o,
		&(struct change){PROTO_OP_PAUSE, NULL, "paused",
			"accepted: nothing is started, mended or stopped until `pulsectl resume`"});
}

/* --dry-run: what would be done, and nothing is. */
int
cmd_repair(const struct options *o)
{
	if (o->dry_run)
		return cmd_why(o);
	return run(o,
		&(struct change){PROTO_OP_REPAIR, "ready", NULL,
			"accepted: looking at what is wrong; `pulsectl why` shows what is found"});
}

int
cmd_reload(const struct options *o)
{
	return run(
		o, &(struct change){PROTO_OP_RELOAD, NULL, NULL,
			   "reloaded; `pulsectl status` names the keys that wait for a restart"});
}

int
cmd_accept(const struct options *o)
{
	struct proto_doc *doc = NULL;
	struct client c = {.fd = -1};
	struct where w;
	struct err err;
	int rc;

	if (o->argc != 1) {
		fprintf(stderr,
			"pulsectl accept: which engine? The beginning of the id that `pulsectl status` names\n");
		return CTL_USAGE;
	}
	where_find(&w, o);
	rc = client_open(&c, &w, &err);
	c.engine = o->argv[0];
	if (rc == CTL_YES)
		rc = client_send(&c, PROTO_OP_ACCEPT, false, &err);
	if (rc == CTL_YES)
		rc = client_next(&c, CLIENT_REPLY_MS, &doc, &err);
	if (rc == CTL_YES)
		puts("accepted: from now on this is the engine of this profile");
	proto_doc_free(doc);
	client_close(&c);
	return rc == CTL_YES ? rc : complain(rc, &err);
}
