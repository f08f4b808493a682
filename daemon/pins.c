/*
 * What must not change under our hands without a person's word: the identity of the Docker engine
 * (F14), and Colima's memory that the data disk is formatted (F34). Pinned when all was well,
 * looked at before and after each start. Nothing is ever put back or deleted here.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "log.h"
#include "runtime.h"

#define STORE_MAX 65536

/* `_store/ID.json`, and our copy of it. */
static int
store_paths(const struct runtime *rt, char *store, char *copy, size_t size)
{
	int rc = str_fmt(store, size, "%s/_store/%s.json", rt->paths.base, rt->paths.id);

	return rc < 0 ? rc : str_fmt(copy, size, "%s/store-%s.json", rt->state_dir, rt->paths.id);
}

static bool
says_formatted(const char *path, char *text, size_t *ret_len)
{
	return file_read(path, text, STORE_MAX, ret_len) == 0 &&
	       strstr(text, "\"disk_formatted\": true");
}

/* Without its store Colima has Lima format the data disk, and for most profile names nothing else
 * would stop it (F34). Only a store that was good before is missed: older Colimas have none. */
bool
rt_store_is_lost(struct runtime *rt, char *buf, size_t size)
{
	char store[HOST_PATH_MAX], copy[HOST_PATH_MAX], disk[HOST_PATH_MAX];
	static char text[STORE_MAX];
	size_t len;

	if (store_paths(rt, store, copy, sizeof(store)) < 0 ||
		str_fmt(disk, sizeof(disk), "%s/_disks/%s/datadisk", rt->paths.lima_home,
			rt->paths.id) < 0)
		return false;
	if (access(copy, F_OK) < 0 || access(disk, F_OK) < 0 || says_formatted(store, text, &len))
		return false;
	(void)str_fmt(buf, size, "cp %s %s", copy, store);
	return true;
}

static void
keep_store(struct runtime *rt)
{
	char store[HOST_PATH_MAX], copy[HOST_PATH_MAX];
	static char text[STORE_MAX], kept[STORE_MAX];
	size_t len;
	int rc;

	if (store_paths(rt, store, copy, sizeof(store)) < 0 || !says_formatted(store, text, &len))
		return;
	if (file_read(copy, kept, sizeof(kept), NULL) == 0 && strcmp(kept, text) == 0)
		return;
	rc = file_replace(copy, text, len, 0600, true);
	if (rc < 0)
		log_warn("pins", "%s: %s", copy, strerror(-rc));
}

void
rt_pin(struct runtime *rt)
{
	const char *id = rt->probe.info.id;

	/* Not the engine of a VM that somebody else may still be making. */
	if (!rt->state.engine_id[0] && id[0] && (rt->sup.marker || !rt->sup.adopted)) {
		str_cut(rt->state.engine_id, sizeof(rt->state.engine_id), id);
		log_info("pins", "the Docker engine of this profile is %s", id);
	}
	keep_store(rt);
}

/* True when the engine that answers is the one of before, or the first. */
bool
rt_engine_is_known(struct runtime *rt)
{
	const char *id = rt->probe.info.id;
	char text[SUP_EVIDENCE_MAX];

	if (!id[0] || !rt->state.engine_id[0] || strcmp(id, rt->state.engine_id) == 0)
		return true;
	str_cut(rt->state.engine_seen, sizeof(rt->state.engine_seen), id);
	rt_save(rt);
	rt_engine_text(rt, text, sizeof(text));
	log_error("pins", "%s", text);
	rt_post_layer(rt, LAYER_HOME, VERDICT_FAIL, CAUSE_ENGINE_CHANGED, text);
	return false;
}

void
rt_engine_text(const struct runtime *rt, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "expected engine %.40s, found %.40s", rt->state.engine_id,
		rt->state.engine_seen);
}

int
rt_engine_accept(struct runtime *rt, const char *begins, struct err *err)
{
	if (!rt->state.engine_seen[0])
		return err_set(err, -EINVAL, "no other engine has been seen");
	if (strlen(begins) < 4 || !str_starts(rt->state.engine_seen, begins))
		return err_set(err, -EINVAL,
			"the engine that was seen is %s; name at least the first 4 characters of it",
			rt->state.engine_seen);
	str_cut(rt->state.engine_id, sizeof(rt->state.engine_id), rt->state.engine_seen);
	rt->state.engine_seen[0] = '\0';
	rt_save(rt);
	rt_look(rt);
	return 0;
}
