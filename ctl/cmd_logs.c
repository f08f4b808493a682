/* pulsectl logs: reads the log itself; the daemon only says where it is. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl.h"

#define DEFAULT_LINES   20
#define FOLLOW_AGAIN_MS 200
#define LINE_MAX_BYTES  8192

struct reader {
	int fd;
	bool hide_info; /* Colima's level=info lines, on a terminal (parity P17) */
	size_t len;
	char line[LINE_MAX_BYTES];
};

static void
find_log(const struct where *w, char *path, size_t size)
{
	struct proto_doc *doc = NULL;
	struct err err;

	str_cut(path, size, w->log_path);
	if (client_ask(w, PROTO_OP_STATUS, &doc, &err) == CTL_YES &&
		proto_doc_str(doc, "status.daemon.log_path", "")[0])
		str_cut(path, size, proto_doc_str(doc, "status.daemon.log_path", ""));
	else if (access(path, R_OK) < 0)
		(void)path_join(path, size, w->state_dir, "colima-pulse.log");
	proto_doc_free(doc);
}

static bool
hidden(const struct reader *r)
{
	return r->hide_info && strstr(r->line, " info child ") && strstr(r->line, "level=info");
}

static void
print_text(struct reader *r, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (r->len < sizeof(r->line) - 1)
			r->line[r->len++] = text[i];
		if (text[i] != '\n')
			continue;
		r->line[r->len] = '\0';
		if (!hidden(r))
			fputs(r->line, stdout);
		r->len = 0;
	}
}

/* Where the last `n` lines begin, looking backwards block by block. */
static off_t
tail_begin(int fd, off_t size, int64_t n)
{
	char block[4096];
	off_t at = size;

	while (at > 0) {
		size_t want = at < (off_t)sizeof(block) ? (size_t)at : sizeof(block);
		ssize_t got = pread(fd, block, want, at - (off_t)want);

		if (got != (ssize_t)want)
			return at;
		for (size_t i = want; i > 0; i--) {
			if (block[i - 1] == '\n' && at - (off_t)want + (off_t)i < size && n-- <= 1)
				return at - (off_t)want + (off_t)i;
		}
		at -= (off_t)want;
	}
	return 0;
}

static void
copy_rest(struct reader *r)
{
	char block[16384];
	ssize_t n;

	while ((n = read(r->fd, block, sizeof(block))) > 0)
		print_text(r, block, (size_t)n);
	(void)fflush(stdout);
}

/* Rotation empties the file (docs/adr/0003): then it is read from its beginning. */
static int
follow(struct reader *r)
{
	struct timespec pause = {0, FOLLOW_AGAIN_MS * 1000000L};
	struct stat st;

	while (!ferror(stdout)) {
		if (fstat(r->fd, &st) == 0 && st.st_size < lseek(r->fd, 0, SEEK_CUR))
			(void)lseek(r->fd, 0, SEEK_SET);
		copy_rest(r);
		(void)nanosleep(&pause, NULL);
	}
	return CTL_NO;
}

int
cmd_logs(const struct options *o)
{
	static struct reader r;
	char path[1100];
	struct where w;
	struct stat st;

	where_find(&w, o);
	find_log(&w, path, sizeof(path));
	r.hide_info = w.filter_info && !o->all && isatty(STDOUT_FILENO);
	r.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r.fd < 0 || fstat(r.fd, &st) < 0) {
		fprintf(stderr, "pulsectl: %s: %s\n", path, strerror(errno));
		return errno == EACCES ? CTL_PERMISSION : CTL_NO;
	}
	if (o->n != 0) {
		(void)lseek(r.fd, tail_begin(r.fd, st.st_size, o->n > 0 ? o->n : DEFAULT_LINES),
			SEEK_SET);
		copy_rest(&r);
	} else {
		(void)lseek(r.fd, 0, SEEK_END);
	}
	return o->follow ? follow(&r) : CTL_YES;
}
