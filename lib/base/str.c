#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int
str_fmt(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

void
str_cut(char *buf, size_t size, const char *src)
{
	size_t len = strnlen(src, size - 1);

	/* Not in the middle of a UTF-8 sequence: half of one is no text, and no JSON. */
	for (int i = 0; i < 3 && len > 0 && ((unsigned char)src[len] & 0xc0) == 0x80; i++)
		len--;
	memmove(buf, src, len);
	buf[len] = '\0';
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && strcmp(s + len - n, suffix) == 0;
}

/* The length of the valid UTF-8 sequence at `s` (RFC 3629), 0 when it is none. */
static size_t
utf8_len(const unsigned char *s, size_t max)
{
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	if (len == 0 || len > max)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	/* C1 controls can drive a terminal as well. */
	if (len == 2 && s[0] == 0xc2 && s[1] < 0xa0)
		return 0;
	return len;
}

void
str_escape(char *buf, size_t size, const char *src, size_t len)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t out = 0, in = 0;

	while (in < len) {
		size_t n = s[in] < 0x20 || s[in] == 0x7f ? 0 : utf8_len(s + in, len - in);
		size_t need = n ? n : 4;

		if (out + need >= size)
			break;
		if (n)
			memcpy(buf + out, s + in, n);
		else
			(void)snprintf(buf + out, size - out, "\\x%02x", s[in]);
		out += need;
		in += n ? n : 1;
	}
	buf[out] = '\0';
}

#define WORD_MAX 64

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, without regard to case. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t cost = tolower((unsigned char)a[i - 1]) !=
				      tolower((unsigned char)b[j - 1]);
			size_t above = row[j];

			row[j] = least(corner + cost, least(above, row[j - 1]) + 1);
			corner = above;
		}
	}
	return row[nb];
}

const char *
str_nearest(const char *word, const char *const *names)
{
	size_t best = strlen(word) / 3 + 1;
	const char *nearest = NULL;

	for (; *names; names++) {
		size_t d = distance(word, *names);

		if (d < best) {
			best = d;
			nearest = *names;
		}
	}
	return nearest;
}

int
str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long value;

	if (!isdigit((unsigned char)s[0]) && !(s[0] == '-' && isdigit((unsigned char)s[1])))
		return -EINVAL;
	errno = 0;
	value = strtoll(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

static const struct {
	const char *name;
	uint64_t ms;
} units[] = {
	{"ms", 1},
	{"s", 1000},
	{"m", 60000},
	{"min", 60000},
	{"h", 3600000},
	{"d", 86400000},
};

static uint64_t
unit_ms(const char *name, size_t len)
{
	if (len == 0)
		return 1000;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
			return units[i].ms;
	}
	return 0;
}

/* One "5m" of "1h5m". A number without a unit means seconds, but only when it stands alone: nobody
 * can tell what "1h30" means. */
static int
take_part(const char **at, bool first, uint64_t *sum)
{
	char *end;
	unsigned long long n;
	uint64_t unit;
	size_t len = 0;

	if (!isdigit((unsigned char)**at))
		return -EINVAL;
	errno = 0;
	n = strtoull(*at, &end, 10);
	while (isalpha((unsigned char)end[len]))
		len++;
	unit = unit_ms(end, len);
	if (unit == 0 || (len == 0 && (*end || !first)))
		return -EINVAL;
	if (errno == ERANGE || n > (uint64_t)INT64_MAX / unit ||
		*sum > (uint64_t)INT64_MAX - n * unit)
		return -ERANGE;
	*sum += n * unit;
	*at = end + len;
	return 0;
}

int
str_to_ms(const char *s, uint64_t *ret_ms)
{
	const char *at = s;
	uint64_t sum = 0;

	do {
		int rc = take_part(&at, at == s, &sum);

		if (rc < 0)
			return rc;
	} while (*at);
	*ret_ms = sum;
	return 0;
}

void
str_duration(char *buf, size_t size, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (ms < 10000)
		(void)str_fmt(buf, size, "%" PRIu64 ".%" PRIu64 " s", s, ms % 1000 / 100);
	else if (s < 60)
		(void)str_fmt(buf, size, "%" PRIu64 " s", s);
	else if (s < 3600)
		(void)str_fmt(buf, size, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else if (s < 86400)
		(void)str_fmt(buf, size, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s % 3600 / 60);
	else
		(void)str_fmt(
			buf, size, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s % 86400 / 3600);
}
