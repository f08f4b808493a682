/*
 * Asking the witnesses what is wrong, all at once, each with a limit of its own. What they say is
 * made coarse here (the signs); what it means is the core's business.
 */

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "host/host.h"
#include "log.h"
#include "runtime.h"
#include "vm/scan.h"

#define SSH_MS 12000u /* ConnectTimeout 5, the guest's own limits, and a slow machine's login */

/* What is asked in the guest, in one login. `timeout` is coreutils' and ends with 124. */
static char guest_script[] =
	"echo pulse:unit=$(systemctl is-active docker.service 2>/dev/null);"
	"timeout 4 sudo -n docker version >/dev/null 2>&1; echo pulse:engine=$?";

static void
answered(struct runtime *rt)
{
	struct examine *x = &rt->examine;

	if (--x->pending > 0)
		return;
	rt_post(rt, &(struct sup_event){
			    .kind = EV_SIGNS,
			    .generation = x->generation,
			    .u.signs = {.signs = x->signs, .full = x->full},
		    });
}

static enum sign_socket
sign_of_answer(const struct httpc_result *r)
{
	switch (-r->code) {
	case 0:
		return r->status == 200 && r->len == 2 && memcmp(r->body, "OK", 2) == 0
			       ? SIGN_SOCKET_OK
			       : SIGN_SOCKET_ERROR;
	case ENOENT:
		return SIGN_SOCKET_NOENT;
	case ECONNREFUSED:
		return SIGN_SOCKET_REFUSED;
	case ECONNRESET:
		return SIGN_SOCKET_EOF;
	case ETIMEDOUT:
		return SIGN_SOCKET_SILENT;
	case EPROTO:
	case EFBIG:
		return SIGN_SOCKET_ERROR;
	default:
		return SIGN_SOCKET_UNKNOWN;
	}
}

static void
on_ping(const struct httpc_result *r, void *arg)
{
	struct runtime *rt = arg;

	rt->examine.ping = NULL;
	rt->examine.signs.socket = sign_of_answer(r);
	answered(rt);
}

static void
ask_socket(struct runtime *rt)
{
	struct examine *x = &rt->examine;

	x->ping = httpc_get(rt->probe.http, rt->paths.docker_sock, "/_ping",
		(uint64_t)rt->conf.probe_timeout_s * 1000, NULL, on_ping, rt);
	x->pending += x->ping != NULL;
}

static void
ask_master(struct runtime *rt)
{
	int rc = host_unix_listens(rt->paths.ssh_sock);
	char text[SUP_EVIDENCE_MAX];

	rt->examine.signs.master = rc == 0               ? SIGN_MASTER_LISTENS
				   : rc == -ECONNREFUSED ? SIGN_MASTER_REFUSED
				   : rc == -ENOENT       ? SIGN_MASTER_NONE
							 : SIGN_MASTER_UNKNOWN;
	(void)str_fmt(text, sizeof(text), "%s: %s", rt->paths.ssh_sock,
		rc == 0 ? "listens" : strerror(-rc));
	rt_post_layer(rt, LAYER_MUX, rc == 0 ? VERDICT_UNKNOWN : VERDICT_FAIL, CAUSE_NONE, text);
}

void
rt_examine_qmp(struct runtime *rt, const struct qmp_result *result)
{
	struct examine *x = &rt->examine;

	if (!x->wants_qmp)
		return;
	x->wants_qmp = false;
	if (result->code == 0 && strcmp(result->status, "running") == 0)
		x->signs.vm = SIGN_VM_RUNNING;
	else if (result->code == 0 &&
		 (strcmp(result->status, "paused") == 0 || strcmp(result->status, "io-error") == 0))
		x->signs.vm = SIGN_VM_PAUSED; /* the states that `cont` is for */
	else if (result->code == -ETIMEDOUT)
		x->signs.vm = SIGN_VM_SILENT;
	answered(rt);
}

static void
ask_vm(struct runtime *rt)
{
	struct examine *x = &rt->examine;

	if (!rt->sup.alive[PROC_QEMU])
		x->signs.vm = SIGN_VM_DEAD;
	else if (rt_ask_qmp(rt))
		x->wants_qmp = true;
	x->pending += x->wants_qmp;
}

static void
ask_agent(struct runtime *rt)
{
	rt->examine.signs.agent = !rt->sup.alive[PROC_HOSTAGENT]         ? SIGN_AGENT_DEAD
				  : halog_was_asked(rt->paths.ha_stderr) ? SIGN_AGENT_ENDING
									 : SIGN_AGENT_ALIVE;
}

static void
ask_net(struct runtime *rt)
{
	static struct vm_scan scan;

	if (vm_scan(&rt->paths, rt->user.uid, &scan) == 0 && scan.needs_usernet)
		rt->examine.signs.net = scan.n_usernets > 0 ? SIGN_NET_ALIVE : SIGN_NET_DEAD;
}

/* "pulse:unit=active\npulse:engine=0": 124 is timeout(1)'s word for a command that hung. */
static enum sign_engine
sign_of_engine(const char *out)
{
	const char *unit = strstr(out, "pulse:unit="), *engine = strstr(out, "pulse:engine=");

	if (!unit || !engine)
		return SIGN_ENGINE_UNKNOWN;
	unit += strlen("pulse:unit=");
	engine += strlen("pulse:engine=");
	if (str_starts(engine, "0\n"))
		return SIGN_ENGINE_OK;
	/* On its way up, or down by somebody's wish: not a fault. */
	if (str_starts(unit, "activating") || str_starts(unit, "reloading") ||
		str_starts(unit, "deactivating"))
		return SIGN_ENGINE_STARTING;
	if (str_starts(engine, "124\n"))
		return str_starts(unit, "active") ? SIGN_ENGINE_HUNG : SIGN_ENGINE_DOWN;
	return SIGN_ENGINE_DOWN;
}

static void
on_guest(struct job *job, void *arg)
{
	struct runtime *rt = arg;
	struct sup_signs *signs = &rt->examine.signs;
	bool ok = job->status >= 0 && strstr(job->out, "pulse:");
	char text[SUP_EVIDENCE_MAX];

	signs->guest = ok ? SIGN_GUEST_OK : SIGN_GUEST_FAILED;
	if (ok)
		signs->engine = sign_of_engine(job->out);
	if (job->status == JOB_NO_EXEC)
		signs->guest = SIGN_GUEST_UNKNOWN; /* that is this machine's fault */
	(void)str_fmt(text, sizeof(text),
		ok ? "a fresh ssh to %s answered" : "a fresh ssh to %s: %s", rt->paths.ssh_host,
		job->status == JOB_LATE      ? "no answer in time"
		: job->status == JOB_NO_EXEC ? job->out
					     : "no way in");
	rt_post_layer(rt, LAYER_GUEST, ok ? VERDICT_OK : VERDICT_FAIL, CAUSE_NONE, text);
	answered(rt);
}

static void
ask_guest(struct runtime *rt)
{
	struct examine *x = &rt->examine;
	char *argv[] = {"ssh", "-F", rt->paths.ssh_config, "-o", "ControlMaster=no", "-o",
		"ControlPath=none", "-o", "ConnectTimeout=5", "-o", "BatchMode=yes",
		rt->paths.ssh_host, guest_script, NULL};
	char **env = env_make(rt);

	x->pending +=
		job_start(&x->ssh, &rt->loop, argv, env, rt->user.home, SSH_MS, on_guest, rt) == 0;
	env_free(env);
}

void
rt_examine(struct runtime *rt, bool full)
{
	struct examine *x = &rt->examine;

	httpc_cancel(x->ping);
	x->ping = NULL;
	x->wants_qmp = false;
	x->signs = (struct sup_signs){0};
	x->full = full;
	x->generation = rt->sup.generation;
	x->pending = 1; /* held until everybody has been asked */
	ask_socket(rt);
	ask_master(rt);
	ask_vm(rt);
	ask_net(rt);
	ask_agent(rt);
	if (full)
		ask_guest(rt);
	answered(rt);
}

void
rt_examine_forget(struct runtime *rt)
{
	httpc_cancel(rt->examine.ping);
	rt->examine.ping = NULL;
	rt->examine.wants_qmp = false;
	job_cancel(&rt->examine.ssh);
}
