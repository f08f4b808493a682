/* The Docker API: rounds of questions, the event stream, the list of running containers. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"

/* Only what changes the list of running containers. */
#define EVENTS_PATH \
	"/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%2C" \
	"%22die%22%2C%22destroy%22%2C%22rename%22%2C%22pause%22%2C%22unpause%22%2C%22oom%22%5D%7D"
#define STREAM_AGAIN_MS 5000u

static int take_ping(struct runtime *rt, const struct httpc_result *r, struct err *err);
static int take_version(struct runtime *rt, const struct httpc_result *r, struct err *err);
static int take_info(struct runtime *rt, const struct httpc_result *r, struct err *err);
static int take_list(struct runtime *rt, const struct httpc_result *r, struct err *err);

/* A light round is the first question only; parity P20 wants info and ps as well. */
static const struct {
	const char *path;
	int (*take)(struct runtime *rt, const struct httpc_result *r, struct err *err);
} steps[] = {
	{"/_ping", take_ping},
	{"/version", take_version},
	{"/info", take_info},
	{"/containers/json", take_list},
};
#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

static int
take_ping(struct runtime *rt, const struct httpc_result *r, struct err *err)
{
	rt->probe.took_us = r->took_us;
	if (r->date_s > 0)
		rt->probe.skew_s = r->date_s - log_wall_ms() / 1000;
	if (r->len != 2 || memcmp(r->body, "OK", 2) != 0) {
		char shown[64];

		str_escape(shown, sizeof(shown), r->body, r->len);
		return err_set(err, -EPROTO, "/_ping says \"%s\" instead of OK", shown);
	}
	return 0;
}

static int
take_version(struct runtime *rt, const struct httpc_result *r, struct err *err)
{
	(void)rt;
	return strstr(r->body, "\"ApiVersion\"") ? 0
						 : err_set(err, -EPROTO, "/version: no ApiVersion");
}

static int
take_info(struct runtime *rt, const struct httpc_result *r, struct err *err)
{
	return docker_parse_info(r->body, r->len, &rt->probe.info, err);
}

static int
take_list(struct runtime *rt, const struct httpc_result *r, struct err *err)
{
	static struct docker_containers list;
	int rc = docker_parse_containers(r->body, r->len, &list, err);

	if (rc < 0)
		return rc;
	if (memcmp(&list, &rt->probe.containers, sizeof(list)) != 0)
		rt->dirty = true;
	rt->probe.containers = list;
	rt->probe.list_known = true;
	return 0;
}

static void
explain(const struct httpc_result *r, const char *path, uint64_t timeout_s, struct err *err)
{
	switch (-r->code) {
	case 0:
		(void)err_set(err, r->code, "%s: HTTP status %d", path, r->status);
		break;
	case ETIMEDOUT:
		(void)err_set(err, r->code, "%s: %s for %llu s", path,
			r->connected ? "connected, but no answer" : "no connection",
			(unsigned long long)timeout_s);
		break;
	case ECONNRESET:
		(void)err_set(err, r->code, "%s: connected, then closed without an answer", path);
		break;
	default:
		(void)err_set(err, r->code, "%s: %s", path, strerror(-r->code));
		break;
	}
}

static bool
in_window(const struct runtime *rt)
{
	time_t now = time(NULL);
	struct tm tm;

	return localtime_r(&now, &tm) &&
	       conf_in_window(rt->conf.maintenance_window, tm.tm_hour * 60 + tm.tm_min);
}

static void
end_round(struct runtime *rt, bool ok, bool silent, const char *text)
{
	rt_post(rt, &(struct sup_event){
			    .kind = EV_ROUND,
			    .generation = rt->probe.generation,
			    .u.round = {.ok = ok, .silent = silent, .window = in_window(rt)},
			    .text = text,
		    });
}

static void
round_ok(struct runtime *rt)
{
	const struct probe *p = &rt->probe;
	char text[SUP_EVIDENCE_MAX];

	(void)str_fmt(text, sizeof(text), "Docker %s, answered in %.1f ms",
		p->info.version[0] ? p->info.version : "Engine", (double)p->took_us / 1000);
	rt_observe_surroundings(rt);
	end_round(rt, true, false, text);
	if (rt->sup.state == STATE_READY && !p->stream)
		rt_stream(rt);
}

static void ask(struct runtime *rt);

static void
on_answer(const struct httpc_result *r, void *arg)
{
	struct runtime *rt = arg;
	struct probe *p = &rt->probe;
	struct err err;
	const char *path = steps[p->step].path;
	int rc = r->code;

	p->request = NULL;
	if (rc == 0 && r->status == 200)
		rc = steps[p->step].take(rt, r, &err);
	else
		explain(r, path, (uint64_t)rt->conf.probe_timeout_s, &err);
	if (rc < 0 || r->status != 200) {
		end_round(rt, false, r->code == -ETIMEDOUT, err.msg);
		return;
	}
	if (p->full && ++p->step < N_STEPS)
		ask(rt);
	else if (rt_engine_is_known(rt))
		round_ok(rt);
	else
		end_round(rt, false, false, "another engine answers");
}

static void
ask(struct runtime *rt)
{
	struct probe *p = &rt->probe;

	p->request = httpc_get(p->http, rt->paths.docker_sock, steps[p->step].path,
		(uint64_t)rt->conf.probe_timeout_s * 1000, NULL, on_answer, rt);
	if (!p->request)
		end_round(rt, false, false, "out of memory");
}

void
rt_probe(struct runtime *rt, bool full)
{
	struct probe *p = &rt->probe;

	httpc_cancel(p->request);
	p->request = NULL;
	p->full = full;
	p->step = 0;
	p->generation = rt->sup.generation;
	ask(rt);
}

/* -- the event stream ------------------------------------------------------------------------- */

static void fetch_list(struct runtime *rt);

static void
on_list(const struct httpc_result *r, void *arg)
{
	struct runtime *rt = arg;
	struct err err = {{0}};

	rt->probe.list_request = NULL;
	if (r->code == 0 && r->status == 200 && take_list(rt, r, &err) < 0)
		log_warn("docker", "%s", err.msg);
	if (rt->probe.refresh)
		fetch_list(rt);
	else if (rt->dirty)
		rt_publish(rt);
}

static void
fetch_list(struct runtime *rt)
{
	struct probe *p = &rt->probe;

	p->refresh = p->list_request != NULL;
	if (p->refresh)
		return;
	p->list_request = httpc_get(p->http, rt->paths.docker_sock, "/containers/json",
		(uint64_t)rt->conf.probe_timeout_s * 1000, NULL, on_list, rt);
}

static void
on_stream_data(const char *data, size_t len, void *arg)
{
	(void)data;
	if (len > 0)
		fetch_list(arg);
}

/* Its end is the kernel telling, within milliseconds, that the way to dockerd is gone (R17). */
static void
on_stream_end(const struct httpc_result *r, void *arg)
{
	struct runtime *rt = arg;

	(void)r;
	rt->probe.stream = NULL;
	log_debug("docker", "the event stream ended");
	rt_post(rt, &(struct sup_event){.kind = EV_STREAM_END, .generation = rt->probe.generation});
}

void
rt_stream(struct runtime *rt)
{
	static uint64_t opened_ms;
	struct probe *p = &rt->probe;
	uint64_t now_ms = host_awake_ms();

	if (p->stream || (opened_ms > 0 && now_ms - opened_ms < STREAM_AGAIN_MS))
		return;
	opened_ms = now_ms;
	p->stream = httpc_get(p->http, rt->paths.docker_sock, EVENTS_PATH,
		(uint64_t)rt->conf.probe_timeout_s * 1000, on_stream_data, on_stream_end, rt);
	fetch_list(rt);
}

/* A new generation, or the end: what is under way belongs to nobody. */
void
rt_probe_forget(struct runtime *rt)
{
	struct probe *p = &rt->probe;

	httpc_cancel(p->request);
	httpc_cancel(p->stream);
	httpc_cancel(p->list_request);
	p->request = p->stream = p->list_request = NULL;
	p->refresh = p->list_known = false;
	p->info = (struct docker_info){{0}, {0}};
	memset(&p->containers, 0, sizeof(p->containers));
}
