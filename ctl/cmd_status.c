/* pulsectl status: from the daemon, or, when it is down, from its status file. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl.h"

static int
verdict(const struct proto_doc *doc, const char *at)
{
	return strcmp(proto_doc_str(doc, doc_sub(at, "state"), ""), "ready") == 0 ? CTL_YES
										  : CTL_NO;
}

static void
print_json(const struct proto_doc *doc, const char *at)
{
	char *text = proto_doc_text(doc, at, true);

	puts(text ? text : "{}");
	free(text);
}

static struct proto_doc *
read_status_file(const char *path, uint64_t *ret_age_ms, struct err *err)
{
	char *text = malloc(PROTO_REPLY_MAX);
	struct proto_doc *doc = NULL;
	struct stat st;
	size_t len;
	int rc = text ? file_read(path, text, PROTO_REPLY_MAX, &len) : -ENOMEM;

	if (rc == 0 && stat(path, &st) == 0) {
		time_t now = time(NULL);

		*ret_age_ms = now > st.st_mtime ? (uint64_t)(now - st.st_mtime) * 1000 : 0;
		doc = proto_doc_parse(text, len, err);
	} else {
		(void)err_set(err, rc, "%s: %s", path, strerror(-rc));
	}
	free(text);
	return doc;
}

static int
offline(const struct where *w, const struct options *o)
{
	char path[1100], age[32];
	uint64_t age_ms = 0;
	struct err err;
	struct proto_doc *doc;

	(void)path_join(path, sizeof(path), w->state_dir, "status.json");
	doc = read_status_file(path, &age_ms, &err);
	if (!doc)
		return complain(CTL_UNREACHABLE, &err);
	str_duration(age, sizeof(age), age_ms);
	fprintf(stderr,
		"pulsectl: the daemon is down; this is what it knew when it last wrote %s, %s ago\n",
		path, age);
	if (o->json)
		print_json(doc, "");
	else
		show_status(doc, "", &(struct view){.out = stdout, .fd = STDOUT_FILENO});
	proto_doc_free(doc);
	return CTL_UNREACHABLE;
}

static int
watch(const struct where *w)
{
	struct client c;
	struct board b;
	struct err err;
	int rc = client_open(&c, w, &err);

	board_init(&b);

	if (rc == CTL_YES)
		rc = client_send(&c, PROTO_OP_SUBSCRIBE, false, &err);
	while (rc == CTL_YES) {
		struct proto_doc *doc;

		rc = board_next(&b, &c, CLIENT_FOREVER, &doc, &err);
		if (rc == CTL_YES)
			board_take(&b, doc);
	}
	board_finish(&b);
	client_close(&c);
	return complain(rc, &err);
}

int
cmd_status(const struct options *o)
{
	struct proto_doc *doc;
	struct where w;
	struct err err;
	int rc;

	where_find(&w, o);
	if (o->watch)
		return watch(&w);
	rc = client_ask(&w, PROTO_OP_STATUS, &doc, &err);
	if (rc == CTL_UNREACHABLE) {
		(void)complain(rc, &err);
		return offline(&w, o);
	}
	if (rc != CTL_YES)
		return complain(rc, &err);
	if (o->json)
		print_json(doc, "status");
	else
		show_status(doc, "status", &(struct view){.out = stdout, .fd = STDOUT_FILENO});
	rc = verdict(doc, "status");
	proto_doc_free(doc);
	return rc;
}
