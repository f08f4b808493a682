/* Where the daemon is: shared rules with the daemon (proto_address, host_defaults). */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl.h"
#include "host/host.h"

static void
take_conf(struct where *w, const char *path, char *control, size_t size)
{
	static struct conf conf;
	static struct conf_notes notes;

	/* A file with errors still says where its daemon would be. */
	(void)conf_load(&conf, path, &notes);
	str_cut(control, size, conf.control_socket);
	if (conf.state_dir[0])
		str_cut(w->state_dir, sizeof(w->state_dir), conf.state_dir);
	if (conf.control_group[0])
		str_cut(w->group, sizeof(w->group), conf.control_group);
	str_cut(w->log_path, sizeof(w->log_path), conf.log_path);
	w->filter_info = conf.colima_start_filter_info;
}

/* The state folder of a daemon that this user runs for itself, if there is one. */
static bool
user_state_dir(char *buf, size_t size)
{
	const char *home = getenv("HOME");
	char socket[1024];

	return home && geteuid() != 0 &&
	       path_join(buf, size, home, host_defaults()->user_state_dir) == 0 &&
	       path_join(socket, sizeof(socket), buf, "control.sock") == 0 &&
	       access(socket, F_OK) == 0;
}

void
where_find(struct where *w, const struct options *o)
{
	const struct host_defaults *d = host_defaults();
	char control[1024] = "", fallback[1024], user_dir[1024];

	memset(w, 0, sizeof(*w));
	w->filter_info = true;
	str_cut(w->group, sizeof(w->group), d->control_group);
	take_conf(w, o->file ? o->file : d->conf_path, control, sizeof(control));
	str_cut(fallback, sizeof(fallback), d->control_socket);
	if (w->state_dir[0] && !control[0] && geteuid() != 0) {
		(void)path_join(fallback, sizeof(fallback), w->state_dir, "control.sock");
	} else if (!w->state_dir[0] && access(d->control_socket, F_OK) < 0 &&
		   user_state_dir(user_dir, sizeof(user_dir))) {
		str_cut(w->state_dir, sizeof(w->state_dir), user_dir);
		(void)path_join(fallback, sizeof(fallback), user_dir, "control.sock");
	}
	if (!w->state_dir[0])
		str_cut(w->state_dir, sizeof(w->state_dir), d->state_dir);
	str_cut(w->socket, sizeof(w->socket),
		proto_address(o->socket, getenv("PULSE_SOCKET"), control, fallback));
}
