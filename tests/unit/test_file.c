/* base/file: whole small files, and paths. Each test has a folder of its own. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/str.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static char tmp[256];

static int
enter(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	(void)umask(022);
	if (str_fmt(tmp, sizeof(tmp), "%s/test_file.XXXXXX", base && *base ? base : "/tmp") < 0)
		return -1;
	return mkdtemp(tmp) && chdir(tmp) == 0 ? 0 : -1;
}

static int
leave(void **state)
{
	char command[300];

	(void)state;
	if (chdir("/") < 0 || str_fmt(command, sizeof(command), "rm -rf '%s'", tmp) < 0)
		return -1;
	return system(command);
}

static void
put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	(void)fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
assert_holds(const char *path, const char *want)
{
	char buf[64];

	assert_int_equal(file_read(path, buf, sizeof(buf), NULL), 0);
	assert_string_equal(buf, want);
}

static bool
there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
test_read(void **state)
{
	char buf[8];
	size_t len = 99;

	(void)state;
	put("f", "1234567");
	assert_int_equal(file_read("f", buf, sizeof(buf), &len), 0);
	assert_string_equal(buf, "1234567");
	assert_int_equal(len, 7);
	put("f", "");
	assert_int_equal(file_read("f", buf, sizeof(buf), &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(buf, "");
}

static void
test_read_refuses(void **state)
{
	char buf[8];
	size_t len = 99;

	(void)state;
	put("f", "12345678");
	assert_int_equal(file_read("f", buf, sizeof(buf), &len), -EFBIG);
	assert_int_equal(file_read("missing", buf, sizeof(buf), &len), -ENOENT);
	assert_int_equal(file_read(".", buf, sizeof(buf), &len), -EINVAL);
	/* A FIFO without a writer must not hold us. */
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(file_read("fifo", buf, sizeof(buf), &len), -EINVAL);
	assert_int_equal(len, 99);
}

static void
test_replace(void **state)
{
	(void)state;
	for (int durable = 0; durable < 2; durable++) {
		assert_int_equal(file_replace("f", "one", 3, 0640, durable), 0);
		assert_holds("f", "one");
		assert_int_equal(mode_of("f"), 0640);
		assert_int_equal(file_replace("f", "twenty", 3, 0666, durable), 0);
		assert_holds("f", "twe");
		assert_int_equal(mode_of("f"), 0666); /* the umask has no say */
		assert_false(there("f.new"));
	}
	assert_int_equal(file_replace("f", "", 0, 0600, false), 0);
	assert_holds("f", "");
}

static void
test_replace_fails_whole(void **state)
{
	char longer[5000];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(file_replace(longer, "x", 1, 0600, true), -ENAMETOOLONG);
	assert_int_equal(file_replace("no/f", "x", 1, 0600, true), -ENOENT);
	/* The rename fails: a folder is in the way. */
	assert_int_equal(mkdir("dir", 0755), 0);
	put("dir/file", "stays");
	assert_int_equal(file_replace("dir", "x", 1, 0600, true), -EISDIR);
	assert_false(there("dir.new"));
	assert_holds("dir/file", "stays");
}

/* What stands at the new file's name is replaced, not written through. */
static void
test_replace_stale_new(void **state)
{
	(void)state;
	put("victim", "precious");
	assert_int_equal(symlink("victim", "f.new"), 0);
	assert_int_equal(file_replace("f", "x", 1, 0600, false), 0);
	assert_holds("victim", "precious");
	assert_int_equal(link("victim", "f.new"), 0);
	assert_int_equal(file_replace("f", "y", 1, 0600, false), 0);
	assert_holds("victim", "precious");
	assert_int_equal(mkfifo("f.new", 0600), 0);
	assert_int_equal(file_replace("f", "z", 1, 0600, false), 0);
	assert_holds("f", "z");
	assert_false(there("f.new"));
}

static void
test_mkdirs(void **state)
{
	(void)state;
	assert_int_equal(file_mkdirs("a/b/c", 0700), 0);
	assert_int_equal(mode_of("a"), 0755);
	assert_int_equal(mode_of("a/b"), 0755);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(file_mkdirs("a/b", 0700), 0);
	assert_int_equal(mode_of("a/b"), 0755); /* it was there */
	assert_int_equal(file_mkdirs("d//e//", 0777), 0);
	assert_int_equal(mode_of("d/e"), 0777);
	assert_int_equal(file_mkdirs(tmp, 0700), 0);
	assert_int_equal(file_mkdirs("/", 0700), 0);
	assert_int_equal(file_mkdirs("", 0700), -ENOENT);
}

static void
test_mkdirs_refuses(void **state)
{
	char longer[5000];

	(void)state;
	put("f", "");
	assert_int_equal(file_mkdirs("f", 0755), -ENOTDIR);
	assert_int_equal(file_mkdirs("f/g/h", 0755), -ENOTDIR);
	assert_int_equal(symlink("nowhere", "l"), 0);
	assert_true(file_mkdirs("l/x", 0755) < 0);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(file_mkdirs(longer, 0755), -ENAMETOOLONG);
}

static void
test_join(void **state)
{
	static const struct {
		const char *dir, *name, *want;
	} cases[] = {
		{"/a", "b", "/a/b"},
		{"/a/", "b", "/a/b"},
		{"/a", "/b", "/a/b"},
		{"/a/", "/b", "/a/b"},
		{"/", "b", "/b"},
		{"a", "b/c", "a/b/c"},
		{"", "b", "b"},
		{"", "/b", "/b"},
		{"/a", "", "/a/"},
	};
	char buf[8];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(path_join(buf, sizeof(buf), cases[i].dir, cases[i].name), 0);
		assert_string_equal(buf, cases[i].want);
	}
	assert_int_equal(path_join(buf, sizeof(buf), "/abc", "def"), -ENAMETOOLONG);
}

static void
test_dir(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{"/a/b", "/a"},
		{"/a", "/"},
		{"/", "/"},
		{"a/b", "a"},
		{"a", "."},
		{"", "."},
		{"a/", "a"},
	};
	char buf[8];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(path_dir(buf, sizeof(buf), cases[i].path), 0);
		assert_string_equal(buf, cases[i].want);
		str_cut(buf, sizeof(buf), cases[i].path);
		assert_int_equal(path_dir(buf, sizeof(buf), buf), 0);
		assert_string_equal(buf, cases[i].want);
	}
	assert_int_equal(path_dir(buf, 3, "/ab/c"), -ENAMETOOLONG);
	assert_int_equal(path_dir(buf, 4, "/ab/c"), 0);
}

static void
test_root_only(void **state)
{
	(void)state;
	assert_true(path_root_only("/"));
	assert_false(path_root_only(""));
	assert_false(path_root_only("usr"));
	assert_false(path_root_only("/usr/no/such/folder"));
	assert_false(path_root_only(tmp)); /* below a folder that all may write to */
}

static bool
below_root_only(const char *base, const char *name)
{
	char path[512];

	assert_int_equal(path_join(path, sizeof(path), base, name), 0);
	return path_root_only(path);
}

/* Needs a folder that is root's alone, so it runs as root only. */
static void
test_root_only_below(void **state)
{
	char base[] = "/var/lib/test_file.XXXXXX";
	char command[64];

	(void)state;
	if (geteuid() != 0 || !path_root_only("/var/lib"))
		skip();
	assert_non_null(mkdtemp(base));
	assert_int_equal(chdir(base), 0);
	assert_int_equal(mkdir("ok", 0755), 0);
	assert_int_equal(mkdir("group", 0755), 0);
	assert_int_equal(chmod("group", 0775), 0);
	assert_int_equal(mkdir("group/sub", 0755), 0);
	assert_int_equal(mkdir("others", 0755), 0);
	assert_int_equal(chmod("others", 0757), 0);
	assert_int_equal(mkdir("theirs", 0755), 0);
	assert_int_equal(chown("theirs", 65534, 65534), 0);
	put("file", "");
	assert_int_equal(symlink("ok", "relative"), 0);
	assert_int_equal(symlink("../../../var/lib", "up"), 0);
	assert_int_equal(symlink("/usr/bin", "absolute"), 0);
	assert_int_equal(symlink("group", "to_group"), 0);
	assert_int_equal(symlink("/tmp", "to_tmp"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(symlink("ok", "their_link"), 0);
	assert_int_equal(lchown("their_link", 65534, 65534), 0);

	assert_true(below_root_only(base, "ok"));
	assert_true(below_root_only(base, "ok/"));
	assert_true(below_root_only(base, "relative"));
	assert_true(below_root_only(base, "up"));
	assert_true(below_root_only(base, "absolute"));
	assert_false(below_root_only(base, "group"));
	assert_false(below_root_only(base, "group/sub"));
	assert_false(below_root_only(base, "others"));
	assert_false(below_root_only(base, "theirs"));
	assert_false(below_root_only(base, "file"));
	assert_false(below_root_only(base, "to_group"));
	assert_false(below_root_only(base, "to_group/sub"));
	assert_false(below_root_only(base, "to_group/../ok"));
	assert_false(below_root_only(base, "to_tmp"));
	assert_false(below_root_only(base, "loop"));
	assert_false(below_root_only(base, "dangling"));
	assert_false(below_root_only(base, "their_link"));

	assert_int_equal(str_fmt(command, sizeof(command), "rm -rf %s", base), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(system(command), 0);
}

#define IN_TMP(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMP(test_read),
		IN_TMP(test_read_refuses),
		IN_TMP(test_replace),
		IN_TMP(test_replace_fails_whole),
		IN_TMP(test_replace_stale_new),
		IN_TMP(test_mkdirs),
		IN_TMP(test_mkdirs_refuses),
		IN_TMP(test_join),
		IN_TMP(test_dir),
		IN_TMP(test_root_only),
		cmocka_unit_test(test_root_only_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
