/* Watching a folder by inotify, FSEvents or kqueue (libuv), also before it exists. */

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "log.h"
#include "runtime.h"

static void
on_closed(uv_handle_t *handle)
{
	struct dir_watch *w = handle->data;

	w->closing = false;
	if (w->want[0])
		dir_watch_update(w);
}

static void
stop(struct dir_watch *w)
{
	w->have[0] = '\0';
	if (!w->open)
		return;
	w->open = false;
	w->closing = true;
	uv_close((uv_handle_t *)&w->event, on_closed);
}

static void
on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct dir_watch *w = event->data;

	(void)events;
	if (status < 0 || strcmp(w->have, w->want) != 0)
		dir_watch_update(w);
	if (w->want[0])
		w->changed(w->rt, status < 0 ? NULL : name);
}

/* The folder itself, or the nearest parent that exists. */
static bool
nearest(const char *want, char *have, size_t size, struct stat *st)
{
	char parent[HOST_PATH_MAX];

	str_cut(have, size, want);
	while (stat(have, st) < 0 || !S_ISDIR(st->st_mode)) {
		(void)path_dir(parent, sizeof(parent), have);
		if (strcmp(parent, have) == 0)
			return false;
		str_cut(have, size, parent);
	}
	return true;
}

void
dir_watch_update(struct dir_watch *w)
{
	char have[HOST_PATH_MAX];
	struct stat st;
	int rc;

	if (w->closing || !w->want[0] || !nearest(w->want, have, sizeof(have), &st))
		return;
	if (w->open) {
		if (strcmp(w->have, have) == 0 && w->inode == st.st_ino)
			return;
		stop(w); /* goes on in on_closed */
		return;
	}
	rc = uv_fs_event_init(&w->rt->loop, &w->event);
	if (rc < 0)
		return;
	w->event.data = w;
	w->open = true;
	rc = uv_fs_event_start(&w->event, on_event, have, 0);
	if (rc < 0) {
		log_debug("watch", "%s: %s", have, uv_strerror(rc));
		w->want[0] = '\0';
		stop(w);
		return;
	}
	str_cut(w->have, sizeof(w->have), have);
	w->inode = st.st_ino;
}

void
dir_watch_open(struct dir_watch *w, struct runtime *rt, const char *path,
	void (*changed)(struct runtime *rt, const char *name))
{
	w->rt = rt;
	w->changed = changed;
	if (strcmp(w->want, path) != 0)
		str_cut(w->want, sizeof(w->want), path);
	dir_watch_update(w);
}

void
dir_watch_close(struct dir_watch *w)
{
	w->want[0] = '\0';
	stop(w);
}
