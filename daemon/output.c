/*
 * What colima prints. It writes into a FIFO of which it holds both ends, so that it neither dies of
 * SIGPIPE nor blocks when this daemon is killed, and the next daemon reads on where this one
 * stopped (docs/adr/0004-child-output.md). Lines are escaped, bounded, and dropped with a word when
 * there are too many of them.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"

#define LINES_PER_SECOND 200u
#define WINDOW_MS        1000u
#define MARKER           "keeping Colima in the foreground"

/* The text of a logrus line's msg="..." or the line itself. */
static void
message_of(const char *line, char *buf, size_t size)
{
	const char *at = strstr(line, "msg=\"");
	size_t len;

	if (!at) {
		str_cut(buf, size, line);
		return;
	}
	at += strlen("msg=\"");
	len = strlen(at);
	for (size_t i = 0; i < len; i++) {
		if (at[i] == '"' && (i == 0 || at[i - 1] != '\\'))
			len = i;
	}
	str_escape(buf, size, at, len);
}

static void
open_window(struct output *o)
{
	if (o->n_dropped > 0)
		log_warn("child", "%u lines dropped: more than %u a second", o->n_dropped,
			LINES_PER_SECOND);
	o->window_ms = host_awake_ms();
	o->n_window = o->n_dropped = 0;
}

/* What was dropped is told even when no line follows. */
static void
on_window_end(uv_timer_t *timer)
{
	struct runtime *rt = timer->data;

	open_window(&rt->output);
}

static bool
within_rate(struct output *o)
{
	if (host_awake_ms() - o->window_ms >= WINDOW_MS)
		open_window(o);
	if (o->n_window++ < LINES_PER_SECOND)
		return true;
	if (o->n_dropped++ == 0)
		(void)uv_timer_start(&o->window, on_window_end, WINDOW_MS, 0);
	return false;
}

static void
take_line(struct runtime *rt, char *line)
{
	struct output *o = &rt->output;
	bool marker = strstr(line, MARKER) != NULL;
	bool fatal = strstr(line, "level=fatal") != NULL;

	if (!line[0])
		return;
	if (marker || fatal || within_rate(o)) {
		log_info("child", "%s", line);
		message_of(line, o->step, sizeof(o->step));
		rt->dirty = rt->dirty || rt->sup.state == STATE_STARTING;
	}
	if (fatal)
		message_of(line, o->fatal, sizeof(o->fatal));
	if (marker)
		rt_post(rt,
			&(struct sup_event){.kind = EV_MARKER, .generation = rt->sup.generation});
}

static void
take_bytes(struct runtime *rt, size_t n)
{
	struct output *o = &rt->output;
	char *end;

	o->len += n;
	while ((end = memchr(o->line, '\n', o->len))) {
		size_t used = (size_t)(end - o->line) + 1;

		*end = '\0';
		if (!o->skipping)
			take_line(rt, o->line);
		o->skipping = false;
		o->len -= used;
		memmove(o->line, o->line + used, o->len);
	}
	if (o->len == sizeof(o->line) - 1) {
		o->line[o->len] = '\0';
		if (!o->skipping)
			take_line(rt, o->line);
		o->skipping = true; /* the rest of the line */
		o->len = 0;
	}
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct runtime *rt = handle->data;
	struct output *o = &rt->output;

	(void)suggested;
	*buf = uv_buf_init(o->line + o->len, (unsigned)(sizeof(o->line) - 1 - o->len));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct runtime *rt = stream->data;

	(void)buf;
	if (n > 0)
		take_bytes(rt, (size_t)n);
	else if (n < 0)
		log_warn("child", "reading its output: %s", uv_strerror((int)n));
	if (rt->dirty)
		rt_publish(rt);
}

static int
start_reading(struct runtime *rt, const char *path)
{
	int rc, fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	(void)uv_pipe_init(&rt->loop, &rt->output.pipe, 0);
	(void)uv_timer_init(&rt->loop, &rt->output.window);
	rt->output.pipe.data = rt->output.window.data = rt;
	rt->output.open = true;
	rc = uv_pipe_open(&rt->output.pipe, fd);
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return uv_read_start((uv_stream_t *)&rt->output.pipe, on_alloc, on_read);
}

/* Makes the FIFO if need be and reads from it. With `ret_child_fd` also a descriptor for the child:
 * blocking, because it is shared with programs that expect that. */
int
output_open(struct runtime *rt, int *ret_child_fd, struct err *err)
{
	char path[HOST_PATH_MAX];
	struct stat st;
	int rc = str_fmt(path, sizeof(path), "%s/child.fifo", rt->state_dir);

	if (rc == 0 && lstat(path, &st) == 0 && !S_ISFIFO(st.st_mode))
		(void)unlink(path);
	if (rc == 0 && mkfifo(path, 0600) < 0 && errno != EEXIST)
		rc = -errno;
	if (rc == 0 && !rt->output.open)
		rc = start_reading(rt, path);
	if (rc == 0 && ret_child_fd) {
		*ret_child_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		rc = *ret_child_fd < 0 ? -errno : 0;
	}
	return rc < 0 ? err_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

/* What the child wrote before it ended must be known before its end is judged. */
void
output_drain(struct runtime *rt)
{
	struct output *o = &rt->output;
	uv_os_fd_t fd;
	ssize_t n = 1;

	if (!o->open || uv_fileno((uv_handle_t *)&o->pipe, &fd) < 0)
		return;
	while (n > 0) {
		n = read(fd, o->line + o->len, sizeof(o->line) - 1 - o->len);
		if (n > 0)
			take_bytes(rt, (size_t)n);
	}
}

void
output_close(struct runtime *rt)
{
	if (rt->output.open) {
		uv_close((uv_handle_t *)&rt->output.pipe, NULL);
		uv_close((uv_handle_t *)&rt->output.window, NULL);
	}
	rt->output.open = false;
}
