/*
 * file: whole small files, bounded, and paths. Blocking; for local files of a few kilobytes.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads at most size-1 bytes of a regular file and terminates them. -EFBIG when there is more,
 * -EINVAL when it is not a regular file. `ret_len` may be NULL. */
int file_read(const char *path, char *buf, size_t size, size_t *ret_len);

/* Replaces `path` whole or not at all: new file beside it (`path`.new), rename, and when `durable`
 * fsync of the file before and of the folder after. The new file is removed when a step fails. */
int file_replace(const char *path, const char *data, size_t len, mode_t mode, bool durable);

/* Bytes that an ordinary user may still write where `path` is; 0 or -errno. */
int file_room(const char *path, uint64_t *ret_bytes);

/* Makes `path` and its missing parents (0755); an existing folder is fine and keeps its mode.
 * -ENOTDIR when something else stands there. */
int file_mkdirs(const char *path, mode_t mode);

/* Joins two parts with one slash; 0 or -ENAMETOOLONG. An empty `dir` gives `name`. `buf` must be
 * neither of them. */
int path_join(char *buf, size_t size, const char *dir, const char *name);

/* The folder part of `path` ("/" and "." where there is none); `path` may be `buf`. 0 or
 * -ENAMETOOLONG. */
int path_dir(char *buf, size_t size, const char *path);

/* True when root may create or follow things in `dir`: absolute, and `dir` and every parent are
 * folders owned by root that nobody else can write to, or root's own links to such (macOS: /var).
 */
bool path_root_only(const char *dir);

#endif
