/* What both systems do alike. */

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "host/host.h"

int
host_unix_socket(bool nonblock)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int flags;

	if (fd < 0)
		return -errno;
	flags = fcntl(fd, F_GETFL);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || flags < 0 ||
		(nonblock && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	return fd;
}

int
host_unix_listens(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, rc = 0;

	if (str_fmt(addr.sun_path, sizeof(addr.sun_path), "%s", path) < 0)
		return -ENAMETOOLONG;
	fd = host_unix_socket(true);
	if (fd < 0)
		return fd;
	/* EAGAIN: a full backlog is somebody who listens. */
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 && errno != EAGAIN)
		rc = -errno;
	(void)close(fd);
	return rc;
}
