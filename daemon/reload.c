/* SIGHUP and `pulsectl reload`: a good file is taken over, a bad one changes nothing. */

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"

static void
apply_live(struct runtime *rt, const struct conf *fresh)
{
	struct sup_limits limits;

	for (size_t i = 0; i < conf_n_keys; i++) {
		char value[CONF_STR_MAX];

		if (!(conf_keys[i].flags & CONF_LIVE))
			continue;
		conf_value(fresh, &conf_keys[i], value, sizeof(value));
		(void)conf_set(&rt->conf, conf_keys[i].name, value, NULL);
	}
	rt_limits(&rt->conf, &limits);
	log_level(rt->conf.log_level);
	log_limits((uint64_t)rt->conf.log_max_size_mb << 20, (unsigned)rt->conf.log_keep);
	rt_post(rt, &(struct sup_event){.kind = EV_LIMITS, .u.limits = &limits});
}

static int
refuse(struct runtime *rt, const struct conf_notes *notes, struct err *err)
{
	for (size_t i = 0; i < notes->n; i++) {
		if (notes->note[i].severity != CONF_ERROR)
			continue;
		(void)str_fmt(rt->reload_note, sizeof(rt->reload_note),
			"reload refused, the old configuration stays: %s", notes->note[i].text);
		break;
	}
	log_error("conf", "%s", rt->reload_note);
	rt_publish(rt);
	return err_set(err, -EINVAL, "%s", rt->reload_note);
}

int
rt_reload(struct runtime *rt, struct err *err)
{
	static struct conf fresh;
	static struct conf_notes notes;
	char live[SNAP_TEXT_MAX], restart[SNAP_TEXT_MAX];
	size_t n;

	if (conf_load(&fresh, rt->conf_path, &notes) < 0)
		return refuse(rt, &notes, err);
	for (size_t i = 0; i < notes.n; i++)
		log_warn("conf", "%s", notes.note[i].text);
	n = conf_diff(&rt->conf, &fresh, live, sizeof(live), restart, sizeof(restart));
	apply_live(rt, &fresh);
	rt->reload_note[0] = '\0';
	str_cut(rt->restart_keys, sizeof(rt->restart_keys), restart);
	log_info("conf", "reloaded: %zu keys differ%s%s%s%s", n, live[0] ? "; applied: " : "", live,
		restart[0] ? "; wait for a restart of the daemon: " : "", restart);
	rt_publish(rt);
	return 0;
}
