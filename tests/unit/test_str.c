/* base/str: bounded strings. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
test_fmt(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(str_fmt(buf, sizeof(buf), "%s-%d", "abc", 123), 0);
	assert_string_equal(buf, "abc-123");
	assert_int_equal(str_fmt(buf, sizeof(buf), "%s", "12345678"), -ENAMETOOLONG);
	assert_string_equal(buf, "1234567");
	assert_int_equal(str_fmt(buf, 1, "x"), -ENAMETOOLONG);
	assert_string_equal(buf, "");
}

static void
test_cut(void **state)
{
	static const struct {
		const char *src;
		size_t size;
		const char *want;
	} cases[] = {
		{"", 1, ""}, {"abc", 4, "abc"}, {"abc", 3, "ab"}, {"abc", 1, ""},
		{"a\xc3\xa4", 4, "a\xc3\xa4"}, {"a\xc3\xa4", 3, "a"},
		{"\xe2\x82\xac\xe2\x82\xac", 7, "\xe2\x82\xac\xe2\x82\xac"},
		{"\xe2\x82\xac\xe2\x82\xac", 6, "\xe2\x82\xac"},
		{"\xe2\x82\xac\xe2\x82\xac", 5, "\xe2\x82\xac"}, {"\xf0\x9f\x90\xb3", 4, ""},
		{"\x80\x80\x80\x80\x80\x80", 6, "\x80\x80"}, /* foreign bytes do not vanish */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[16];

		memset(buf, '!', sizeof(buf));
		str_cut(buf, cases[i].size, cases[i].src);
		assert_string_equal(buf, cases[i].want);
		assert_int_equal(buf[cases[i].size], '!');
	}
}

static void
test_starts_ends(void **state)
{
	(void)state;
	assert_true(str_starts("colima-x", "colima-"));
	assert_true(str_starts("x", ""));
	assert_false(str_starts("col", "colima"));
	assert_true(str_ends("docker.sock", ".sock"));
	assert_true(str_ends("x", ""));
	assert_false(str_ends("sock", "docker.sock"));
	assert_false(str_ends("docker.sock ", ".sock"));
}

static void
test_escape(void **state)
{
	static const struct {
		const char *src;
		const char *want;
	} cases[] = {
		{"plain ~ text", "plain ~ text"},
		{"a\nb\tc", "a\\x0ab\\x09c"},
		{"\x1b[31m\x7f", "\\x1b[31m\\x7f"},
		{"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xb3",
			"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xb3"},
		{"\xc2\x9b"
		 "31m",
			"\\xc2\\x9b31m"}, /* CSI as a C1 control */
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xff\xc0\xaf", "\\xff\\xc0\\xaf"},          /* never valid; overlong */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
		{"\xf0\x80\x80\x80", "\\xf0\\x80\\x80\\x80"}, /* overlong */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* over U+10FFFF */
		{"\xf5", "\\xf5"},
		{"\xe2\x82", "\\xe2\\x82"}, /* half a character */
		{"\xc3(", "\\xc3("},
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str_escape(buf, sizeof(buf), cases[i].src, strlen(cases[i].src));
		assert_string_equal(buf, cases[i].want);
	}
	str_escape(buf, sizeof(buf), "a\0b", 3);
	assert_string_equal(buf, "a\\x00b");
}

/* Whatever the room: terminated, nothing written behind it, no half escape or character. */
static void
test_escape_cuts(void **state)
{
	static const char *const at[] = {"", "a", "a", "a", "a", "a\\x1b", "a\\x1b", "a\\x1b",
		"a\\x1b\xe2\x82\xac", "a\\x1b\xe2\x82\xacz", "a\\x1b\xe2\x82\xacz"};

	(void)state;
	for (size_t size = 1; size <= COUNT(at); size++) {
		char buf[16];

		memset(buf, '!', sizeof(buf));
		str_escape(buf, size, "a\x1b\xe2\x82\xacz", 6);
		assert_string_equal(buf, at[size - 1]);
		assert_int_equal(buf[size], '!');
	}
}

static void
test_nearest(void **state)
{
	static const char *const names[] = {
		"COLIMA_CPUS", "COLIMA_DISK", "LABEL", "LOG_PATH", NULL};
	static const char *const none[] = {NULL};
	static const struct {
		const char *word, *want;
	} cases[] = {
		{"COLIMA_CPU", "COLIMA_CPUS"},
		{"colima_cpus", "COLIMA_CPUS"},
		{"COLIMA_DSIK", "COLIMA_DISK"},
		{"LABLE", NULL}, /* two of five are more than a third */
		{"LABELS", "LABEL"},
		{"LOGPATH", "LOG_PATH"},
		{"HTTPS_PROXY", NULL},
		{"X", NULL},
		{"", NULL},
	};
	char longer[201];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = str_nearest(cases[i].word, names);

		if (cases[i].want)
			assert_string_equal(got ? got : "nothing", cases[i].want);
		else
			assert_null(got);
	}
	assert_null(str_nearest("LABEL", none));
	memset(longer, 'A', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(str_nearest(longer, names));
}

static void
test_to_i64(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		int rc;
		int64_t want;
	} cases[] = {
		{"0", 0, 9, 0, 0},
		{"9", 0, 9, 0, 9},
		{"007", 0, 9, 0, 7},
		{"-5", -5, 5, 0, -5},
		{"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
		{"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
		{"10", 0, 9, -ERANGE, 0},
		{"-1", 0, 9, -ERANGE, 0},
		{"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"99999999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"", 0, 9, -EINVAL, 0},
		{" 1", 0, 9, -EINVAL, 0},
		{"1 ", 0, 9, -EINVAL, 0},
		{"+1", 0, 9, -EINVAL, 0},
		{"--1", -9, 9, -EINVAL, 0},
		{"-", -9, 9, -EINVAL, 0},
		{"1.5", 0, 9, -EINVAL, 0},
		{"0x5", 0, 9, -EINVAL, 0},
		{"5s", 0, 9, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t got = 42;

		assert_int_equal(
			str_to_i64(cases[i].text, cases[i].min, cases[i].max, &got), cases[i].rc);
		assert_true(got == (cases[i].rc == 0 ? cases[i].want : 42));
	}
}

static void
test_to_ms(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t want;
	} cases[] = {
		{"0", 0, 0},
		{"90", 0, 90000},
		{"250ms", 0, 250},
		{"90s", 0, 90000},
		{"5m", 0, 300000},
		{"5min", 0, 300000},
		{"1h30m", 0, 5400000},
		{"2d", 0, 172800000},
		{"1d1h1m1s1ms", 0, 90061001},
		{"9223372036854775807ms", 0, INT64_MAX},
		{"9223372036854775808ms", -ERANGE, 0},
		{"9223372036854775807ms1ms", -ERANGE, 0},
		{"9223372036854776s", -ERANGE, 0},
		{"99999999999999999999999d", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-5s", -EINVAL, 0},
		{"+5s", -EINVAL, 0},
		{" 5s", -EINVAL, 0},
		{"5 s", -EINVAL, 0},
		{"5s ", -EINVAL, 0},
		{"1h 30m", -EINVAL, 0},
		{"1h30", -EINVAL, 0}, /* minutes? seconds? */
		{"5w", -EINVAL, 0},
		{"5S", -EINVAL, 0},
		{"1.5h", -EINVAL, 0},
		{"5msx", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t got = 42;

		assert_int_equal(str_to_ms(cases[i].text, &got), cases[i].rc);
		assert_true(got == (cases[i].rc == 0 ? cases[i].want : 42));
	}
}

static void
test_duration(void **state)
{
	static const struct {
		uint64_t ms;
		const char *want;
	} cases[] = {
		{0, "0.0 s"},
		{99, "0.0 s"},
		{300, "0.3 s"},
		{9999, "9.9 s"},
		{10000, "10 s"},
		{42000, "42 s"},
		{59999, "59 s"},
		{60000, "1 min 0 s"},
		{425000, "7 min 5 s"},
		{3599999, "59 min 59 s"},
		{3600000, "1 h 0 min"},
		{86399999, "23 h 59 min"},
		{86400000, "1 d 0 h"},
		{273600000, "3 d 4 h"},
		{UINT64_MAX, "213503982334 d 14 h"},
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str_duration(buf, sizeof(buf), cases[i].ms);
		assert_string_equal(buf, cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fmt),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_starts_ends),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_cuts),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_to_i64),
		cmocka_unit_test(test_to_ms),
		cmocka_unit_test(test_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
