#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "publish.h"
#include "runtime.h"

#define BACKLOG 64

/* Freed when both handles are closed. */
struct client {
	uv_pipe_t pipe;
	uv_timer_t timer; /* runs while a line is incomplete */
	unsigned open_handles;
	bool closing;
	bool finishing; /* nothing that it still says is listened to */
	bool said_all;  /* it closed its side */
	bool wants_status, wants_events;
	int64_t stream_id;
	uid_t uid;
	struct control *control;
	struct client *next;
	size_t len;
	char line[PROTO_LINE_MAX];
};

struct control {
	uv_pipe_t listener;
	bool listener_open;
	struct runtime *rt;
	struct client *clients;
	unsigned n_clients;
};

/* -- binding ---------------------------------------------------------------------------------- */

static int
somebody_answers(const struct sockaddr_un *addr)
{
	int rc, fd = host_unix_socket(false);

	if (fd < 0)
		return fd;
	rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0;
	(void)close(fd);
	return rc;
}

static int
bind_fd(int fd, const struct sockaddr_un *addr, uid_t uid, gid_t gid, bool group)
{
	mode_t mask = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)addr, sizeof(*addr));

	if (rc < 0)
		rc = -errno;
	(void)umask(mask);
	if (rc < 0)
		return rc;
	if (lchown(addr->sun_path, geteuid() == 0 ? uid : (uid_t)-1, group ? gid : (gid_t)-1) < 0)
		return -errno;
	if (group && chmod(addr->sun_path, 0660) < 0)
		return -errno;
	return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

int
control_bind(const char *path, uid_t uid, gid_t gid, bool group, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, rc;

	if (str_fmt(addr.sun_path, sizeof(addr.sun_path), "%s", path) < 0)
		return err_set(err, -ENAMETOOLONG,
			"CONTROL_SOCKET: %s is %zu bytes long, a socket's path may have %zu", path,
			strlen(path), host_defaults()->socket_path_max);
	if (somebody_answers(&addr) == 1)
		return err_set(err, -EADDRINUSE, "another colima-pulsed answers at %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	fd = host_unix_socket(true);
	if (fd < 0)
		return err_set(err, fd, "socket: %s", strerror(-fd));
	rc = bind_fd(fd, &addr, uid, gid, group);
	if (rc < 0) {
		(void)close(fd);
		return err_set(err, rc, "%s: %s", path, strerror(-rc));
	}
	return fd;
}

/* -- clients ---------------------------------------------------------------------------------- */

static void
on_client_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;

	if (--c->open_handles == 0)
		free(c);
}

static void
client_close(struct client *c)
{
	struct client **at = &c->control->clients;

	if (c->closing)
		return;
	c->closing = true;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->control->n_clients--;
	uv_close((uv_handle_t *)&c->timer, on_client_closed);
	uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

struct written {
	uv_write_t req;
	char *text;
	struct client *client;
};

static void
on_written(uv_write_t *req, int status)
{
	struct written *w = req->data;

	if (status < 0)
		client_close(w->client);
	free(w->text);
	free(w);
}

/* Takes `text`. A client that does not read what it asked for is cut off. */
static void
client_send(struct client *c, char *text)
{
	struct written *w = calloc(1, sizeof(*w));
	uv_stream_t *stream = (uv_stream_t *)&c->pipe;
	uv_buf_t buf;

	if (!w || !text || c->closing ||
		uv_stream_get_write_queue_size(stream) + strlen(text) > PROTO_QUEUE_MAX) {
		free(w);
		free(text);
		client_close(c);
		return;
	}
	w->text = text;
	w->client = c;
	w->req.data = w;
	buf = uv_buf_init(text, (unsigned)strlen(text));
	if (uv_write(&w->req, stream, &buf, 1, on_written) < 0) {
		free(w->text);
		free(w);
		client_close(c);
	}
}

static void
on_lingered(uv_timer_t *timer)
{
	client_close(timer->data);
}

/* Closing a socket that holds unread bytes resets it, and a reset takes the last answer away from
 * the peer. So what it still sends is read and dropped, for a moment. */
static void
on_shutdown(uv_shutdown_t *req, int status)
{
	struct client *c = req->data;

	free(req);
	if (c->closing)
		return;
	if (status < 0 || c->said_all)
		client_close(c);
	else
		(void)uv_timer_start(&c->timer, on_lingered, PROTO_LINGER_MS, 0);
}

/* Closes after what is owed has been sent. */
static void
client_finish(struct client *c)
{
	uv_shutdown_t *req;

	if (c->closing || c->finishing)
		return;
	c->finishing = true;
	c->wants_status = c->wants_events = false;
	(void)uv_timer_stop(&c->timer);
	req = calloc(1, sizeof(*req));
	if (req)
		req->data = c;
	if (!req || uv_shutdown(req, (uv_stream_t *)&c->pipe, on_shutdown) < 0) {
		free(req);
		client_close(c);
	}
}

static void
client_refuse(struct client *c, int64_t id, enum proto_error error, const char *why)
{
	log_debug("control", "uid %d: %s: %s", (int)c->uid, proto_error_name(error), why);
	client_send(c, proto_reply_error(id, error, why));
	client_finish(c);
}

/* -- operations ------------------------------------------------------------------------------- */

static bool
permitted(const struct client *c, enum proto_op op)
{
	/* Who may read, the socket's mode has decided: CONTROL_GROUP, the user and root. */
	return !proto_op_writes(op) || c->uid == 0 || c->uid == c->control->rt->user.uid;
}

static void
accepted(struct client *c, int64_t id)
{
	client_send(c, proto_reply_accepted(id, c->control->rt->snap.version));
}

static void
set_goal(struct client *c, int64_t id, enum sup_goal goal)
{
	struct runtime *rt = c->control->rt;

	log_info("control", "uid %d asks: goal %s", (int)c->uid, sup_goal_name(goal));
	if (goal == GOAL_UP)
		rt->state.engine_seen[0] = '\0'; /* look again: the old disk may be back (F14) */
	rt_post(rt, &(struct sup_event){.kind = EV_GOAL, .u.goal = {.goal = goal}});
	accepted(c, id);
}

static void
on_restart(struct client *c, int64_t id)
{
	struct runtime *rt = c->control->rt;

	if (rt->sup.goal != GOAL_UP) {
		client_send(c, proto_reply_error(id, PROTO_ERROR_REFUSED,
				       rt->sup.goal == GOAL_DOWN
					       ? "the goal is down: use `pulsectl start`"
					       : "supervision is paused: use `pulsectl resume`"));
		return;
	}
	log_info("control", "uid %d asks: restart", (int)c->uid);
	rt->state.engine_seen[0] = '\0'; /* look again, as above */
	rt_post(rt, &(struct sup_event){.kind = EV_RESTART});
	accepted(c, id);
}

static void
on_repair(struct client *c, int64_t id)
{
	struct runtime *rt = c->control->rt;

	if (rt->sup.goal != GOAL_UP || !rt->snap.vm.present) {
		client_send(c, proto_reply_error(id, PROTO_ERROR_REFUSED,
				       rt->sup.goal == GOAL_UP
					       ? "there is no VM to mend: see `pulsectl status`"
					       : "hands off: use `pulsectl resume` first"));
		return;
	}
	log_info("control", "uid %d asks: repair", (int)c->uid);
	rt_post(rt, &(struct sup_event){.kind = EV_REPAIR});
	accepted(c, id);
}

static void
on_accept(struct client *c, const struct proto_request *request)
{
	struct runtime *rt = c->control->rt;
	struct err err;

	if (rt_engine_accept(rt, request->engine, &err) < 0) {
		client_send(c, proto_reply_error(request->id, PROTO_ERROR_REFUSED, err.msg));
		return;
	}
	log_info("control", "uid %d accepts engine %s", (int)c->uid, rt->state.engine_id);
	accepted(c, request->id);
}

static void
on_reload(struct client *c, int64_t id)
{
	struct err err;

	if (rt_reload(c->control->rt, &err) < 0)
		client_send(c, proto_reply_error(id, PROTO_ERROR_REFUSED, err.msg));
	else
		accepted(c, id);
}

static void
on_config(struct client *c, int64_t id)
{
	struct runtime *rt = c->control->rt;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		conf_print(&rt->conf, out);
		(void)fclose(out);
	}
	client_send(c, text ? proto_reply_config(id, rt->conf_path, text) : NULL);
	free(text);
}

static void
on_events(struct client *c, const struct proto_request *request)
{
	struct runtime *rt = c->control->rt;
	static struct proto_event list[RT_EVENTS_MAX];
	uint64_t first = rt->n_events > RT_EVENTS_MAX ? rt->n_events - RT_EVENTS_MAX : 0;
	size_t n = 0;

	if (request->since > first)
		first = request->since;
	for (uint64_t i = first; i < rt->n_events; i++)
		list[n++] = rt->events[i % RT_EVENTS_MAX];
	client_send(c, proto_reply_events(request->id, list, n));
	c->wants_events = request->follow;
	c->stream_id = request->id;
}

static void
dispatch(struct client *c, const struct proto_request *request)
{
	struct runtime *rt = c->control->rt;

	switch (request->op) {
	case PROTO_OP_SUBSCRIBE:
		c->wants_status = true;
		c->stream_id = request->id;
		client_send(c, proto_reply_status(request->id, rt_snapshot(rt)));
		break;
	case PROTO_OP_STATUS:
		client_send(c, proto_reply_status(request->id, rt_snapshot(rt)));
		break;
	case PROTO_OP_EVENTS:
		on_events(c, request);
		break;
	case PROTO_OP_VERSION:
		client_send(c, proto_reply_version(request->id));
		break;
	case PROTO_OP_CONFIG:
		on_config(c, request->id);
		break;
	case PROTO_OP_START:
	case PROTO_OP_RESUME:
		set_goal(c, request->id, GOAL_UP);
		break;
	case PROTO_OP_STOP:
		set_goal(c, request->id, GOAL_DOWN);
		break;
	case PROTO_OP_PAUSE:
		set_goal(c, request->id, GOAL_PAUSED);
		break;
	case PROTO_OP_RESTART:
		on_restart(c, request->id);
		break;
	case PROTO_OP_REPAIR:
		on_repair(c, request->id);
		break;
	case PROTO_OP_ACCEPT:
		on_accept(c, request);
		break;
	case PROTO_OP_RELOAD:
		on_reload(c, request->id);
		break;
	case PROTO_OP__COUNT:
		break;
	}
}

static void
on_line(struct client *c, const char *line, size_t len)
{
	struct proto_request request;
	enum proto_error error = PROTO_ERROR_MALFORMED;
	struct err err;

	if (proto_request_parse(line, len, &request, &error, &err) < 0) {
		/* An unknown operation or version is an answer; what is no request ends the talk.
		 */
		if (error == PROTO_ERROR_UNKNOWN_OP)
			client_send(c, proto_reply_error(request.id, error, err.msg));
		else
			client_refuse(c, request.id, error, err.msg);
		return;
	}
	if (!permitted(c, request.op)) {
		char why[160];

		(void)str_fmt(why, sizeof(why), "%s is for root and %s; you are uid %d",
			proto_op_name(request.op), c->control->rt->user.name, (int)c->uid);
		client_send(c, proto_reply_error(request.id, PROTO_ERROR_NOT_PERMITTED, why));
		return;
	}
	dispatch(c, &request);
}

static void
on_slow(uv_timer_t *timer)
{
	client_refuse(timer->data, 0, PROTO_ERROR_TOO_SLOW, "a request takes longer than 5 s");
}

static void
take_lines(struct client *c)
{
	size_t used = 0;
	char *end;

	while (!c->closing && !c->finishing &&
		(end = memchr(c->line + used, '\n', c->len - used))) {
		on_line(c, c->line + used, (size_t)(end - c->line) - used);
		used = (size_t)(end - c->line) + 1;
	}
	if (c->closing || c->finishing) {
		c->len = 0;
		return;
	}
	c->len -= used;
	memmove(c->line, c->line + used, c->len);
	if (c->len == sizeof(c->line)) {
		client_refuse(c, 0, PROTO_ERROR_TOO_LONG, "a request is longer than 64 KiB");
		c->len = 0;
	} else if (c->len == 0)
		(void)uv_timer_stop(&c->timer);
	else if (used > 0 || !uv_is_active((uv_handle_t *)&c->timer))
		(void)uv_timer_start(&c->timer, on_slow, PROTO_REQUEST_MS, 0);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->line + c->len, (unsigned)(sizeof(c->line) - c->len));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = stream->data;

	(void)buf;
	c->said_all = c->said_all || n == UV_EOF;
	if (c->finishing) {
		bool answered = uv_is_active((uv_handle_t *)&c->timer);

		c->len = 0;
		if (n < 0 && (n != UV_EOF || answered))
			client_close(c);
	} else if (n > 0) {
		c->len += (size_t)n;
		take_lines(c);
	} else if (n == UV_EOF) {
		client_finish(c);
	} else if (n < 0) {
		client_close(c);
	}
}

static int
take_peer(struct client *c)
{
	uv_os_fd_t fd;
	gid_t gid;
	int rc = uv_fileno((const uv_handle_t *)&c->pipe, &fd);

	return rc < 0 ? rc : host_peer(fd, &c->uid, &gid);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;
	struct client *c;

	if (status < 0) {
		log_warn("control", "accept: %s", uv_strerror(status));
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return; /* the connection waits in the backlog */
	(void)uv_pipe_init(&control->rt->loop, &c->pipe, 0);
	(void)uv_timer_init(&control->rt->loop, &c->timer);
	c->pipe.data = c->timer.data = c;
	c->open_handles = 2;
	c->control = control;
	c->next = control->clients;
	control->clients = c;
	control->n_clients++;
	if (uv_accept(listener, (uv_stream_t *)&c->pipe) < 0 || take_peer(c) < 0 ||
		uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0 ||
		control->n_clients > 2 * PROTO_CLIENTS_MAX)
		client_close(c);
	else if (control->n_clients > PROTO_CLIENTS_MAX)
		client_refuse(c, 0, PROTO_ERROR_BUSY, "too many connections; try again");
}

/* -- the server ------------------------------------------------------------------------------- */

static void
on_listener_closed(uv_handle_t *handle)
{
	free(handle->data);
}

struct control *
control_open(struct runtime *rt, int fd, struct err *err)
{
	struct control *control = calloc(1, sizeof(*control));
	int rc;

	if (!control) {
		(void)err_set(err, -ENOMEM, "control socket: out of memory");
		return NULL;
	}
	control->rt = rt;
	(void)uv_pipe_init(&rt->loop, &control->listener, 0);
	control->listener.data = control;
	rc = uv_pipe_open(&control->listener, fd);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&control->listener, BACKLOG, on_connection);
	if (rc < 0) {
		(void)err_set(err, rc, "control socket: %s", uv_strerror(rc));
		uv_close((uv_handle_t *)&control->listener, on_listener_closed);
		return NULL;
	}
	return control;
}

void
control_close(struct control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_close(control->clients);
	uv_close((uv_handle_t *)&control->listener, on_listener_closed);
}

void
control_tell_status(struct control *control)
{
	if (!control)
		return;
	for (struct client *c = control->clients, *next; c; c = next) {
		next = c->next;
		if (c->wants_status)
			client_send(c, proto_reply_status(c->stream_id, &control->rt->snap));
	}
}

void
control_tell_event(struct control *control, const struct proto_event *event)
{
	if (!control)
		return;
	for (struct client *c = control->clients, *next; c; c = next) {
		next = c->next;
		if (c->wants_events)
			client_send(c, proto_line_event(event));
	}
}
