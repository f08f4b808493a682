/*
 * str: bounded strings. Nothing here allocates.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* printf into `buf`; 0, or -ENAMETOOLONG when the text did not fit (`buf` then holds the cut
 * text, always terminated). */
int str_fmt(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Copies `src`, cutting it when it does not fit, but not within a UTF-8 character. For texts that
 * people read, never for paths. `size` is at least 1. */
void str_cut(char *buf, size_t size, const char *src);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Copies `len` bytes of foreign text into `buf`, writing control characters and bytes over 0x7e
 * that are not valid UTF-8 as \xNN, so that nobody's output can drive a terminal. Cuts. */
void str_escape(char *buf, size_t size, const char *src, size_t len);

/* The candidate of `names` (a NULL-terminated list) nearest to `word`, or NULL when none is near
 * enough to be worth suggesting (edit distance over a third of the word's length). */
const char *str_nearest(const char *word, const char *const *names);

/* Parses a whole decimal number within [min, max]; 0, -EINVAL (not a number) or -ERANGE. */
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/* Parses a duration as people write it ("5m", "90s", "1h30m", "250ms", "90" alone = seconds)
 * into milliseconds; 0, -EINVAL or -ERANGE. */
int str_to_ms(const char *s, uint64_t *ret_ms);

/* Writes a duration as people say it: "0.3 s", "42 s", "7 min 5 s", "3 d 4 h". */
void str_duration(char *buf, size_t size, uint64_t ms);

#endif
