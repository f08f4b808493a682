#include "vm/httpc.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct httpc {
	CURLM *multi;
	uv_timer_t timer;
	uv_loop_t *loop;
	struct httpc_request *requests;
	unsigned open_handles;
	bool closing;
};

struct httpc_request {
	struct httpc *http;
	struct httpc_request *next;
	CURL *easy;
	void (*chunk)(const char *data, size_t len, void *arg);
	void (*done)(const struct httpc_result *result, void *arg);
	void *arg;
	char *body;
	size_t len, room;
	int64_t date_s;
	bool too_big;
};

/* A socket that curl wants watched. Freed in its close callback. */
struct watch {
	uv_poll_t poll;
	struct httpc *http;
	curl_socket_t fd;
};

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct httpc_request *r = arg;
	size_t len = size * n;

	if (r->len + len > HTTPC_BODY_MAX) {
		r->too_big = true;
		return 0;
	}
	if (r->len + len + 1 > r->room) {
		size_t room = (r->len + len + 1) * 2;
		char *body = realloc(r->body, room);

		if (!body)
			return 0;
		r->body = body;
		r->room = room;
	}
	memcpy(r->body + r->len, data, len);
	r->len += len;
	r->body[r->len] = '\0';
	return len;
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	struct httpc_request *r = arg;
	size_t len = size * n;
	char text[64];

	if (len > 6 && len < sizeof(text) && strncasecmp(data, "Date: ", 6) == 0) {
		time_t at;

		memcpy(text, data + 6, len - 6);
		text[len - 6] = '\0';
		at = curl_getdate(text, NULL);
		r->date_s = at < 0 ? 0 : (int64_t)at;
	}
	return len;
}

static int
code_of(const struct httpc_request *r, CURLcode rc)
{
	long os_errno = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &os_errno);
	switch ((int)rc) {
	case CURLE_OK:
		return 0;
	case CURLE_COULDNT_CONNECT:
		return os_errno > 0 ? -(int)os_errno : -ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		return -ECONNRESET;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_WRITE_ERROR:
		return r->too_big ? -EFBIG : -ENOMEM;
	default:
		return -EPROTO;
	}
}

static void
unlink_request(struct httpc_request *r)
{
	struct httpc_request **at = &r->http->requests;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

static void
free_request(struct httpc_request *r)
{
	unlink_request(r);
	(void)curl_multi_remove_handle(r->http->multi, r->easy);
	curl_easy_cleanup(r->easy);
	free(r->body);
	free(r);
}

static void
complete(struct httpc_request *r, CURLcode rc)
{
	curl_off_t took_us = 0, connect_us = 0;
	long status = 0;
	struct httpc_result result;

	(void)curl_easy_getinfo(r->easy, CURLINFO_TOTAL_TIME_T, &took_us);
	(void)curl_easy_getinfo(r->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	result = (struct httpc_result){
		.code = code_of(r, rc),
		.connected = rc != CURLE_COULDNT_CONNECT && (connect_us > 0 || status > 0),
		.status = (int)status,
		.body = r->body ? r->body : "",
		.len = r->len,
		.date_s = r->date_s,
		.took_us = (uint64_t)took_us,
	};
	r->done(&result, r->arg);
	free_request(r);
}

static struct httpc_request *
with_chunk(const struct httpc *http)
{
	struct httpc_request *r = http->requests;

	while (r && !(r->chunk && r->len > 0))
		r = r->next;
	return r;
}

/* What streams brought is handed on outside of curl's callbacks, within which libcurl accepts no
 * new request (CURLM_RECURSIVE_API_CALL, libcurl-errors(3)). */
static void
hand_on(struct httpc *http)
{
	struct httpc_request *r;

	while ((r = with_chunk(http))) {
		char *body = r->body;
		size_t len = r->len;

		r->body = NULL;
		r->len = r->room = 0;
		r->chunk(body, len, r->arg);
		free(body);
	}
}

static void
reap(struct httpc *http)
{
	CURLMsg *msg;
	int left;

	hand_on(http);
	while (!http->closing && (msg = curl_multi_info_read(http->multi, &left))) {
		struct httpc_request *r = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &r);
		complete(r, msg->data.result);
	}
}

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct httpc *http = w->http;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;
	int running;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(http->multi, w->fd, flags, &running);
	reap(http);
}

static void
on_timer(uv_timer_t *timer)
{
	struct httpc *http = timer->data;
	int running;

	(void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(http);
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct httpc *http = arg;

	(void)multi;
	if (http->closing)
		return 0;
	if (timeout_ms < 0)
		(void)uv_timer_stop(&http->timer);
	else
		(void)uv_timer_start(&http->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	struct httpc *http = handle->data;

	if (--http->open_handles == 0)
		free(http);
}

static void
on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;
	struct httpc *http = w->http;

	free(w);
	if (--http->open_handles == 0)
		free(http);
}

static struct watch *
watch_open(struct httpc *http, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w || uv_poll_init(http->loop, &w->poll, fd) < 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->http = http;
	w->fd = fd;
	http->open_handles++;
	(void)curl_multi_assign(http->multi, fd, w);
	return w;
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sock)
{
	struct httpc *http = arg;
	struct watch *w = sock;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w) {
			(void)curl_multi_assign(http->multi, fd, NULL);
			uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		}
		return 0;
	}
	if (!w && !(w = watch_open(http, fd)))
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	(void)uv_poll_start(&w->poll, events, on_ready);
	return 0;
}

struct httpc *
httpc_create(uv_loop_t *loop)
{
	struct httpc *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->multi = curl_multi_init();
	if (!http->multi) {
		free(http);
		return NULL;
	}
	http->loop = loop;
	(void)uv_timer_init(loop, &http->timer);
	http->timer.data = http;
	http->open_handles = 1;
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return http;
}

void
httpc_destroy(struct httpc *http)
{
	if (!http)
		return;
	http->closing = true;
	for (struct httpc_request *r = http->requests, *next; r; r = next) {
		next = r->next;
		free_request(r);
	}
	(void)curl_multi_cleanup(http->multi);
	uv_close((uv_handle_t *)&http->timer, on_closed);
}

static void
set_options(struct httpc_request *r, const char *socket, const char *path, uint64_t timeout_ms)
{
	char url[512] = "http://docker";
	CURL *easy = r->easy;

	(void)strncat(url, path, sizeof(url) - strlen(url) - 1);
	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
	(void)curl_easy_setopt(
		easy, r->chunk ? CURLOPT_CONNECTTIMEOUT_MS : CURLOPT_TIMEOUT_MS, (long)timeout_ms);
}

struct httpc_request *
httpc_get(struct httpc *http, const char *socket, const char *path, uint64_t timeout_ms,
	void (*chunk)(const char *data, size_t len, void *arg),
	void (*done)(const struct httpc_result *result, void *arg), void *arg)
{
	struct httpc_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->easy = curl_easy_init();
	if (!r->easy) {
		free(r);
		return NULL;
	}
	r->http = http;
	r->chunk = chunk;
	r->done = done;
	r->arg = arg;
	r->next = http->requests;
	http->requests = r;
	set_options(r, socket, path, timeout_ms);
	if (curl_multi_add_handle(http->multi, r->easy) != CURLM_OK) {
		free_request(r);
		return NULL;
	}
	return r;
}

void
httpc_cancel(struct httpc_request *request)
{
	if (request)
		free_request(request);
}
