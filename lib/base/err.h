/*
 * err: the text that goes with an error code.
 *
 * Functions return 0 or a negative errno. Those whose failure an operator will read also fill a
 * `struct err`: one line that names the file, line or field and what to do about it.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

struct err {
	char msg[512];
};

/* Fills `e` (may be NULL) and returns `code`, so that a failing path reads `return err_set(...)`.
 * A text that does not fit is cut. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
