/* Paths, files, the scenario, and log lines. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "standin.h"

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *
at(const char *dir, const char *name)
{
	static char bufs[16][PATH_LEN * 2];
	static unsigned next;
	char *buf = bufs[next++ % 16];

	(void)snprintf(buf, sizeof(bufs[0]), "%s/%s", dir, name);
	return buf;
}

/* config/files.go configBaseDir (runtime 2.1): a COLIMA_HOME that does not exist is silently
 * ignored, which is the trap that the daemon must not fall into. */
static void
find_base(struct world *w)
{
	const char *env = getenv("COLIMA_HOME"), *xdg = getenv("XDG_CONFIG_HOME");

	if (env && *env && is_dir(env))
		(void)snprintf(w->base, sizeof(w->base), "%s", env);
	else if (is_dir(at(w->home, ".colima")))
		(void)snprintf(w->base, sizeof(w->base), "%s", at(w->home, ".colima"));
	else if (xdg && *xdg)
		(void)snprintf(w->base, sizeof(w->base), "%s", at(xdg, "colima"));
	else
		(void)snprintf(w->base, sizeof(w->base), "%s", at(w->home, ".config/colima"));
}

static void
copy(char *to, const char *from)
{
	(void)snprintf(to, PATH_LEN, "%s", from);
}

int
world_init(struct world *w, const char *profile)
{
	const char *home = getenv("HOME");
	const struct passwd *pw = getpwuid(getuid());

	if (!home || !*home) {
		say("fatal", NULL, "cannot fetch required directory: $HOME is not defined");
		return 1;
	}
	memset(w, 0, sizeof(*w));
	copy(w->home, home);
	find_base(w);
	if (strncmp(profile, "colima-", 7) == 0)
		profile += 7;
	if (!*profile || strcmp(profile, "colima") == 0)
		profile = "default";
	(void)snprintf(w->profile, sizeof(w->profile), "%s", profile);
	(void)snprintf(w->id, sizeof(w->id), "%s%s",
		strcmp(profile, "default") ? "colima-" : "colima",
		strcmp(profile, "default") ? profile : "");
	copy(w->lima_home, at(w->base, "_lima"));
	copy(w->inst, at(w->lima_home, w->id));
	copy(w->cfg, at(w->base, w->profile));
	copy(w->net, at(w->lima_home, "_networks/user-v2"));
	(void)snprintf(w->user, sizeof(w->user), "%s", pw ? pw->pw_name : "nobody");
	self_path(w->bin, sizeof(w->bin));
	*strrchr(w->bin, '/') = '\0';
	make_dirs(w->base, 0755); /* a side effect of any colima command */
	return 0;
}

void
make_dirs(const char *path, mode_t mode)
{
	char part[PATH_LEN * 2];

	(void)snprintf(part, sizeof(part), "%s", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(part, 0755);
		*p = '/';
	}
	(void)mkdir(part, mode);
}

void
write_file(const char *path, mode_t mode, const char *fmt, ...)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	va_list ap;

	if (fd < 0)
		return;
	va_start(ap, fmt);
	(void)vdprintf(fd, fmt, ap);
	va_end(ap);
	(void)fchmod(fd, mode);
	(void)close(fd);
}

bool
read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	(void)close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

/* store.ReadPIDFile: trusts kill(pid, 0); EPERM counts as alive (runtime 2.2). */
bool
alive(pid_t pid)
{
	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

pid_t
read_pid(const char *path)
{
	char text[64];
	pid_t pid;

	if (!read_text(path, text, sizeof(text)))
		return 0;
	pid = (pid_t)strtol(text, NULL, 10);
	if (alive(pid))
		return pid;
	(void)unlink(path);
	return 0;
}

void
nap(int ms)
{
	(void)poll(NULL, 0, ms);
}

void
self_path(char *buf, size_t size)
{
	const char *env = getenv("STANDIN_SELF");

	(void)snprintf(buf, size, "%s", env ? env : "standin");
}

int
listen_at(const char *path, mode_t mode)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 64) < 0)
		return -1;
	(void)chmod(path, mode);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

bool
connects(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool ok;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	ok = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
	(void)close(fd);
	return ok;
}

const char *
scenario(const struct world *w, const char *key, const char *fallback)
{
	static char text[16384], value[4][4096];
	static unsigned next;
	const char *path = getenv("STANDIN_SCENARIO");
	size_t len = strlen(key);

	if (!read_text(path ? path : at(w->base, "standin.conf"), text, sizeof(text)))
		return fallback;
	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == '=') {
			char *buf = value[next++ % 4];

			(void)snprintf(buf, sizeof(value[0]), "%.*s",
				(int)strcspn(line + len + 1, "\n"), line + len + 1);
			return buf;
		}
	}
	return fallback;
}

long
scenario_num(const struct world *w, const char *key, long fallback)
{
	const char *value = scenario(w, key, NULL);

	return value ? strtol(value, NULL, 10) : fallback;
}

void
say(const char *level, const char *context, const char *fmt, ...)
{
	char msg[2048], date[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	dprintf(STDERR_FILENO,
		strcspn(msg, " ") == strlen(msg) ? "time=\"%s\" level=%s msg=%s%s%s\n"
						 : "time=\"%s\" level=%s msg=\"%s\"%s%s\n",
		date, level, msg, context ? " context=" : "", context ? context : "");
}

int
run(char *const argv[], int log)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		(void)dup2(null, STDIN_FILENO);
		if (log >= 0) {
			(void)dup2(log, STDOUT_FILENO);
			(void)dup2(log, STDERR_FILENO);
		}
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
