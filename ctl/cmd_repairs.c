/* pulsectl repairs: what was tried, and how it ended. */

#include <stdlib.h>

#include "base/str.h"
#include "ctl.h"

static void
show_repair(const struct proto_doc *doc, size_t i)
{
	char at[64], took[32];

	(void)str_fmt(at, sizeof(at), "status.repairs.%zu", i);
	str_duration(took, sizeof(took), (uint64_t)proto_doc_int(doc, doc_sub(at, "took_ms"), 0));
	printf("%s  %-4s %-16s %-10s %s\n", proto_doc_str(doc, doc_sub(at, "at"), ""),
		proto_doc_str(doc, doc_sub(at, "cause"), ""),
		proto_doc_str(doc, doc_sub(at, "remedy"), ""),
		proto_doc_str(doc, doc_sub(at, "result"), ""), took);
}

int
cmd_repairs(const struct options *o)
{
	struct proto_doc *doc;
	struct where w;
	struct err err;
	size_t n;
	int rc;

	where_find(&w, o);
	rc = client_ask(&w, PROTO_OP_STATUS, &doc, &err);
	if (rc != CTL_YES)
		return complain(rc, &err);
	n = proto_doc_len(doc, "status.repairs");
	if (o->json) {
		char *text = proto_doc_text(doc, "status.repairs", true);

		puts(text ? text : "[]");
		free(text);
	} else if (n == 0) {
		puts("no repairs since the daemon started");
	}
	for (size_t i = 0; !o->json && i < n; i++)
		show_repair(doc, i);
	proto_doc_free(doc);
	return CTL_YES;
}
