#include "ctl.h"

int
cmd_version(const struct options *o)
{
	struct proto_doc *doc = NULL;
	struct where w;
	struct err err;
	const char *daemon = "not reachable";

	where_find(&w, o);
	if (client_ask(&w, PROTO_OP_VERSION, &doc, &err) == CTL_YES)
		daemon = proto_doc_str(doc, "version.daemon", "unknown");
	if (o->json)
		printf("{\"pulsectl\":\"%s\",\"protocol\":%d,\"daemon\":\"%s\"}\n", PULSE_VERSION,
			PROTO_VERSION, daemon);
	else
		printf("pulsectl %s, protocol %d\ncolima-pulsed %s\n", PULSE_VERSION, PROTO_VERSION,
			daemon);
	proto_doc_free(doc);
	return CTL_YES;
}
