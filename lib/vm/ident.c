#include "vm/ident.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

int
vm_pidfile_read(const char *path, pid_t *ret, struct err *err)
{
	char text[64], shown[64];
	int64_t pid;
	size_t len;
	int rc = file_read(path, text, sizeof(text), &len);

	if (rc == -ENOENT)
		return err_set(err, rc, "no %s", path);
	if (rc < 0)
		return err_set(err, rc, "%s: %s", path, strerror(-rc));
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
		text[--len] = '\0';
	if (strlen(text) != len || str_to_i64(text, 1, INT_MAX, &pid) < 0) {
		str_escape(shown, sizeof(shown), text, len);
		return err_set(err, -EINVAL, "%s holds \"%s\", not a pid", path, shown);
	}
	*ret = (pid_t)pid;
	return 0;
}

/* True when `argv` has `flag` followed by exactly `value`. */
static bool
has_option(const struct host_argv *argv, const char *flag, const char *value)
{
	for (size_t i = 0; i + 1 < argv->n; i++) {
		if (strcmp(argv->arg[i], flag) == 0 && strcmp(argv->arg[i + 1], value) == 0)
			return true;
	}
	return false;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The process `pid`, verified to be the user's and to carry `flag value`. */
static int
verify(pid_t pid, uid_t uid, const char *flag, const char *value, const char *what,
	struct host_proc *ret, struct err *err)
{
	static struct host_argv argv;
	int rc = host_proc(pid, ret);

	if (rc < 0)
		return err_set(err, -ESRCH, "pid %d of the %s does not run", (int)pid, what);
	if (ret->zombie)
		return err_set(err, -ESRCH, "%s %d is dead and not reaped yet", what, (int)pid);
	if (ret->uid != uid)
		return err_set(err, -ESRCH, "pid %d belongs to uid %d, it is not the %s", (int)pid,
			(int)ret->uid, what);
	rc = host_proc_argv(pid, &argv);
	if (rc < 0 || !has_option(&argv, flag, value))
		return err_set(err, -ESRCH, "pid %d is %s, not the %s of this profile", (int)pid,
			ret->exe[0] ? ret->exe : "another program", what);
	return 0;
}

int
vm_find_hostagent(const struct vm_paths *paths, uid_t uid, struct host_proc *ret, struct err *err)
{
	pid_t pid = 0;
	int rc = vm_pidfile_read(paths->ha_pid, &pid, err);

	if (rc < 0)
		return -ESRCH;
	return verify(pid, uid, "--pidfile", paths->ha_pid, "hostagent", ret, err);
}

/* F_GETLK tells who holds qemu's lock on its pid file, whatever number the file holds. */
static int
lock_holder(const char *path, pid_t *ret, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_set(
			err, -ESRCH, errno == ENOENT ? "no %s" : "%s cannot be opened", path);
	rc = fcntl(fd, F_GETLK, &lock);
	(void)close(fd);
	if (rc < 0)
		return err_set(err, -ESRCH, "%s: F_GETLK: %s", path, strerror(errno));
	if (lock.l_type == F_UNLCK)
		return err_set(err, -ESRCH, "%s is not locked: its qemu is dead", path);
	*ret = lock.l_pid;
	return 0;
}

int
vm_find_qemu(const struct vm_paths *paths, uid_t uid, struct host_proc *ret, struct err *err)
{
	pid_t pid = 0;
	int rc = lock_holder(paths->qemu_pid, &pid, err);

	if (rc < 0)
		return rc;
	rc = verify(pid, uid, "-pidfile", paths->qemu_pid, "qemu", ret, err);
	if (rc < 0)
		return rc;
	if (ret->exe[0] && !str_starts(base_name(ret->exe), "qemu-system-"))
		return err_set(err, -ESRCH, "pid %d holds %s but is %s", (int)pid, paths->qemu_pid,
			ret->exe);
	return 0;
}

bool
vm_same_proc(pid_t pid, uint64_t start)
{
	struct host_proc proc;

	return pid > 0 && host_proc(pid, &proc) == 0 && !proc.zombie && proc.start == start;
}

bool
vm_is_colima(const struct vm_paths *paths, uid_t uid, pid_t pid, uint64_t start)
{
	static struct host_argv argv;
	struct host_proc proc;
	bool foreground = false;

	if (pid <= 0 || host_proc(pid, &proc) < 0 || proc.zombie || proc.uid != uid ||
		proc.start != start || host_proc_argv(pid, &argv) < 0)
		return false;
	if (argv.n < 2 || strcmp(base_name(argv.arg[0]), "colima") != 0)
		return false;
	for (size_t i = 1; i < argv.n; i++)
		foreground = foreground || strcmp(argv.arg[i], "--foreground") == 0;
	return foreground && has_option(&argv, "--profile", paths->profile);
}

pid_t
vm_find_vz(const struct vm_paths *paths)
{
	struct host_proc proc;
	pid_t pid = 0;

	if (vm_pidfile_read(paths->vz_pid, &pid, NULL) < 0 || host_proc(pid, &proc) < 0)
		return 0;
	return proc.zombie ? 0 : pid;
}
