#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl.h"
#include "host/host.h"

uint64_t
now_ms(void)
{
	return host_awake_ms();
}

int
complain(int code, const struct err *err)
{
	fprintf(stderr, "pulsectl: %s\n", err->msg);
	return code;
}

static int
refused(const struct where *w, int error, struct err *err)
{
	if (error == EACCES || error == EPERM) {
		(void)err_set(err, 0, "%s: not permitted; ask as root or as a member of group %s",
			w->socket, w->group);
		return CTL_PERMISSION;
	}
	(void)err_set(err, 0, "the daemon is not reachable: %s: %s", w->socket, strerror(error));
	return CTL_UNREACHABLE;
}

int
client_open(struct client *c, const struct where *w, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int error;

	*c = (struct client){.fd = -1};
	if (str_fmt(addr.sun_path, sizeof(addr.sun_path), "%s", w->socket) < 0)
		return refused(w, ENAMETOOLONG, err);
	c->fd = host_unix_socket(false);
	if (c->fd < 0)
		return refused(w, -c->fd, err);
	if (connect(c->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		error = errno;
		client_close(c);
		return refused(w, error, err);
	}
	c->buf = malloc(PROTO_REPLY_MAX);
	if (!c->buf) {
		client_close(c);
		return refused(w, ENOMEM, err);
	}
	return CTL_YES;
}

void
client_close(struct client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c->buf);
	*c = (struct client){.fd = -1};
}

int
client_send(struct client *c, enum proto_op op, bool follow, struct err *err)
{
	char *text = proto_request_text(1, op, follow, c->engine);
	size_t len = text ? strlen(text) : 0, sent = 0;

	while (sent < len) {
		ssize_t n = write(c->fd, text + sent, len - sent);

		if (n < 0 && errno != EINTR)
			break;
		sent += n > 0 ? (size_t)n : 0;
	}
	free(text);
	if (len > 0 && sent == len)
		return CTL_YES;
	(void)err_set(err, 0, "the daemon closed the connection");
	return CTL_UNREACHABLE;
}

/* Takes the first whole line out of the buffer, if there is one. */
static struct proto_doc *
take_line(struct client *c, bool *ret_bad, struct err *err)
{
	char *end = memchr(c->buf, '\n', c->len);
	struct proto_doc *doc;
	size_t used;

	*ret_bad = false;
	if (!end)
		return NULL;
	used = (size_t)(end - c->buf) + 1;
	doc = proto_doc_parse(c->buf, used - 1, err);
	*ret_bad = !doc;
	c->len -= used;
	memmove(c->buf, c->buf + used, c->len);
	return doc;
}

/* An error reply as exit code and message. */
static int
judge(struct proto_doc *doc, struct proto_doc **ret, struct err *err)
{
	int code;

	if (!proto_doc_has(doc, "error.code")) {
		*ret = doc;
		return CTL_YES;
	}
	code = proto_error_exit(proto_doc_str(doc, "error.code", ""));
	(void)err_set(err, 0, "%s: %s", proto_doc_str(doc, "error.code", ""),
		proto_doc_str(doc, "error.message", ""));
	proto_doc_free(doc);
	return code;
}

static int
read_more(struct client *c, uint64_t until_ms, struct err *err)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	uint64_t left = until_ms == CLIENT_FOREVER ? 0 : until_ms - now_ms();
	ssize_t n;
	int rc;

	if (until_ms != CLIENT_FOREVER && now_ms() >= until_ms)
		return CTL_TIMEOUT;
	rc = poll(&p, 1, until_ms == CLIENT_FOREVER ? -1 : (int)(left > 1000000 ? 1000000 : left));
	if (rc <= 0)
		return CTL_YES; /* interrupted, or to be looked at again */
	if (c->len == PROTO_REPLY_MAX) {
		(void)err_set(err, 0, "the daemon's answer is longer than 1 MiB");
		return CTL_PROTOCOL;
	}
	n = read(c->fd, c->buf + c->len, PROTO_REPLY_MAX - c->len);
	if (n <= 0) {
		(void)err_set(err, 0, "the daemon closed the connection");
		return CTL_UNREACHABLE;
	}
	c->len += (size_t)n;
	return CTL_YES;
}

int
client_next(struct client *c, uint64_t timeout_ms, struct proto_doc **ret, struct err *err)
{
	uint64_t until_ms = timeout_ms == CLIENT_FOREVER ? CLIENT_FOREVER : now_ms() + timeout_ms;

	for (;;) {
		bool bad;
		struct proto_doc *doc = take_line(c, &bad, err);
		int rc;

		if (bad)
			return CTL_PROTOCOL;
		if (doc)
			return judge(doc, ret, err);
		rc = read_more(c, until_ms, err);
		if (rc == CTL_TIMEOUT)
			(void)err_set(err, 0, "no answer from the daemon in time");
		if (rc != CTL_YES)
			return rc;
	}
}

int
client_ask(const struct where *w, enum proto_op op, struct proto_doc **ret, struct err *err)
{
	struct client c;
	int rc = client_open(&c, w, err);

	if (rc == CTL_YES)
		rc = client_send(&c, op, false, err);
	if (rc == CTL_YES)
		rc = client_next(&c, CLIENT_REPLY_MS, ret, err);
	client_close(&c);
	return rc;
}
