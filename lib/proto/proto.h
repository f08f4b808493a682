/*
 * proto: the control protocol, docs/protocol.md. Newline-delimited JSON over a Unix stream socket,
 * one object a line, UTF-8. This header is the contract: version, operations, error codes, limits.
 *
 * Version 1 (first). Within a version members are only added; unknown members are ignored,
 * unknown operations are answered with `unknown-op`.
 *
 * jansson's types stay inside this module.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/snap.h"

#define PROTO_VERSION     1
#define PROTO_LINE_MAX    (64 * 1024)   /* a request, with its newline */
#define PROTO_REPLY_MAX   (1024 * 1024) /* a reply, as the client accepts it */
#define PROTO_CLIENTS_MAX 32
#define PROTO_REQUEST_MS  5000 /* from the first byte of a line to its newline */
#define PROTO_LINGER_MS   1000 /* what a refused client still sends is dropped for so long */
#define PROTO_QUEUE_MAX   (1024 * 1024) /* bytes owed to one client; more cuts it off */

/* X(enum, "name", writes, "help"). Reads are for CONTROL_GROUP, writes for root and the user. */
#define PROTO_OP_MAP(X) \
	X(STATUS, "status", false, "the whole status, once") \
	X(SUBSCRIBE, "subscribe", false, "the status now and at every change (a stream)") \
	X(EVENTS, "events", false, \
		"the last transitions; with \"follow\":true also the coming ones") \
	X(VERSION, "version", false, "the daemon's and the protocol's version") \
	X(CONFIG, "config", false, "the configuration in force, secrets masked") \
	X(START, "start", true, "goal up; forgives earlier failures") \
	X(STOP, "stop", true, "goal down: stop the VM gracefully and keep it stopped") \
	X(RESTART, "restart", true, "stop the VM gracefully and start it again") \
	X(PAUSE, "pause", true, "goal paused: hands off, whatever happens") \
	X(RESUME, "resume", true, "goal up again") \
	X(REPAIR, "repair", true, \
		"examine now; what was given up is tried again, from the lowest rung") \
	X(ACCEPT, "accept", true, \
		"take the Docker engine that was seen; its member \"engine\" is the beginning of its id") \
	X(RELOAD, "reload", true, "read the configuration file again")

#define X(id, ...) PROTO_OP_##id,
enum proto_op { PROTO_OP_MAP(X) PROTO_OP__COUNT };
#undef X

/* X(enum, "code", exit code of pulsectl). */
#define PROTO_ERROR_MAP(X) \
	X(MALFORMED, "malformed", 5) \
	X(TOO_LONG, "too-long", 5) \
	X(TOO_SLOW, "too-slow", 5) \
	X(VERSION_MISMATCH, "version-mismatch", 5) \
	X(UNKNOWN_OP, "unknown-op", 5) \
	X(NOT_PERMITTED, "not-permitted", 77) \
	X(REFUSED, "refused", 1) \
	X(BUSY, "busy", 1) \
	X(INTERNAL, "internal", 1)

#define X(id, ...) PROTO_ERROR_##id,
enum proto_error { PROTO_ERROR_MAP(X) PROTO_ERROR__COUNT };
#undef X

struct proto_request {
	int64_t id;
	enum proto_op op;
	bool follow;     /* events: go on with the coming ones */
	uint64_t since;  /* events: only those with a greater number */
	char engine[64]; /* accept: how the id begins, "" when not given */
};

/* One transition or other thing worth telling, as `pulsectl events` shows it. */
struct proto_event {
	uint64_t seq;
	int64_t at_ms;  /* wall clock, UTC */
	char line[480]; /* the log line's text: "ready -> degraded event=round cause=S10 gen=7" */
};

const char *proto_op_name(enum proto_op op);
bool proto_op_writes(enum proto_op op);
const char *proto_op_help(enum proto_op op);
const char *proto_error_name(enum proto_error error);
/* The exit code of pulsectl for an error code as received; 1 for one that is not known. */
int proto_error_exit(const char *code);

/* Server side. ---------------------------------------------------------------------------- */

/* Parses one line (without its newline). 0, or a negative errno with *ret_error and `err` set;
 * `ret->id` is then the request's id when it could be read, else 0. */
int proto_request_parse(const char *line, size_t len, struct proto_request *ret,
	enum proto_error *ret_error, struct err *err);

/* Each returns one line with its newline, to be freed by the caller; NULL when out of memory. */
char *proto_reply_status(int64_t id, const struct snap *snap);
char *proto_reply_error(int64_t id, enum proto_error error, const char *message);
char *proto_reply_accepted(int64_t id, uint64_t version);
char *proto_reply_version(int64_t id);
char *proto_reply_config(int64_t id, const char *path, const char *text);
char *proto_reply_events(int64_t id, const struct proto_event *events, size_t n);
/* The lines of a stream, after the reply: {"v":1,"event":{...}}; a subscription's lines are
 * status replies with the id of the request. */
char *proto_line_event(const struct proto_event *event);
/* The status object alone, for the status file. */
char *proto_status_text(const struct snap *snap);

/* Client side. ---------------------------------------------------------------------------- */

/* A request line with its newline, to be freed by the caller. `engine` may be NULL. */
char *proto_request_text(int64_t id, enum proto_op op, bool follow, const char *engine);

/* A received document. Members are named by dotted paths: "cause.id", "layers.3.name". Lookups
 * of what is not there, or of another type, give the fallback: an older or newer daemon is no
 * reason to fail. */
struct proto_doc;

/* Parses one line. NULL with `err` set when it is not a JSON object or too deep or too long. */
struct proto_doc *proto_doc_parse(const char *text, size_t len, struct err *err);
void proto_doc_free(struct proto_doc *doc);
bool proto_doc_has(const struct proto_doc *doc, const char *path); /* there, and not null */
const char *proto_doc_str(const struct proto_doc *doc, const char *path, const char *fallback);
int64_t proto_doc_int(const struct proto_doc *doc, const char *path, int64_t fallback);
bool proto_doc_bool(const struct proto_doc *doc, const char *path, bool fallback);
size_t proto_doc_len(const struct proto_doc *doc, const char *path); /* of an array; else 0 */
/* The part at `path` as indented JSON (or one line), to be freed by the caller; NULL if absent. */
char *proto_doc_text(const struct proto_doc *doc, const char *path, bool indent);

/* Where the daemon listens: `flag` (may be NULL) beats `env` (PULSE_SOCKET, may be NULL) beats
 * `conf` ("" = not set) beats `fallback`. Shared by daemon and pulsectl. */
const char *proto_address(
	const char *flag, const char *env, const char *conf, const char *fallback);

#endif
