/* pulsectl events: the last transitions, and with -f the coming ones. */

#include <stdlib.h>
#include <time.h>

#include "base/str.h"
#include "ctl.h"

static void
print_event(const struct options *o, const struct proto_doc *doc, const char *at)
{
	char date[32];
	struct tm tm;
	time_t when;

	if (o->json) {
		char *text = proto_doc_text(doc, at, false);

		puts(text ? text : "{}");
		free(text);
		return;
	}
	when = (time_t)(proto_doc_int(doc, doc_sub(at, "at_ms"), 0) / 1000);
	(void)localtime_r(&when, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s %s\n", date, proto_doc_str(doc, doc_sub(at, "line"), ""));
}

static void
print_list(const struct options *o, const struct proto_doc *doc)
{
	size_t n = proto_doc_len(doc, "events");

	for (size_t i = 0; i < n; i++) {
		char at[32];

		(void)str_fmt(at, sizeof(at), "events.%zu", i);
		print_event(o, doc, at);
	}
	(void)fflush(stdout);
}

int
cmd_events(const struct options *o)
{
	struct proto_doc *doc;
	struct client c;
	struct where w;
	struct err err;
	int rc;

	where_find(&w, o);
	rc = client_open(&c, &w, &err);
	if (rc == CTL_YES)
		rc = client_send(&c, PROTO_OP_EVENTS, o->follow, &err);
	if (rc == CTL_YES)
		rc = client_next(&c, CLIENT_REPLY_MS, &doc, &err);
	if (rc == CTL_YES) {
		print_list(o, doc);
		proto_doc_free(doc);
	}
	while (rc == CTL_YES && o->follow && !ferror(stdout)) {
		rc = client_next(&c, CLIENT_FOREVER, &doc, &err);
		if (rc != CTL_YES)
			break;
		print_event(o, doc, "event");
		(void)fflush(stdout);
		proto_doc_free(doc);
	}
	client_close(&c);
	return rc == CTL_YES ? rc : complain(rc, &err);
}
