/*
 * user: HOMEBREW_USER, and becoming it for good.
 */
#ifndef DAEMON_USER_H
#define DAEMON_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct user {
	char name[128];
	char home[1024];
	char shell[256];
	uid_t uid;
	gid_t gid;
	gid_t control_gid; /* of CONTROL_GROUP, or gid when it does not exist */
	bool has_control_group;
};

/* Looks the user and the control group up. -ENOENT with `err` set when the user is unknown;
 * -EPERM when we are neither root nor that user. */
int user_find(struct user *user, const char *name, const char *control_group, struct err *err);

/* As root: initgroups, setgid, setuid, in this order, then proves that there is no way back.
 * Not as root: only proves. Forgets a control group that the user is not in. -errno with `err`; the
 * caller must end then. */
int user_become(struct user *user, struct err *err);

#endif
