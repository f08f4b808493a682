/* What the unit tests share: cmocka in its right order, and recorded output. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the above before it */
#include <cmocka.h>

/* A file of tests/data/transcripts as a string, to be freed. */
static inline char *
transcript(const char *name)
{
	char path[512];
	char *text = calloc(1, 65536);
	FILE *in;

	(void)snprintf(path, sizeof(path), "%s/tests/data/transcripts/%s", PULSE_SOURCE_DIR, name);
	in = fopen(path, "r");
	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, in) > 0);
	(void)fclose(in);
	return text;
}

/* The body of a recorded HTTP answer. */
static inline const char *
body_of(const char *http)
{
	const char *crlf = strstr(http, "\r\n\r\n"), *lf = strstr(http, "\n\n");

	return crlf ? crlf + 4 : lf ? lf + 2 : http;
}

#endif
