/* The preconditions of a start: home and tools. Nobody's fault when missing, so only looked at. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"

#if defined(__aarch64__)
#define QEMU_PROGRAM "qemu-system-aarch64"
#else
#define QEMU_PROGRAM "qemu-system-x86_64"
#endif

static void
home_fails(struct runtime *rt, enum sup_cause cause, const char *evidence)
{
	rt_post_layer(rt, LAYER_HOME, VERDICT_FAIL, cause, evidence);
}

/* Colima's folder is made only where this machine has never had one: when it was here before and
 * is gone, its volume is not mounted, and a start would give birth to a second, empty VM. */
static int
make_base(struct runtime *rt, const char *base, struct err *err)
{
	char parent[HOST_PATH_MAX];

	if (rt->state.base[0])
		return err_set(err, -ENOENT, "%s was here and is gone", rt->state.base);
	(void)path_dir(parent, sizeof(parent), base);
	if (access(parent, W_OK) < 0)
		return err_set(err, -errno, "%s: %s", parent, strerror(errno));
	if (mkdir(base, 0755) < 0)
		return err_set(err, -errno, "%s: %s", base, strerror(errno));
	log_info("look", "made %s: there was no Colima here yet", base);
	return 0;
}

static bool
home_is_there(struct runtime *rt)
{
	char text[SUP_EVIDENCE_MAX];
	struct stat st;

	if (stat(rt->user.home, &st) == 0 && S_ISDIR(st.st_mode) &&
		access(rt->user.home, X_OK) == 0)
		return true;
	(void)str_fmt(text, sizeof(text), "%s: %s", rt->user.home,
		errno ? strerror(errno) : "not a folder");
	home_fails(rt, CAUSE_HOME_MISSING, text);
	return false;
}

/* Once used, a base stays the base: Colima's own rule could find another one later. */
static bool
base_is_there(struct runtime *rt, char *base, size_t size)
{
	struct err err = {{0}};
	struct stat st;
	bool exists = false;
	const char *configured = rt->conf.colima_home;

	if (!*configured && rt->state.base[0])
		configured = rt->state.base;
	(void)vm_base_choose(configured, rt->user.home, base, size, &exists);
	if (!exists && strcmp(base, rt->state.base) != 0 && rt->conf.colima_home[0])
		rt->state.base[0] = '\0'; /* the operator moved it on purpose */
	if (!exists && make_base(rt, base, &err) < 0) {
		home_fails(rt, CAUSE_BASE_MISSING, err.msg);
		return false;
	}
	if (stat(base, &st) < 0 || st.st_uid != rt->user.uid) {
		(void)err_set(&err, 0, "%s belongs to uid %d, not to %s", base, (int)st.st_uid,
			rt->user.name);
		home_fails(rt, CAUSE_HOME_OWNER, err.msg);
		return false;
	}
	return true;
}

/* Colima and Lima write their files in place: on a full disk a start cuts them off (F13, F19). */
static bool
no_room(const struct runtime *rt, const char *base, char *buf, size_t size)
{
	uint64_t room, floor = (uint64_t)rt->conf.disk_floor_mb << 20;

	if (file_room(base, &room) < 0 || room >= floor)
		return false;
	(void)str_fmt(buf, size, "%llu MiB free where %s is, at least %lld are wanted",
		(unsigned long long)(room >> 20), base, (long long)rt->conf.disk_floor_mb);
	return true;
}

static void
look_home(struct runtime *rt)
{
	char base[HOST_PATH_MAX];
	struct err err;

	errno = 0;
	if (!home_is_there(rt) || !base_is_there(rt, base, sizeof(base)))
		return;
	if (vm_paths_fill(&rt->paths, base, rt->conf.colima_profile, &err) < 0) {
		home_fails(rt, CAUSE_PATH_TOO_LONG, err.msg);
		return;
	}
	rt->have_paths = true;
	if (no_room(rt, base, err.msg, sizeof(err.msg))) {
		home_fails(rt, CAUSE_DISK_FULL, err.msg);
		return;
	}
	if (rt->state.engine_seen[0]) {
		rt_engine_text(rt, err.msg, sizeof(err.msg));
		home_fails(rt, CAUSE_ENGINE_CHANGED, err.msg);
		return;
	}
	if (rt_store_is_lost(rt, err.msg, sizeof(err.msg))) {
		home_fails(rt, CAUSE_STORE_LOST, err.msg);
		return;
	}
	if (strcmp(rt->state.base, base) != 0) {
		str_cut(rt->state.base, sizeof(rt->state.base), base);
		rt_save(rt);
	}
	rt_post_layer(rt, LAYER_HOME, VERDICT_OK, CAUSE_NONE, base);
}

static int
find_tool(const char *dirs, const char *name, char *buf, size_t size)
{
	while (*dirs) {
		size_t len = strcspn(dirs, ":");

		if (str_fmt(buf, size, "%.*s/%s", (int)len, dirs, name) == 0 &&
			access(buf, X_OK) == 0)
			return 0;
		dirs += len + (dirs[len] == ':');
	}
	return -ENOENT;
}

static void
look_tools(struct runtime *rt)
{
	static const char *const names[] = {
		"colima", "limactl", "lima", "qemu-img", QEMU_PROGRAM, "docker", "ssh"};
	char missing[SUP_EVIDENCE_MAX] = "", found[HOST_PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(missing);

		if (find_tool(rt->path_env, names[i], found, sizeof(found)) < 0)
			(void)str_fmt(missing + len, sizeof(missing) - len, "%s%s",
				len ? ", " : "not found: ", names[i]);
		else if (i == 0)
			str_cut(rt->tool_colima, sizeof(rt->tool_colima), found);
	}
	if (missing[0])
		rt_post_layer(rt, LAYER_TOOLS, VERDICT_FAIL, CAUSE_TOOLS_MISSING, missing);
	else
		rt_post_layer(rt, LAYER_TOOLS, VERDICT_OK, CAUSE_NONE, rt->tool_colima);
}

void
rt_look(struct runtime *rt)
{
	look_home(rt);
	look_tools(rt);
}
