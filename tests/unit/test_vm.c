/* lib/vm: what Lima, qemu and Docker say, by what they were recorded to say. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "vm/docker.h"
#include "vm/halog.h"
#include "vm/ident.h"
#include "vm/paths.h"
#include "vm/qmp.h"

static void
test_info(void **state)
{
	char *http = transcript("docker-info.http");
	const char *body = body_of(http);
	struct docker_info info;
	struct err err;

	(void)state;
	assert_int_equal(docker_parse_info(body, strlen(body), &info, &err), 0);
	assert_string_equal(info.version, "20.10.24+dfsg1");
	assert_string_equal(info.id, "WRSL:LIMT:OMOO:IP7V:BFGJ:7CBS:WFCD:CMCD:4JG7:FTWG:QQ35:FWLL");
	free(http);
}

static void
test_info_bad(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"ServerVersion\":7}",
		"{\"ServerVersion\":\"\"}", "{\"ServerVersion\":\"1\"", "null", "\"x\""};
	struct docker_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {{0}};

		assert_int_equal(docker_parse_info(bad[i], strlen(bad[i]), &info, &err), -EPROTO);
		assert_non_null(strstr(err.msg, "/info"));
	}
}

static void
test_containers(void **state)
{
	char *http = transcript("docker-containers-json.http");
	const char *body = body_of(http);
	static struct docker_containers list;
	struct err err;

	(void)state;
	assert_int_equal(docker_parse_containers(body, strlen(body), &list, &err), 0);
	assert_int_equal(list.n_running, 1);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.list[0].name, "web");
	assert_string_equal(list.list[0].image, "bb:1");
	assert_string_equal(list.list[0].state, "running");
	/* the same port on 0.0.0.0 and on :: is one */
	assert_string_equal(list.list[0].ports, "18080->80/tcp");
	free(http);
}

static void
test_containers_hostile(void **state)
{
	static struct docker_containers list;
	static char text[200000];
	struct err err;
	size_t len = 1;

	(void)state;
	text[0] = '[';
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s{\"Names\":[\"/x\\u001b[31m%0200d\"],\"Image\":7,\"Ports\":[{},{\"PublicPort\":-1}]}",
			i ? "," : "", i);
	(void)snprintf(text + len, sizeof(text) - len, "]");
	assert_int_equal(docker_parse_containers(text, strlen(text), &list, &err), 0);
	assert_int_equal(list.n_running, 100);
	assert_int_equal(list.n, DOCKER_CONTAINERS_MAX);
	assert_null(strchr(list.list[0].name, '\033'));
	assert_string_equal(list.list[0].image, "");
	assert_string_equal(list.list[0].ports, "");
	assert_int_equal(docker_parse_containers("{}", 2, &list, &err), -EPROTO);
}

static struct halog_event heard[64];
static size_t n_heard, n_bad;

static void
on_event(const struct halog_event *event, void *arg)
{
	(void)arg;
	heard[n_heard++ % 64] = *event;
}

static void
on_bad(const char *why, void *arg)
{
	(void)arg;
	assert_true(strlen(why) > 0);
	n_bad++;
}

static int
follow(struct halog *log, const char *path)
{
	n_heard = n_bad = 0;
	return halog_follow(log, path, on_event, on_bad, NULL);
}

static void
test_halog_recorded(void **state)
{
	struct halog log = {0};

	(void)state;
	assert_int_equal(follow(&log, PULSE_SOURCE_DIR "/tests/data/transcripts/ha.stdout.log"), 0);
	assert_int_equal(n_bad, 0);
	assert_int_equal(n_heard, 14);
	assert_int_equal(heard[0].ssh_port, 41359);
	assert_false(heard[0].running);
	assert_true(heard[7].running);
	assert_int_equal(follow(&log, PULSE_SOURCE_DIR "/tests/data/transcripts/ha.stdout.log"), 0);
	assert_int_equal(n_heard, 0);
}

static void
append(const char *path, const char *text)
{
	FILE *out = fopen(path, "a");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

/* A half line waits for its end; a bad one is told once; a new file starts over; what is skipped
 * is not heard. */
static void
test_halog_grows(void **state)
{
	char path[] = "/tmp/halogXXXXXX";
	struct halog log = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	append(path, "{\"status\":{\"running\":");
	assert_int_equal(follow(&log, path), 0);
	assert_int_equal(n_heard, 0);
	append(path, "true}}\nrubbish\n{\"status\":{\"exiting\":true}}\n");
	assert_int_equal(follow(&log, path), 0);
	assert_int_equal(n_heard, 2);
	assert_int_equal(n_bad, 1);
	assert_true(heard[0].running && heard[1].exiting);
	assert_int_equal(truncate(path, 0), 0);
	append(path, "{\"status\":{\"degraded\":true,\"errors\":[\"why\\n\"]}}\n");
	assert_int_equal(follow(&log, path), 0);
	assert_int_equal(n_heard, 1);
	assert_true(heard[0].degraded);
	assert_null(strchr(heard[0].error, '\n'));
	halog_skip(&log, path);
	assert_int_equal(follow(&log, path), 0);
	assert_int_equal(n_heard, 0);
	(void)unlink(path);
	assert_int_equal(follow(&log, path), -ENOENT);
}

static void
test_halog_long_line(void **state)
{
	static char line[3 * HALOG_LINE_MAX];
	char path[] = "/tmp/halogXXXXXX";
	struct halog log = {0};
	int fd = mkstemp(path);

	(void)state;
	(void)close(fd);
	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\n';
	append(path, line);
	append(path, "{\"status\":{\"running\":true}}\n");
	assert_int_equal(follow(&log, path), 0);
	assert_int_equal(n_bad, 1);
	assert_int_equal(n_heard, 1);
	(void)unlink(path);
}

/* Events come between a command and its return (real-runs R15). */
static void
test_qmp_lines(void **state)
{
	static const struct {
		const char *line;
		enum qmp_line kind;
	} lines[] = {
		{"{\"QMP\": {\"version\": {}}}", QMP_LINE_GREETING},
		{"{\"event\":\"STOP\"}", QMP_LINE_EVENT},
		{"{\"return\": {}}", QMP_LINE_RETURN},
		{"{\"error\":{\"class\":\"X\",\"desc\":\"The command is not known\"}}",
			QMP_LINE_ERROR},
		{"", QMP_LINE_BAD},
		{"{}", QMP_LINE_BAD},
		{"[]", QMP_LINE_BAD},
		{"{\"return\"", QMP_LINE_BAD},
	};
	struct qmp_result result = {0};
	static const char status[] = "{\"return\": {\"status\": \"io-error\", \"running\": false}}";

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(qmp_parse_line(lines[i].line, strlen(lines[i].line), &result),
			lines[i].kind);
	assert_non_null(strstr(result.err.msg, "not known"));
	assert_int_equal(qmp_parse_line(status, strlen(status), &result), QMP_LINE_RETURN);
	assert_string_equal(result.status, "io-error");
}

static void
test_qmp_recorded(void **state)
{
	char *text = transcript("qmp.txt");
	struct qmp_result result = {0};
	unsigned n = 0;
	char *save = NULL;

	(void)state;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] != '<')
			continue;
		assert_int_not_equal(
			qmp_parse_line(line + 2, strlen(line + 2), &result), QMP_LINE_BAD);
		n++;
	}
	assert_int_equal(n, 5);
	free(text);
}

static void
test_profile_names(void **state)
{
	static const char *const names[][3] = {{"default", "default", "colima"},
		{"", "default", "colima"}, {"colima", "default", "colima"}, {"x", "x", "colima-x"},
		{"colima-x", "x", "colima-x"}};
	static struct vm_paths paths;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(vm_paths_fill(&paths, "/b", names[i][0], &err), 0);
		assert_string_equal(paths.profile, names[i][1]);
		assert_string_equal(paths.id, names[i][2]);
	}
	assert_string_equal(paths.docker_sock, "/b/x/docker.sock");
	assert_string_equal(paths.qemu_pid, "/b/_lima/colima-x/qemu.pid");
}

/* F29: the longest that fits, and one more. */
static void
test_path_limit(void **state)
{
	static struct vm_paths paths;
	char base[256];
	struct err err;
	size_t max = host_defaults()->socket_path_max;
	size_t rest = strlen("/_lima/colima/ssh.sock.1234567890123456");

	(void)state;
	memset(base, 'b', sizeof(base));
	base[0] = '/';
	base[max - rest] = '\0';
	assert_int_equal(vm_paths_fill(&paths, base, "default", &err), 0);
	base[max - rest] = 'b';
	base[max - rest + 1] = '\0';
	assert_int_equal(vm_paths_fill(&paths, base, "default", &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.msg, "may have"));
}

static void
test_pidfile(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} files[] = {{"42\n", 0}, {"42", 0}, {"42 \r\n", 0}, {"", -EINVAL}, {"0\n", -EINVAL},
		{"-1\n", -EINVAL}, {"4 2\n", -EINVAL}, {"99999999999\n", -EINVAL},
		{"pid\n", -EINVAL}};
	char path[] = "/tmp/pidXXXXXX";
	struct err err;
	pid_t pid = 0;

	(void)state;
	(void)close(mkstemp(path));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(truncate(path, 0), 0);
		append(path, files[i].text);
		assert_int_equal(vm_pidfile_read(path, &pid, &err), files[i].rc);
		assert_int_equal(pid, 42);
	}
	(void)unlink(path);
	assert_int_equal(vm_pidfile_read(path, &pid, &err), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_info_bad),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_containers_hostile),
		cmocka_unit_test(test_halog_recorded),
		cmocka_unit_test(test_halog_grows),
		cmocka_unit_test(test_halog_long_line),
		cmocka_unit_test(test_qmp_lines),
		cmocka_unit_test(test_qmp_recorded),
		cmocka_unit_test(test_profile_names),
		cmocka_unit_test(test_path_limit),
		cmocka_unit_test(test_pidfile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
