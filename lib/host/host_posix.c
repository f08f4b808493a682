/* What both systems do alike. */

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

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
