/*
 * sim_scenario FILE [--write]: plays a scenario on the real core and compares what it did.
 *
 * A scenario holds comments (#), inputs (>) and, below each input, the expected transcript. With
 * --write the file's expectations are made anew; read the difference before you commit it.
 *
 *   > boot up|down|paused [stopping]      > layer NAME VERDICT [CAUSE-ID]
 *   > proc NAME up|down                   > cleaned free|adoptable|busy|failed|blocked [was-ready]
 *   > spawned | spawn-failed              > exit STATUS
 *   > marker | stream-end | stop-ended    > round ok|bad|silent
 *   > signs [socket=refused] [master=none] [vm=running] [guest=ok] [engine=down] [net=dead] [full]
 *   > repaired ok|bad                     > repair
 *   > goal up|down|paused                 > restart | quit | hurry | wake
 *   > pass DURATION-MS                    time goes by; deadlines fire as they come
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/sup.h"

static struct sup sup;
static uint64_t now_ms = 1000;
static char *transcript;
static size_t transcript_len;
static FILE *out;

static const struct sup_limits limits = {
	.gate_ms = {SUP_NEVER, SUP_NEVER, SUP_NEVER, 120000, 120000, 180000, 180000, SUP_NEVER},
	.start_ms = 1200000,
	.stop_ms = 240000,
	.probe_interval_ms = 5000,
	.failure_threshold = 3,
	.stable_rounds = 5,
	.backoff_min_ms = 1000,
	.backoff_max_ms = 300000,
	.backoff_reset_ms = 600000,
	.crash_loop_count = 5,
	.crash_loop_window_ms = 600000,
	.wake_grace_ms = 30000,
	.repair_budget = 12,
};

static void
play(struct sup_event ev)
{
	struct sup before = sup;
	struct sup_actions actions;

	ev.now_ms = now_ms;
	ev.generation = sup.generation;
	sup_step(&sup, &ev, &actions);
	if (before.state != sup.state || before.cause != sup.cause)
		fprintf(out, "%s -> %s %s\n", sup_state_name(before.state),
			sup_state_name(sup.state), sup_cause_row(sup.cause)->name);
	for (int gate = 0; gate < GATE__COUNT; gate++) {
		if (sup.gates[gate].state == GATE_STATE_OPEN &&
			before.gates[gate].state != GATE_STATE_OPEN)
			fprintf(out, "  gate %s after %llu ms\n",
				sup_gate_name((enum sup_gate)gate),
				(unsigned long long)sup.gates[gate].took_ms);
	}
	for (unsigned i = 0; i < actions.n; i++) {
		const struct sup_action *a = &actions.action[i];

		fprintf(out, "  do %s%s%s%s%s%s\n", sup_action_name(a->kind),
			a->full ? " full" : "", a->passive ? " passive" : "",
			a->kind == ACT_NOTE ? " ..." : "", a->remedy ? " " : "",
			a->remedy ? sup_remedy_row(a->remedy)->name : "");
	}
}

static int
index_of(const char *word, const char *(*name)(int), int count)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(name(i), word) == 0)
			return i;
	}
	fprintf(stderr, "no such name: %s\n", word);
	exit(2);
}

#define NAMES(what, type) \
	static const char *what##_of(int i) \
	{ \
		return sup_##what##_name((enum type)i); \
	}
NAMES(goal, sup_goal)
NAMES(layer, sup_layer)
NAMES(verdict, sup_verdict)
NAMES(proc, sup_proc)

static const char *
cleaned_of(int i)
{
	static const char *const names[] = {"free", "adoptable", "busy", "failed", "blocked"};

	return names[i];
}

static enum sup_cause
cause_by_id(const char *id)
{
	for (int cause = 0; id && cause < CAUSE__COUNT; cause++) {
		if (strcmp(sup_cause_row((enum sup_cause)cause)->id, id) == 0)
			return (enum sup_cause)cause;
	}
	return CAUSE_NONE;
}

/* Time goes by; every deadline that comes due on the way is told. Looks and probes are answered
 * by the scenario, not here, so a deadline that stays due would hang: it is an error. */
static void
pass(uint64_t ms)
{
	uint64_t until_ms = now_ms + ms;

	for (int n = 0; n < 100000; n++) {
		uint64_t at_ms = sup_deadline(&sup);

		if (at_ms > until_ms) {
			now_ms = until_ms;
			return;
		}
		if (at_ms > now_ms)
			now_ms = at_ms;
		fprintf(out, "at +%llu ms\n", (unsigned long long)(now_ms - (until_ms - ms)));
		play((struct sup_event){.kind = EV_DEADLINE});
	}
	fprintf(stderr, "a deadline stays due for ever in %s\n", sup_state_name(sup.state));
	exit(1);
}

/* Fills one sign of "socket=refused" from its list, whose names are those of the enum. */
#define SIGN(name, MAP) \
	do { \
		static const char *const names[] = {MAP(X)}; \
		for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) { \
			if (strcasecmp(names[i], equals + 1) == 0 && \
				strncmp(word, #name, strlen(#name)) == 0) \
				signs.name = (enum sign_##name)i, found = true; \
		} \
	} while (0)
#define X(id, text) #id,

static struct sup_signs
signs_of(char *words[], int n, bool *ret_full)
{
	struct sup_signs signs = {0};

	*ret_full = false;
	for (int k = 0; k < n && words[k]; k++) {
		const char *word = words[k], *equals = strchr(word, '=');
		bool found = strcmp(word, "full") == 0;

		*ret_full = *ret_full || found;
		if (equals) {
			SIGN(socket, SIGN_SOCKET_MAP);
			SIGN(master, SIGN_MASTER_MAP);
			SIGN(guest, SIGN_GUEST_MAP);
			SIGN(engine, SIGN_ENGINE_MAP);
			SIGN(vm, SIGN_VM_MAP);
			SIGN(net, SIGN_NET_MAP);
			SIGN(agent, SIGN_AGENT_MAP);
		}
		if (!found) {
			fprintf(stderr, "no such sign: %s\n", word);
			exit(2);
		}
	}
	return signs;
}
#undef X

static void
play_line(char *line)
{
	char *word = strtok(line, " "), *a = strtok(NULL, " "), *b = strtok(NULL, " "),
	     *c = strtok(NULL, " ");
	char *rest[] = {a, b, c, strtok(NULL, " "), strtok(NULL, " "), strtok(NULL, " "),
		strtok(NULL, " ")};
	struct sup_event ev = {.kind = EV__COUNT, .text = "(why)"};

	for (int kind = 0; kind < EV__COUNT; kind++) {
		if (strcmp(sup_event_name((enum sup_event_kind)kind), word) == 0)
			ev.kind = (enum sup_event_kind)kind;
	}
	if (strcmp(word, "exit") == 0)
		ev.kind = EV_CHILD_EXIT;
	if (ev.kind == EV_BOOT || ev.kind == EV_GOAL) {
		ev.u.boot.goal = (enum sup_goal)index_of(a, goal_of, GOAL__COUNT);
		ev.u.boot.stopping = b != NULL;
	} else if (ev.kind == EV_LAYER) {
		ev.u.layer.layer = (enum sup_layer)index_of(a, layer_of, LAYER__COUNT);
		ev.u.layer.verdict = (enum sup_verdict)index_of(b, verdict_of, VERDICT__COUNT);
		ev.u.layer.cause = cause_by_id(c);
	} else if (ev.kind == EV_PROC) {
		ev.u.proc.proc = (enum sup_proc)index_of(a, proc_of, PROC__COUNT);
		ev.u.proc.alive = strcmp(b, "up") == 0;
	} else if (ev.kind == EV_CLEANED) {
		ev.u.cleaned.result = (enum sup_cleaned)index_of(a, cleaned_of, 5);
		ev.u.cleaned.was_ready = b != NULL;
		ev.u.cleaned.cause = ev.u.cleaned.result == CLEANED_BLOCKED ? CAUSE_VZ_FOUND : 0;
	} else if (ev.kind == EV_CHILD_EXIT) {
		ev.u.child_exit.status = atoi(a);
	} else if (ev.kind == EV_ROUND) {
		ev.u.round.ok = strcmp(a, "ok") == 0;
		ev.u.round.silent = strcmp(a, "silent") == 0;
	} else if (ev.kind == EV_SIGNS) {
		ev.u.signs.signs = signs_of(rest, 7, &ev.u.signs.full);
	} else if (ev.kind == EV_REPAIRED) {
		ev.u.repaired = strcmp(a, "ok") == 0;
	} else if (strcmp(word, "pass") == 0) {
		pass(strtoull(a, NULL, 10));
		return;
	} else if (ev.kind == EV__COUNT) {
		fprintf(stderr, "unknown input: %s\n", word);
		exit(2);
	}
	play(ev);
}

static char *
read_file(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *in = fopen(path, "r");

	if (!in || !text || fread(text, 1, (1 << 20) - 1, in) == 0) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(2);
	}
	(void)fclose(in);
	return text;
}

int
main(int argc, char **argv)
{
	char *expected, *copy, *save = NULL;
	int rc = 0;

	if (argc < 2)
		return 2;
	expected = read_file(argv[1]);
	copy = strdup(expected);
	out = open_memstream(&transcript, &transcript_len);
	sup_init(&sup, &limits, 1, now_ms);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			fprintf(out, "%s\n", line);
		if (line[0] != '>')
			continue;
		fprintf(out, "%s\n", line);
		play_line(line + 2);
	}
	(void)fclose(out);
	if (argc > 2 && strcmp(argv[2], "--write") == 0) {
		FILE *to = fopen(argv[1], "w");

		rc = !to || fputs(transcript, to) < 0 || fclose(to) != 0;
	} else if (strcmp(transcript, expected) != 0) {
		printf("%s: the core did something else:\n%s", argv[1], transcript);
		rc = 1;
	}
	free(copy);
	free(expected);
	free(transcript);
	return rc;
}
