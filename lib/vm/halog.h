/*
 * halog: the hostagent's ha.stdout.log, one JSON object a line (runtime 2.4), followed as it
 * grows. A half-written last line waits for its end; a line that is no JSON is reported once and
 * passed over.
 */
#ifndef VM_HALOG_H
#define VM_HALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define HALOG_LINE_MAX 16384

struct halog_event {
	bool running, degraded, exiting;
	int ssh_port;    /* 0 = not told */
	char error[256]; /* the first of errors[], or "" */
};

/* A follower. Zeroed is a valid start; it holds no descriptor. */
struct halog {
	ino_t inode; /* the file is made anew at every start */
	off_t offset;
	bool skipping; /* within a line that is too long */
};

/* Parses one line. -EINVAL with `err` set when it is not an event. */
int halog_parse(const char *line, size_t len, struct halog_event *ret, struct err *err);

/* Counts what is in the file already as read: it is an earlier start's. */
void halog_skip(struct halog *log, const char *path);

/* Whether the hostagent was told to shut its VM down, by its own log (ha.stderr.log, made anew at
 * every start): SIGINT is how `colima stop` and `limactl stop` ask (F36). */
bool halog_was_asked(const char *stderr_path);

/* Reads what is new and calls `fn` for each event, `bad` for each line that is none. 0 or -errno
 * (-ENOENT: no such file, the follower starts over). */
int halog_follow(struct halog *log, const char *path,
	void (*fn)(const struct halog_event *event, void *arg),
	void (*bad)(const char *why, void *arg), void *arg);

#endif
