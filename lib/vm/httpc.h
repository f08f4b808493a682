/*
 * httpc: HTTP GET over a Unix socket, asynchronously: libcurl's multi interface on the libuv loop.
 * The only file that knows libcurl. Every request is a connection of its own, so that each answer
 * is also a witness of connect(2).
 */
#ifndef VM_HTTPC_H
#define VM_HTTPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define HTTPC_BODY_MAX (4 * 1024 * 1024)

struct httpc;
struct httpc_request;

struct httpc_result {
	int code;         /* 0, or -errno: -ENOENT, -ECONNREFUSED (connect), -ETIMEDOUT (silent),
			     -ECONNRESET (closed without an answer), -EPROTO (no HTTP), -EFBIG */
	bool connected;   /* connect(2) succeeded */
	int status;       /* HTTP status */
	const char *body; /* terminated; valid during the callback; never NULL */
	size_t len;
	int64_t date_s; /* Date header, seconds since 1970, 0 = none */
	uint64_t took_us;
};

/* NULL when out of memory. */
struct httpc *httpc_create(uv_loop_t *loop);
/* Cancels what is under way, without callbacks, and closes its handles; the loop must run once
 * more. Accepts NULL. */
void httpc_destroy(struct httpc *http);

/* GET `path` at `socket`. `done` is called once, never from within. With `chunk` the body is handed
 * on as it comes and not kept, and timeout_ms limits only the connection's start (a stream). NULL
 * when nothing was begun. */
struct httpc_request *httpc_get(struct httpc *http, const char *socket, const char *path,
	uint64_t timeout_ms, void (*chunk)(const char *data, size_t len, void *arg),
	void (*done)(const struct httpc_result *result, void *arg), void *arg);

/* Ends a request without its callback. */
void httpc_cancel(struct httpc_request *request);

#endif
