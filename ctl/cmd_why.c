/* pulsectl why: the evidence from Docker down to this machine, and what follows from it. */

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ctl.h"

/* From the API down: where the chain broke is where the oks begin. */
static void
show_chain(const struct proto_doc *doc)
{
	size_t n = proto_doc_len(doc, "status.layers");

	for (size_t i = n; i-- > 0;) {
		char at[64];

		(void)str_fmt(at, sizeof(at), "status.layers.%zu", i);
		show_row(stdout, proto_doc_str(doc, doc_sub(at, "name"), ""),
			proto_doc_str(doc, doc_sub(at, "verdict"), ""),
			proto_doc_str(doc, doc_sub(at, "evidence"), ""));
	}
}

static void
show_diagnosis(const struct proto_doc *doc)
{
	const char *cause = proto_doc_str(doc, "status.diagnosis.cause", "");
	int64_t level = proto_doc_int(doc, "status.diagnosis.remedy.level", 0);
	int64_t in_ms = proto_doc_int(doc, "status.diagnosis.remedy.in_ms", 0);
	char in[32];

	printf("=> %s%s%s: %s\n", cause[0] ? cause : "no diagnosis", cause[0] ? " " : "",
		cause[0] ? proto_doc_str(doc, "status.diagnosis.name", "") : "",
		proto_doc_str(doc, "status.diagnosis.why", ""));
	str_duration(in, sizeof(in), (uint64_t)in_ms);
	if (level > 0)
		printf("=> L%lld %s: %s%s%s\n", (long long)level,
			proto_doc_str(doc, "status.diagnosis.remedy.name", ""),
			proto_doc_str(doc, "status.diagnosis.remedy.text", ""),
			in_ms > 0 ? ", if it stays so, in " : "", in_ms > 0 ? in : "");
	else
		printf("=> L0 wait and look again\n");
}

int
cmd_why(const struct options *o)
{
	struct proto_doc *doc;
	struct where w;
	struct err err;
	int rc;

	where_find(&w, o);
	rc = client_ask(&w, PROTO_OP_STATUS, &doc, &err);
	if (rc != CTL_YES)
		return complain(rc, &err);
	if (o->json) {
		char *text = proto_doc_text(doc, "status.diagnosis", true);

		puts(text ? text : "null");
		free(text);
	} else {
		show_headline(doc, "status", stdout);
		putchar('\n');
		show_chain(doc);
		putchar('\n');
		if (proto_doc_has(doc, "status.diagnosis"))
			show_diagnosis(doc);
		else if (proto_doc_has(doc, "status.cause"))
			printf("=> %s: %s\n", proto_doc_str(doc, "status.cause.id", ""),
				proto_doc_str(doc, "status.cause.advice", ""));
	}
	rc = strcmp(proto_doc_str(doc, "status.state", ""), "ready") == 0 ? CTL_YES : CTL_NO;
	proto_doc_free(doc);
	return rc;
}
