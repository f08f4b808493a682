/*
 * qmp: one question to qemu's monitor, asynchronously: connect, greeting, capabilities, command,
 * answer, close.
 *
 * qemu serves one client at a time and Lima's own shutdown has no read deadline, so a connection
 * is never held over QMP_HOLD_MS (field-failures, QMP note). "No greeting" means that somebody
 * else is on it or that qemu hangs: -ETIMEDOUT, not a verdict.
 */
#ifndef VM_QMP_H
#define VM_QMP_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

#define QMP_HOLD_MS  900
#define QMP_LINE_MAX 65536

/* The commands that are ever sent. None of them can lose a guest's data but quit, which is the
 * last resort of a stop (runtime 2.8). */
enum qmp_command { QMP_QUERY_STATUS, QMP_CONT, QMP_SYSTEM_POWERDOWN, QMP_QUIT };

struct qmp_result {
	int code; /* 0, or -errno: -ECONNREFUSED, -ENOENT, -ETIMEDOUT, -EPROTO, -ECONNRESET */
	char status[32]; /* QMP_QUERY_STATUS: "running", "paused", "io-error" ... */
	struct err err;  /* when code < 0 */
};

/* `done` is called once, never from within qmp_ask. -errno when nothing was begun. */
int qmp_ask(uv_loop_t *loop, const char *path, enum qmp_command command,
	void (*done)(const struct qmp_result *result, void *arg), void *arg);

/* What a line of the monitor is; for the fuzzer and the tests. */
enum qmp_line { QMP_LINE_GREETING, QMP_LINE_RETURN, QMP_LINE_ERROR, QMP_LINE_EVENT, QMP_LINE_BAD };
enum qmp_line qmp_parse_line(const char *line, size_t len, struct qmp_result *result);

#endif
