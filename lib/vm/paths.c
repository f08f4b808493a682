#include "vm/paths.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"

/* Lima makes its control socket as ssh.sock plus a dot and 16 characters (runtime 2.1). */
#define SSH_SOCK_LONGEST "ssh.sock.1234567890123456"

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int
vm_base_choose(const char *configured, const char *home, char *base, size_t size, bool *ret_exists)
{
	int rc;

	*ret_exists = false;
	if (*configured) {
		rc = str_fmt(base, size, "%s", configured);
		*ret_exists = rc == 0 && is_dir(base);
		return rc;
	}
	rc = path_join(base, size, home, ".colima");
	if (rc < 0 || (*ret_exists = is_dir(base)))
		return rc;
	rc = path_join(base, size, home, ".config/colima");
	if (rc < 0 || (*ret_exists = is_dir(base)))
		return rc;
	/* With COLIMA_HOME pinned there is no reason to follow XDG for a new one. */
	return path_join(base, size, home, ".colima");
}

static int
fill_names(struct vm_paths *paths, const char *profile)
{
	/* "colima" and "" are other spellings of the default profile (config/profile.go). */
	bool is_default =
		!*profile || strcmp(profile, "colima") == 0 || strcmp(profile, "default") == 0;
	const char *name = str_starts(profile, "colima-") ? profile + strlen("colima-") : profile;
	int rc = str_fmt(
		paths->profile, sizeof(paths->profile), "%s", is_default ? "default" : name);

	if (rc < 0)
		return rc;
	if (is_default)
		return str_fmt(paths->id, sizeof(paths->id), "colima");
	return str_fmt(paths->id, sizeof(paths->id), "colima-%s", name);
}

static int
check_lengths(const struct vm_paths *paths, struct err *err)
{
	size_t max = host_defaults()->socket_path_max;
	size_t ssh = strlen(paths->inst) + 1 + strlen(SSH_SOCK_LONGEST);
	size_t docker = strlen(paths->docker_sock);

	if (ssh <= max && docker <= max)
		return 0;
	return err_set(err, -ENAMETOOLONG,
		"a socket's path may have %zu bytes, %s would need %zu in %s", max,
		ssh > max ? "ssh's" : "Docker's", ssh > max ? ssh : docker,
		ssh > max ? paths->inst : paths->cfg);
}

int
vm_paths_fill(struct vm_paths *paths, const char *base, const char *profile, struct err *err)
{
	const struct {
		char *buf;
		const char *dir, *name;
	} parts[] = {
		{paths->lima_home, base, "_lima"},
		{paths->inst, paths->lima_home, paths->id},
		{paths->cfg, base, paths->profile},
		{paths->docker_sock, paths->cfg, "docker.sock"},
		{paths->ha_pid, paths->inst, "ha.pid"},
		{paths->ha_sock, paths->inst, "ha.sock"},
		{paths->ha_stdout, paths->inst, "ha.stdout.log"},
		{paths->ha_stderr, paths->inst, "ha.stderr.log"},
		{paths->qemu_pid, paths->inst, "qemu.pid"},
		{paths->qmp_sock, paths->inst, "qmp.sock"},
		{paths->vz_pid, paths->inst, "vz.pid"},
		{paths->ssh_sock, paths->inst, "ssh.sock"},
		{paths->ssh_config, paths->inst, "ssh.config"},
		{paths->containerd_sock, paths->cfg, "containerd.sock"},
		{paths->serial_log, paths->inst, "serial.log"},
	};

	if (fill_names(paths, profile) < 0)
		return err_set(err, -ENAMETOOLONG, "COLIMA_PROFILE is too long: %s", profile);
	if (str_fmt(paths->base, sizeof(paths->base), "%s", base) < 0)
		return err_set(err, -ENAMETOOLONG, "COLIMA_HOME is too long: %s", base);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (path_join(parts[i].buf, HOST_PATH_MAX, parts[i].dir, parts[i].name) < 0)
			return err_set(err, -ENAMETOOLONG, "%s/%s: path too long", parts[i].dir,
				parts[i].name);
	}
	paths->base_sock[0] = '\0';
	if (strcmp(paths->profile, "default") == 0)
		(void)path_join(paths->base_sock, HOST_PATH_MAX, base, "docker.sock");
	(void)str_fmt(paths->ssh_host, sizeof(paths->ssh_host), "lima-%s", paths->id);
	return check_lengths(paths, err);
}
