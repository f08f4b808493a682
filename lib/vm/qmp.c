#include "vm/qmp.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char *const command_text[] = {
	[QMP_QUERY_STATUS] = "{\"execute\":\"query-status\"}\n",
	[QMP_CONT] = "{\"execute\":\"cont\"}\n",
	[QMP_SYSTEM_POWERDOWN] = "{\"execute\":\"system_powerdown\"}\n",
	[QMP_QUIT] = "{\"execute\":\"quit\"}\n",
};
static const char capabilities_text[] = "{\"execute\":\"qmp_capabilities\"}\n";

/* Freed when both handles are closed. */
struct qmp {
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	unsigned open_handles;
	enum qmp_command command;
	enum { GREETING, CAPABILITIES, ANSWER } step;
	struct qmp_result result;
	void (*done)(const struct qmp_result *result, void *arg);
	void *arg;
	size_t len;
	char line[QMP_LINE_MAX];
};

enum qmp_line
qmp_parse_line(const char *line, size_t len, struct qmp_result *result)
{
	json_t *root = json_loadb(line, len, 0, NULL);
	enum qmp_line kind = QMP_LINE_BAD;
	const char *text;

	if (json_object_get(root, "QMP")) {
		kind = QMP_LINE_GREETING;
	} else if (json_object_get(root, "event")) {
		kind = QMP_LINE_EVENT;
	} else if (json_object_get(root, "error")) {
		text = json_string_value(json_object_get(json_object_get(root, "error"), "desc"));
		kind = QMP_LINE_ERROR;
		(void)err_set(&result->err, -EPROTO, "QMP: %.200s", text ? text : "an error");
	} else if (json_object_get(root, "return")) {
		text = json_string_value(
			json_object_get(json_object_get(root, "return"), "status"));
		kind = QMP_LINE_RETURN;
		str_escape(result->status, sizeof(result->status), text ? text : "",
			text ? strlen(text) : 0);
	}
	json_decref(root);
	return kind;
}

static void
on_closed(uv_handle_t *handle)
{
	struct qmp *q = handle->data;

	if (--q->open_handles > 0)
		return;
	q->done(&q->result, q->arg);
	free(q);
}

static void
finish(struct qmp *q, int code, const char *why)
{
	if (uv_is_closing((uv_handle_t *)&q->timer))
		return;
	q->result.code = code;
	if (code < 0 && why)
		(void)err_set(&q->result.err, code, "%s", why);
	uv_close((uv_handle_t *)&q->timer, on_closed);
	uv_close((uv_handle_t *)&q->pipe, on_closed);
}

static void
on_written(uv_write_t *req, int status)
{
	if (status < 0 && status != UV_ECANCELED)
		finish(req->data, status, uv_strerror(status));
}

static void
send_text(struct qmp *q, const char *text)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));
	int rc = uv_write(&q->write, (uv_stream_t *)&q->pipe, &buf, 1, on_written);

	if (rc < 0)
		finish(q, rc, uv_strerror(rc));
}

/* Events come between a command and its return (real-runs R15): they are passed over. */
static void
on_line(struct qmp *q, const char *line, size_t len)
{
	switch (qmp_parse_line(line, len, &q->result)) {
	case QMP_LINE_EVENT:
		return;
	case QMP_LINE_GREETING:
		if (q->step != GREETING)
			break;
		q->step = CAPABILITIES;
		send_text(q, capabilities_text);
		return;
	case QMP_LINE_RETURN:
		if (q->step == CAPABILITIES) {
			q->step = ANSWER;
			send_text(q, command_text[q->command]);
			return;
		}
		if (q->step != ANSWER)
			break;
		finish(q, 0, NULL);
		return;
	case QMP_LINE_ERROR:
		finish(q, -EPROTO, NULL);
		return;
	case QMP_LINE_BAD:
		break;
	}
	finish(q, -EPROTO, "QMP: an answer that is none");
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct qmp *q = handle->data;

	(void)suggested;
	*buf = uv_buf_init(q->line + q->len, (unsigned)(sizeof(q->line) - q->len));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct qmp *q = stream->data;
	char *end;

	(void)buf;
	if (n == UV_ENOBUFS) {
		finish(q, -EPROTO, "QMP: a line is longer than 64 KiB");
	} else if (n < 0) {
		/* quit is answered by qemu's end as often as by a return. */
		bool ended = q->step == ANSWER && q->command == QMP_QUIT;

		finish(q, ended ? 0 : -ECONNRESET, "QMP: connection closed");
	}
	if (n <= 0)
		return;
	q->len += (size_t)n;
	while (!uv_is_closing((uv_handle_t *)stream) && (end = memchr(q->line, '\n', q->len))) {
		size_t used = (size_t)(end - q->line) + 1;

		on_line(q, q->line, used - 1);
		q->len -= used;
		memmove(q->line, q->line + used, q->len);
	}
}

static void
on_connect(uv_connect_t *req, int status)
{
	struct qmp *q = req->data;

	if (status < 0)
		finish(q, status, uv_strerror(status));
	else if ((status = uv_read_start((uv_stream_t *)&q->pipe, on_alloc, on_read)) < 0)
		finish(q, status, uv_strerror(status));
}

static void
on_timeout(uv_timer_t *timer)
{
	struct qmp *q = timer->data;

	finish(q, -ETIMEDOUT,
		q->step == GREETING ? "QMP: connected, but no greeting" : "QMP: no answer");
}

int
qmp_ask(uv_loop_t *loop, const char *path, enum qmp_command command,
	void (*done)(const struct qmp_result *result, void *arg), void *arg)
{
	struct qmp *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->command = command;
	q->done = done;
	q->arg = arg;
	(void)uv_timer_init(loop, &q->timer);
	(void)uv_pipe_init(loop, &q->pipe, 0);
	q->open_handles = 2;
	q->timer.data = q->pipe.data = q->connect.data = q->write.data = q;
	(void)uv_timer_start(&q->timer, on_timeout, QMP_HOLD_MS, 0);
	uv_pipe_connect(&q->connect, &q->pipe, path, on_connect);
	return 0;
}
