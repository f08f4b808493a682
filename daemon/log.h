/*
 * log: one line a record, `2026-01-01T00:00:00.123Z level module message`, to one file of bounded
 * size. The message is escaped, so nobody's output can forge a line.
 *
 * Rotation has to work after the privilege drop in a folder that belongs to root, where nothing
 * can be renamed or made. So LOG_PATH.1 to .KEEP are opened while that is possible, and rotation
 * copies contents from file to file, oldest first: a crash in the middle loses nothing but the
 * oldest file (docs/adr/0003-log-rotation.md).
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define LOG_LEVEL_MAP(X) X(ERROR, "error") X(WARN, "warn") X(INFO, "info") X(DEBUG, "debug")

#define X(id, name) LOG_##id,
enum log_level { LOG_LEVEL_MAP(X) LOG__COUNT };
#undef X

#define LOG_TEXT_MAX 2048 /* longer messages are cut */
#define LOG_KEEP_MAX 20

/* Opens `path` and its rotated files, made for uid:gid when running as root. -errno and `err`
 * when the file itself cannot be had; a rotated one that cannot is left out. Before this, and on
 * a terminal also after it, lines go to stderr. */
int log_open(const char *path, uid_t uid, gid_t gid, struct err *err);
void log_close(void);
void log_limits(uint64_t max_bytes, unsigned keep);
void log_level(const char *name);
const char *log_path(void); /* "" while there is none */

void log_text(enum log_level level, const char *module, const char *text);
void log_error(const char *module, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *module, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *module, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *module, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Wall-clock milliseconds since 1970; only for people's eyes. */
int64_t log_wall_ms(void);

#endif
