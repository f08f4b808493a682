#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "control.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"

/* One runtime for the process, too large for a stack. */
static struct runtime rt = {.listen_fd = -1};

static int
say(const struct err *err, enum boot_exit code)
{
	log_error("boot", "%s", err->msg);
	return (int)code;
}

static int
load_conf(const char *path, bool check_only)
{
	static struct conf_notes notes;
	int rc;

	str_cut(rt.conf_path, sizeof(rt.conf_path), path);
	rc = conf_load(&rt.conf, path, &notes);
	for (size_t i = 0; i < notes.n; i++) {
		if (check_only)
			fprintf(stderr, "%s: %s\n",
				notes.note[i].severity == CONF_ERROR ? "error" : "warning",
				notes.note[i].text);
		else
			log_text(notes.note[i].severity == CONF_ERROR ? LOG_ERROR : LOG_WARN,
				"conf", notes.note[i].text);
	}
	if (rc == 0)
		return 0;
	return rc == -EINVAL ? BOOT_EXIT_CONFIG : BOOT_EXIT_NO_CONFIG;
}

static int
find_user(void)
{
	const char *group =
		rt.conf.control_group[0] ? rt.conf.control_group : host_defaults()->control_group;
	struct err err;
	int rc = user_find(&rt.user, rt.conf.homebrew_user, group, &err);

	if (rc == -ENOENT)
		return say(&err, BOOT_EXIT_NO_USER);
	if (rc < 0)
		return say(&err, BOOT_EXIT_PERMISSION);
	if (!rt.user.has_control_group)
		log_warn("boot",
			"CONTROL_GROUP %s cannot be used: only root and %s can ask for the status",
			group, rt.user.name);
	return 0;
}

/* Where things are: as configured, else the system's places for root, else below the user's home.
 */
static int
choose_paths(void)
{
	const struct host_defaults *d = host_defaults();
	bool root = geteuid() == 0;
	int rc = 0;

	if (rt.conf.state_dir[0])
		rc |= str_fmt(rt.state_dir, sizeof(rt.state_dir), "%s", rt.conf.state_dir);
	else if (root)
		rc |= str_fmt(rt.state_dir, sizeof(rt.state_dir), "%s", d->state_dir);
	else
		rc |= path_join(
			rt.state_dir, sizeof(rt.state_dir), rt.user.home, d->user_state_dir);
	if (rt.conf.control_socket[0] || root)
		rc |= str_fmt(rt.control_path, sizeof(rt.control_path), "%s",
			proto_address(NULL, NULL, rt.conf.control_socket, d->control_socket));
	else
		rc |= path_join(
			rt.control_path, sizeof(rt.control_path), rt.state_dir, "control.sock");
	rc |= path_join(rt.status_path, sizeof(rt.status_path), rt.state_dir, "status.json");
	rc |= path_join(rt.state_path, sizeof(rt.state_path), rt.state_dir, "state");
	for (size_t i = 0; d->tool_dirs[i]; i++) {
		size_t len = strlen(rt.path_env);

		if (i == 0 && rt.conf.tool_path[0])
			rc |= str_fmt(rt.path_env, sizeof(rt.path_env), "%s:%s", rt.conf.tool_path,
				d->tool_dirs[i]);
		else
			rc |= str_fmt(rt.path_env + len, sizeof(rt.path_env) - len, "%s%s",
				len ? ":" : "", d->tool_dirs[i]);
	}
	return rc == 0 ? 0 : say(&(struct err){"a configured path is too long"}, BOOT_EXIT_CONFIG);
}

/* As root only below folders that root alone can write to; else the user makes it, after the drop.
 */
static void
make_dir(const char *dir, uid_t uid, gid_t gid, mode_t mode)
{
	char parent[HOST_PATH_MAX];
	int fd;

	(void)path_dir(parent, sizeof(parent), dir);
	if (geteuid() != 0) {
		(void)file_mkdirs(dir, mode);
		return;
	}
	if (path_root_only(parent) && mkdir(dir, 0755) < 0 && errno != EEXIST)
		log_warn("boot", "%s: %s", dir, strerror(errno));
	if (!path_root_only(parent))
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		log_warn("boot", "%s: %s", dir, strerror(errno));
	(void)close(fd);
}

/* New files of STATE_DIR get the control group, so that its members can read the status file. */
static void
make_dirs(void)
{
	char run_dir[HOST_PATH_MAX];
	uid_t run_uid = geteuid() == 0 ? 0 : rt.user.uid;

	(void)path_dir(run_dir, sizeof(run_dir), rt.control_path);
	make_dir(rt.state_dir, rt.user.uid, rt.user.control_gid, 02750);
	if (strcmp(run_dir, rt.state_dir) != 0 && access(run_dir, F_OK) < 0)
		make_dir(run_dir, run_uid, run_uid == 0 ? 0 : rt.user.gid, 0755);
}

static void
open_log(void)
{
	char path[HOST_PATH_MAX];
	struct err err;

	if (log_path()[0])
		return;
	log_limits((uint64_t)rt.conf.log_max_size_mb << 20, (unsigned)rt.conf.log_keep);
	log_level(rt.conf.log_level);
	if (log_open(rt.conf.log_path, rt.user.uid, rt.user.control_gid, &err) == 0)
		return;
	if (geteuid() == 0)
		return; /* the user may be able to, after the drop */
	(void)path_join(path, sizeof(path), rt.state_dir, "colima-pulse.log");
	(void)str_fmt(rt.log_note, sizeof(rt.log_note), "%s; logging to %s", err.msg, path);
	if (log_open(path, rt.user.uid, rt.user.control_gid, &err) < 0)
		(void)str_fmt(rt.log_note, sizeof(rt.log_note), "no log: %s", err.msg);
	log_warn("boot", "LOG_PATH: %s", rt.log_note);
}

static bool
log_dir_is_safe(void)
{
	char dir[HOST_PATH_MAX];
	struct stat st;

	(void)path_dir(dir, sizeof(dir), rt.conf.log_path);
	return stat(dir, &st) == 0 && st.st_uid == 0 && !(st.st_mode & S_IWOTH);
}

static int
open_control(void)
{
	char dir[HOST_PATH_MAX];
	struct err err;
	int fd;

	if (rt.listen_fd >= 0)
		return 0;
	(void)path_dir(dir, sizeof(dir), rt.control_path);
	if (geteuid() == 0 && !path_root_only(dir))
		return 0;
	fd = control_bind(
		rt.control_path, rt.user.uid, rt.user.control_gid, rt.user.has_control_group, &err);
	if (fd < 0)
		return say(&err, fd == -EADDRINUSE ? BOOT_EXIT_RUNNING : BOOT_EXIT_OS);
	rt.listen_fd = fd;
	return 0;
}

/* One daemon a state folder. Held until the process ends. */
static int
take_lock(void)
{
	char path[HOST_PATH_MAX];
	struct err err;
	int fd;

	(void)path_join(path, sizeof(path), rt.state_dir, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		(void)err_set(&err, 0, "STATE_DIR: %s: %s", path, strerror(errno));
		return say(&err, BOOT_EXIT_OS);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)err_set(&err, 0, "another colima-pulsed holds %s", path);
		return say(&err, BOOT_EXIT_RUNNING);
	}
	return 0;
}

static int
become_user(void)
{
	struct err err;

	if (user_become(&rt.user, &err) < 0)
		return say(&err, BOOT_EXIT_PERMISSION);
	(void)umask(022);
	if (chdir("/") < 0)
		log_warn("boot", "chdir /: %s", strerror(errno));
	return 0;
}

/* Pids of another boot of the machine mean nothing. */
static void
load_state(void)
{
	char boot_id[64] = "";
	struct err err;
	int rc = state_load(&rt.state, rt.state_path, &err);

	if (rc < 0 && rc != -ENOENT)
		log_warn("state", "%s", err.msg);
	(void)host_boot_id(boot_id, sizeof(boot_id));
	if (strcmp(boot_id, rt.state.boot_id) != 0) {
		rt.state.child = rt.state.ready_qemu = (struct state_proc){0};
		rt.state.stopping = false;
		str_cut(rt.state.boot_id, sizeof(rt.state.boot_id), boot_id);
	}
}

/* Parity P11. */
static void
log_conf(void)
{
	char *text = NULL, *save = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	log_info("boot", "colima-pulsed %s, pid %d, for %s (uid %d), configuration %s",
		PULSE_VERSION, (int)getpid(), rt.user.name, (int)rt.user.uid, rt.conf_path);
	if (!out)
		return;
	conf_print(&rt.conf, out);
	(void)fclose(out);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		log_info("conf", "%s", line);
	free(text);
}

static int
run(void)
{
	struct err err;

	if (rt_init(&rt, &err) < 0)
		return say(&err, BOOT_EXIT_OS);
	rt.control = control_open(&rt, rt.listen_fd, &err);
	if (!rt.control)
		return say(&err, BOOT_EXIT_OS);
	/* The output of a colima that an earlier daemon started is still to be read. */
	if (output_open(&rt, NULL, &err) < 0)
		log_warn("boot", "%s", err.msg);
	return rt_run(&rt) < 0 ? BOOT_EXIT_OS : BOOT_EXIT_OK;
}

int
boot(const char *conf_path, bool check_only)
{
	int rc;

	if ((rc = load_conf(conf_path, check_only)) != 0)
		return rc;
	if (check_only) {
		printf("%s: configuration OK\n", conf_path);
		return BOOT_EXIT_OK;
	}
	if ((rc = find_user()) != 0 || (rc = choose_paths()) != 0)
		return rc;

	/* What may need root. */
	make_dirs();
	if (geteuid() != 0 || log_dir_is_safe())
		open_log();
	if ((rc = open_control()) != 0)
		return rc;

	if ((rc = become_user()) != 0)
		return rc;

	/* What root left to the user. */
	make_dirs();
	open_log();
	if ((rc = open_control()) != 0 || (rc = take_lock()) != 0)
		return rc;
	load_state();
	log_conf();
	rc = run();
	log_close();
	return rc;
}
