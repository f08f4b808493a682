#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"

#define PATH_MAX_BYTES 4096

static ssize_t
read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int
file_read(const char *path, char *buf, size_t size, size_t *ret_len)
{
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		n = -errno;
	else if (!S_ISREG(st.st_mode))
		n = -EINVAL;
	else
		n = read_all(fd, buf, size);
	(void)close(fd);
	if (n < 0)
		return (int)n;
	if ((size_t)n == size)
		return -EFBIG;
	buf[n] = '\0';
	if (ret_len)
		*ret_len = (size_t)n;
	return 0;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes the rename itself last through a power cut. */
static int
sync_dir_of(const char *path)
{
	char dir[PATH_MAX_BYTES];
	int fd, rc = 0;

	if (path_dir(dir, sizeof(dir), path) < 0)
		return -ENAMETOOLONG;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0 && errno != EINVAL)
		rc = -errno;
	(void)close(fd);
	return rc;
}

static int
write_new(const char *path, const char *data, size_t len, mode_t mode, bool durable)
{
	int fd, rc;

	/* What stands there, after a crash or by somebody's hand, is never written to. */
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, data, len);
	if (rc == 0 && fchmod(fd, mode) < 0)
		rc = -errno;
	if (rc == 0 && durable && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int
file_replace(const char *path, const char *data, size_t len, mode_t mode, bool durable)
{
	char fresh[PATH_MAX_BYTES];
	int rc = str_fmt(fresh, sizeof(fresh), "%s.new", path);

	if (rc < 0)
		return rc;
	rc = write_new(fresh, data, len, mode, durable);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = -errno;
	if (rc < 0) {
		(void)unlink(fresh);
		return rc;
	}
	return durable ? sync_dir_of(path) : 0;
}

int
file_room(const char *path, uint64_t *ret_bytes)
{
	struct statvfs st;

	if (statvfs(path, &st) < 0)
		return -errno;
	*ret_bytes = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

/* 1: made; 0: is there already. Asks stat() and not errno: macOS says EISDIR for "/". */
static int
make_one(const char *path, mode_t mode)
{
	struct stat st;
	int code;

	if (mkdir(path, mode) == 0)
		return 1;
	code = errno;
	if (stat(path, &st) < 0)
		return -code;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int
file_mkdirs(const char *path, mode_t mode)
{
	char part[PATH_MAX_BYTES];
	size_t len;
	int rc;

	if (!path[0])
		return -ENOENT;
	if (str_fmt(part, sizeof(part), "%s", path) < 0)
		return -ENAMETOOLONG;
	for (len = strlen(part); len > 1 && part[len - 1] == '/'; len--)
		part[len - 1] = '\0';
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		rc = make_one(part, 0755);
		if (rc < 0)
			return rc;
		*at = '/';
	}
	rc = make_one(part, mode);
	/* The umask has no say in the mode. */
	return rc == 1 && chmod(part, mode) < 0 ? -errno : rc < 0 ? rc : 0;
}

int
path_join(char *buf, size_t size, const char *dir, const char *name)
{
	size_t len = strlen(dir);

	while (len > 0 && name[0] == '/')
		name++;
	return str_fmt(buf, size, "%s%s%s", dir, len == 0 || dir[len - 1] == '/' ? "" : "/", name);
}

int
path_dir(char *buf, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		return str_fmt(buf, size, ".");
	if (len == 0)
		return str_fmt(buf, size, "/");
	if (len >= size)
		return -ENAMETOOLONG;
	memmove(buf, path, len); /* `path` may be `buf` */
	buf[len] = '\0';
	return 0;
}

#define LINKS_MAX 4

static bool root_only(const char *path, int links);

/* Where root's own link `path` leads to is root's alone as well. */
static bool
link_root_only(const char *path, int links)
{
	char target[PATH_MAX_BYTES], dir[PATH_MAX_BYTES], whole[PATH_MAX_BYTES];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0 || links == 0)
		return false;
	target[len] = '\0';
	if (target[0] == '/')
		return root_only(target, links - 1);
	return path_dir(dir, sizeof(dir), path) == 0 &&
	       path_join(whole, sizeof(whole), dir, target) == 0 && root_only(whole, links - 1);
}

static bool
root_only(const char *path, int links)
{
	char part[PATH_MAX_BYTES];
	struct stat st;

	if (path[0] != '/' || str_fmt(part, sizeof(part), "%s", path) < 0)
		return false;
	for (;;) {
		if (lstat(part, &st) < 0 || st.st_uid != 0)
			return false;
		if (S_ISLNK(st.st_mode) && !link_root_only(part, links))
			return false;
		if (!S_ISLNK(st.st_mode) &&
			(!S_ISDIR(st.st_mode) || (st.st_mode & (S_IWGRP | S_IWOTH))))
			return false;
		if (strcmp(part, "/") == 0)
			return true;
		(void)path_dir(part, sizeof(part), part);
	}
}

bool
path_root_only(const char *dir)
{
	return root_only(dir, LINKS_MAX);
}
