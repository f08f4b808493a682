#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define X(id, name) [LOG_##id] = name,
static const char *const level_names[LOG__COUNT] = {LOG_LEVEL_MAP(X)};
#undef X

static struct {
	char path[1024];
	int fd[LOG_KEEP_MAX + 1]; /* [0] the log, [n] LOG_PATH.n; -1 = none */
	uint64_t size, max_bytes;
	unsigned keep;
	enum log_level level;
	uint64_t n_lost;
	bool open;
} sink = {.max_bytes = 10 * 1024 * 1024, .keep = 5, .level = LOG_INFO};

int64_t
log_wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A regular file with one name: as root nothing that a user could have linked here is touched. */
static int
open_file(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;
	int fd =
		open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		rc = -EINVAL;
	else if (geteuid() == 0 && fchown(fd, uid, gid) < 0)
		rc = -errno;
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

int
log_open(const char *path, uid_t uid, gid_t gid, struct err *err)
{
	struct stat st;
	int fd = open_file(path, uid, gid);

	if (fd < 0)
		return err_set(err, fd, "%s: %s", path, strerror(-fd));
	log_close();
	(void)str_fmt(sink.path, sizeof(sink.path), "%s", path);
	sink.fd[0] = fd;
	sink.size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	for (unsigned n = 1; n <= LOG_KEEP_MAX; n++) {
		char name[1040];

		(void)str_fmt(name, sizeof(name), "%s.%u", path, n);
		sink.fd[n] = n <= sink.keep ? open_file(name, uid, gid) : -1;
	}
	sink.open = true;
	return 0;
}

void
log_close(void)
{
	if (!sink.open)
		return;
	for (unsigned n = 0; n <= LOG_KEEP_MAX; n++) {
		if (sink.fd[n] >= 0)
			(void)close(sink.fd[n]);
	}
	sink.open = false;
	sink.path[0] = '\0';
}

void
log_limits(uint64_t max_bytes, unsigned keep)
{
	sink.max_bytes = max_bytes;
	sink.keep = keep < LOG_KEEP_MAX ? keep : LOG_KEEP_MAX;
}

void
log_level(const char *name)
{
	for (int level = 0; level < LOG__COUNT; level++) {
		if (strcmp(level_names[level], name) == 0)
			sink.level = (enum log_level)level;
	}
}

const char *
log_path(void)
{
	return sink.path;
}

/* Makes `to` hold what `from` holds. */
static bool
copy_file(int from, int to)
{
	static char buf[256 * 1024];
	off_t at = 0;
	ssize_t n;

	if (ftruncate(to, 0) < 0)
		return false;
	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (write(to, buf, (size_t)n) != n)
			return false;
		at += n;
	}
	return n == 0;
}

/* Oldest first. When the copy of the log itself fails (a full disk), the log is not emptied. */
static void
rotate(void)
{
	bool copied = true;

	for (unsigned n = sink.keep; n >= 1; n--) {
		if (sink.fd[n] >= 0 && sink.fd[n - 1] >= 0)
			copied = copy_file(sink.fd[n - 1], sink.fd[n]);
	}
	if (!copied && sink.size < 2 * sink.max_bytes)
		return;
	if (ftruncate(sink.fd[0], 0) == 0)
		sink.size = 0;
}

static void
write_line(const char *line, size_t len)
{
	ssize_t n;

	if (sink.size + len > sink.max_bytes)
		rotate();
	n = write(sink.fd[0], line, len);
	if (n > 0)
		sink.size += (uint64_t)n;
	if (n != (ssize_t)len)
		sink.n_lost++;
}

static size_t
stamp(char *line, size_t size, enum log_level level, const char *module)
{
	int64_t now_ms = log_wall_ms();
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;
	char date[32];

	(void)gmtime_r(&now, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)str_fmt(line, size, "%s.%03dZ %s %s ", date, (int)(now_ms % 1000), level_names[level],
		module);
	return strlen(line);
}

static void
emit(enum log_level level, const char *module, const char *text)
{
	char line[LOG_TEXT_MAX + 128];
	size_t len = stamp(line, sizeof(line), level, module);

	str_escape(line + len, sizeof(line) - len - 1, text, strlen(text));
	len = strlen(line);
	line[len++] = '\n';
	if (sink.open)
		write_line(line, len);
	if (!sink.open || isatty(STDERR_FILENO))
		(void)!write(STDERR_FILENO, line, len);
}

void
log_text(enum log_level level, const char *module, const char *text)
{
	int saved = errno;

	if (level > sink.level)
		return;
	if (sink.n_lost > 0) {
		char note[80];
		uint64_t n_lost = sink.n_lost;

		sink.n_lost = 0;
		(void)str_fmt(note, sizeof(note), "%llu lines before this could not be written",
			(unsigned long long)n_lost);
		emit(LOG_WARN, "log", note);
		if (sink.n_lost > 0)
			sink.n_lost += n_lost;
	}
	emit(level, module, text);
	errno = saved;
}

#define LOG_FUNCTION(name, level) \
	void log_##name(const char *module, const char *fmt, ...) \
	{ \
		char text[LOG_TEXT_MAX]; \
		va_list ap; \
		va_start(ap, fmt); \
		(void)vsnprintf(text, sizeof(text), fmt, ap); \
		va_end(ap); \
		log_text(level, module, text); \
	}

/* clang-format off */
LOG_FUNCTION(error, LOG_ERROR)
LOG_FUNCTION(warn, LOG_WARN)
LOG_FUNCTION(info, LOG_INFO)
LOG_FUNCTION(debug, LOG_DEBUG)
