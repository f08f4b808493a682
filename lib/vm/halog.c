#include "vm/halog.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static void
first_error(const json_t *status, char *buf, size_t size)
{
	const char *text = json_string_value(json_array_get(json_object_get(status, "errors"), 0));

	str_escape(buf, size, text ? text : "", text ? strlen(text) : 0);
}

int
halog_parse(const char *line, size_t len, struct halog_event *ret, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(line, len, 0, &why);
	const json_t *status = json_object_get(root, "status");

	if (!json_is_object(status)) {
		char shown[96];

		str_escape(shown, sizeof(shown), line, len);
		json_decref(root);
		return err_set(err, -EINVAL, "not a hostagent event: %s", shown);
	}
	*ret = (struct halog_event){
		.running = json_is_true(json_object_get(status, "running")),
		.degraded = json_is_true(json_object_get(status, "degraded")),
		.exiting = json_is_true(json_object_get(status, "exiting")),
		.ssh_port = (int)json_integer_value(json_object_get(status, "sshLocalPort")),
	};
	first_error(status, ret->error, sizeof(ret->error));
	json_decref(root);
	return 0;
}

struct sink {
	void (*fn)(const struct halog_event *event, void *arg);
	void (*bad)(const char *why, void *arg);
	void *arg;
};

static void
take_line(struct halog *log, const char *line, size_t len, const struct sink *sink)
{
	struct halog_event event;
	struct err err;

	if (log->skipping || len == 0)
		log->skipping = false;
	else if (halog_parse(line, len, &event, &err) == 0)
		sink->fn(&event, sink->arg);
	else
		sink->bad(err.msg, sink->arg);
}

/* Hands on the whole lines in `buf`; returns how many bytes they were. */
static size_t
take_lines(struct halog *log, const char *buf, size_t len, const struct sink *sink)
{
	size_t used = 0;
	const char *end;

	while (used < len && (end = memchr(buf + used, '\n', len - used))) {
		take_line(log, buf + used, (size_t)(end - buf) - used, sink);
		used = (size_t)(end - buf) + 1;
	}
	if (used == 0 && len == HALOG_LINE_MAX) {
		if (!log->skipping)
			sink->bad("a line is longer than 16 KiB", sink->arg);
		log->skipping = true;
		return len;
	}
	return used;
}

void
halog_skip(struct halog *log, const char *path)
{
	struct stat st;

	*log = (struct halog){0};
	if (stat(path, &st) == 0)
		*log = (struct halog){.inode = st.st_ino, .offset = st.st_size};
}

int
halog_follow(struct halog *log, const char *path,
	void (*fn)(const struct halog_event *event, void *arg),
	void (*bad)(const char *why, void *arg), void *arg)
{
	static char buf[HALOG_LINE_MAX];
	struct sink sink = {fn, bad, arg};
	struct stat st;
	ssize_t n;
	size_t used = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		int rc = -errno;

		*log = (struct halog){0};
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	if (st.st_ino != log->inode || st.st_size < log->offset)
		*log = (struct halog){.inode = st.st_ino};
	while (used > 0 && (n = pread(fd, buf, sizeof(buf), log->offset)) > 0) {
		used = take_lines(log, buf, (size_t)n, &sink);
		log->offset += (off_t)used;
	}
	(void)close(fd);
	return 0;
}

bool
halog_was_asked(const char *stderr_path)
{
	static const char asked[] = "Received SIGINT, shutting down";
	static char buf[64 * 1024];
	int fd = open(stderr_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0)
		n = pread(fd, buf, sizeof(buf) - 1,
			st.st_size > (off_t)sizeof(buf) - 1 ? st.st_size - (off_t)sizeof(buf) + 1
							    : 0);
	(void)close(fd);
	return n > 0 && memmem(buf, (size_t)n, asked, sizeof(asked) - 1) != NULL;
}
