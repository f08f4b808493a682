#include "user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

static bool
member_of(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	for (int i = 0; i < n; i++) {
		if (groups[i] == gid)
			return true;
	}
	return getegid() == gid;
}

static void
find_control_group(struct user *user, const char *name)
{
	const struct group *group = getgrnam(name);

	user->control_gid = user->gid;
	user->has_control_group = group && (geteuid() == 0 || member_of(group->gr_gid));
	if (user->has_control_group)
		user->control_gid = group->gr_gid;
}

int
user_find(struct user *user, const char *name, const char *control_group, struct err *err)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return err_set(err, -ENOENT, "HOMEBREW_USER: there is no user \"%s\"%s%s", name,
			errno ? ": " : "", errno ? strerror(errno) : "");
	if (pw->pw_uid == 0)
		return err_set(err, -EPERM,
			"HOMEBREW_USER: %s is root; Lima refuses to run as root", name);
	if (geteuid() != 0 && geteuid() != pw->pw_uid)
		return err_set(err, -EPERM,
			"started as uid %d: only root or %s can run this daemon", (int)geteuid(),
			name);
	user->uid = pw->pw_uid;
	user->gid = pw->pw_gid;
	if (str_fmt(user->name, sizeof(user->name), "%s", name) < 0 ||
		str_fmt(user->home, sizeof(user->home), "%s", pw->pw_dir) < 0 ||
		str_fmt(user->shell, sizeof(user->shell), "%s", pw->pw_shell) < 0)
		return err_set(
			err, -ENAMETOOLONG, "HOMEBREW_USER: home or shell of %s is too long", name);
	find_control_group(user, control_group);
	return 0;
}

/* root may not come back by any of the ways that setuid(2) leaves open when it is misused. */
static int
prove(const struct user *user, struct err *err)
{
	if (getuid() != user->uid || geteuid() != user->uid || getgid() != user->gid ||
		getegid() != user->gid)
		return err_set(err, -EPERM, "dropping privileges failed: not uid %d gid %d",
			(int)user->uid, (int)user->gid);
	if (setuid(0) == 0 || seteuid(0) == 0)
		return err_set(err, -EPERM, "dropping privileges failed: root came back");
	return 0;
}

int
user_become(struct user *user, struct err *err)
{
	if (geteuid() == 0) {
		if (initgroups(user->name, user->gid) < 0)
			return err_set(err, -errno, "initgroups: %s", strerror(errno));
		if (setgid(user->gid) < 0)
			return err_set(err, -errno, "setgid: %s", strerror(errno));
		if (setuid(user->uid) < 0)
			return err_set(err, -errno, "setuid: %s", strerror(errno));
	}
	if (user->has_control_group && !member_of(user->control_gid)) {
		user->has_control_group = false; /* from here on we cannot give anything to it */
		user->control_gid = user->gid;
	}
	return prove(user, err);
}
