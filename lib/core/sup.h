/*
 * sup: the supervisor as a pure function, (state, event) -> state + actions.
 *
 * It has no clock, no loop, no heap, no log and no library: time comes in with the event, effects
 * go out as actions, randomness is a seed. Everything that the daemon decides is decided here, so
 * everything that it decides can be replayed in a test.
 *
 * Four separate things, never one flag for two of them:
 *   goal        the operator's wish: up, down, paused. SIGTERM does not change it: `quitting` is a
 *               wish of the service manager, not of the operator, and ends with this process.
 *   state       what is the case.
 *   cause       why it is not ready; every state but ready has one.
 *   generation  which start this is. Answers to a question of an earlier generation are dropped in
 *               one place, the top of sup_step.
 *
 * Time is milliseconds of a clock that stands still while the machine sleeps (host_awake_ms), so
 * a deadline cannot be overrun by a closed lid. There is one deadline, `sup_deadline`; the runtime
 * arms one timer for it and posts EV_DEADLINE. An early or late EV_DEADLINE is harmless.
 *
 * Starting is judged like this (docs/states.md has the picture): gates open in order while their
 * layers are ok. A layer that falls back closes its gate and the later ones again. While a child of
 * ours is provisioning, only its own end or START_TIMEOUT can fail the start, because Colima stops
 * and starts the VM in the middle of a first start by itself (real-runs R12). After that each
 * gate's own limit counts.
 */
#ifndef CORE_SUP_H
#define CORE_SUP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/diag.h"
#include "core/tables.h"

#define SUP_NEVER        UINT64_MAX
#define SUP_ACTIONS_MAX  16
#define SUP_RESTARTS_MAX 32
#define SUP_EVIDENCE_MAX 192
#define SUP_REPAIRS_MAX  64

/* A VM without its hostagent, whose Docker answers (F17). */
enum sup_orphan { ORPHAN_KEEP, ORPHAN_WINDOW, ORPHAN_RESTART };

/* The limits, all in milliseconds but for counts. */
struct sup_limits {
	uint64_t gate_ms[GATE__COUNT]; /* SUP_NEVER = none */
	uint64_t start_ms, stop_ms;
	uint64_t probe_interval_ms;
	unsigned failure_threshold;
	unsigned stable_rounds;
	uint64_t backoff_min_ms, backoff_max_ms, backoff_reset_ms;
	unsigned crash_loop_count;
	uint64_t crash_loop_window_ms;
	uint64_t wake_grace_ms;
	enum sup_orphan orphan;
	bool respect_stop;      /* a stop by hand is a wish (STOP_INTENT), not a failure */
	unsigned repair_budget; /* repairs within an hour, at most SUP_REPAIRS_MAX */
};

/* What ACT_CLEAN found. */
enum sup_cleaned {
	CLEANED_FREE,      /* nothing of this profile runs: start */
	CLEANED_ADOPTABLE, /* a verified hostagent and qemu run: adopt them */
	CLEANED_BUSY,      /* something is coming or going: look again */
	CLEANED_FAILED,    /* could not be told or cleared, `text` says why */
	CLEANED_BLOCKED,   /* a person must act: `cause` and `text` say why */
};

struct sup_event {
	enum sup_event_kind kind;
	uint64_t now_ms;
	uint64_t generation; /* of the question, for answers; ignored for the other events */
	union {
		struct {
			enum sup_goal goal;
			bool stopping; /* boot: an earlier daemon died while it stopped the VM */
		} boot, goal;
		struct {
			enum sup_layer layer;
			enum sup_verdict verdict;
			enum sup_cause cause; /* when it fails, if known; else CAUSE_NONE */
		} layer;
		struct {
			enum sup_proc proc;
			bool alive;
			bool asked; /* it ended because somebody told Lima to stop the VM (F36) */
		} proc;
		struct {
			enum sup_cleaned result;
			enum sup_cause cause;
			bool was_ready; /* adoptable, and it had been ready under an earlier daemon
					 */
		} cleaned;
		struct {
			int status; /* exit code; -1 = not known */
			int signal; /* 0 = none */
		} child_exit;
		struct {
			bool ok;
			bool window; /* it is the time in which a restart may be
					(MAINTENANCE_WINDOW) */
			bool silent; /* timed out: a pending request is itself the notice, ask again
					at once */
		} round;
		struct {
			struct sup_signs signs;
			bool full; /* the guest was asked as well */
		} signs;
		bool repaired; /* the remedy's own word; the API has the last */
		const struct sup_limits *limits;
	} u;
	const char *text; /* evidence in words, may be NULL; copied */
};

struct sup_action {
	enum sup_action_kind kind;
	bool full;              /* PROBE: the whole round (info, containers), not only _ping;
				   EXAMINE: ask the guest as well */
	enum sup_remedy remedy; /* REPAIR */
	bool passive;           /* CLEAN: look only, remove nothing */
	const char *text;       /* NOTE: what to log; a literal */
};

struct sup_actions {
	struct sup_action action[SUP_ACTIONS_MAX];
	unsigned n;
};

struct sup_layer_state {
	enum sup_verdict verdict;
	enum sup_cause cause;
	uint64_t since_ms, looked_ms;
	char evidence[SUP_EVIDENCE_MAX];
};

struct sup_gate_entry {
	enum sup_gate_state state;
	uint64_t began_ms, took_ms;
	bool late_noted;
};

enum sup_repair_result { REPAIR_RUNS, REPAIR_MENDED, REPAIR_FAILED, REPAIR_NO_EFFECT, REPAIR_LATE };

struct sup_repair {
	uint64_t at_ms, took_ms;
	enum sup_cause cause;
	enum sup_remedy remedy;
	enum sup_repair_result result;
	bool forgiven; /* a person asked again: not counted for the budget any more */
};

/* What is wrong now, from the first bad sample until Docker answers again. */
struct sup_incident {
	enum sup_cause cause; /* CAUSE_NONE: no diagnosis yet */
	const char *why;      /* the row of the diagnosis, a literal; NULL */
	uint64_t since_ms;    /* of this cause */
	unsigned tries[SUP_RUNGS_MAX];
	unsigned n_unknown; /* examinations without a diagnosis */
	struct sup_signs signs;
};

/* The rungs of a stop, in order (runtime 2.8; never a signal to qemu before the last). */
enum sup_stop_stage { STOP_ASK, STOP_POWERDOWN, STOP_QUIT, STOP_KILL };

struct sup {
	struct sup_limits limits;
	uint64_t now_ms;
	uint64_t random; /* state of the jitter's generator */

	enum sup_goal goal;
	bool quitting;
	enum sup_state state;
	uint64_t state_since_ms;
	enum sup_cause cause;
	char detail[SUP_EVIDENCE_MAX];
	uint64_t generation;

	bool alive[PROC__COUNT];
	struct sup_layer_state layers[LAYER__COUNT];
	struct sup_gate_entry gates[GATE__COUNT];
	enum sup_gate gate; /* starting: the first gate that is not open */

	bool adopted;      /* the VM was not started by a child of this generation */
	bool provisioning; /* our child has neither given its marker nor ended */
	bool marker;       /* Colima said that it is done, or an earlier daemon had seen it ready */
	unsigned rounds;   /* consecutive good API rounds */
	uint64_t api_good_since_ms;
	uint64_t api_bad_since_ms;
	unsigned failures; /* consecutive bad API rounds while ready or degraded */

	struct sup_incident incident;
	bool examining;      /* an examination is under way */
	uint64_t examine_ms; /* the next one */
	bool verifying;      /* a remedy has ended; the round that is under way has the last word */
	bool held;           /* blocked because nothing more is tried, not for a precondition */
	struct sup_repair repairs[SUP_REPAIRS_MAX]; /* ring */
	uint64_t n_repairs;

	uint64_t judged_ms; /* since when the gates' own limits count */
	uint64_t limit_ms;  /* the state's own deadline */
	uint64_t probe_ms;  /* the next API probe or look */
	bool probe_out;     /* a probe is under way */
	uint64_t grace_until_ms;

	bool clean_passive; /* cleaning: only look for something to adopt */

	enum sup_stop_stage stop_stage;
	bool stop_asking; /* our `colima stop` runs: a start beside it would race with it */
	uint64_t stop_began_ms;
	enum sup_cause stop_reason;
	bool stop_counts; /* this stop is a failure's: back off before the next start */

	uint64_t ready_since_ms; /* of the last ready period, SUP_NEVER = not in one */
	unsigned backoff_step;
	uint64_t failed_at_ms[SUP_RESTARTS_MAX]; /* ring of restarts after failures */
	uint64_t n_failed;
	uint64_t restarts_total; /* these and the ones that were asked for */
	uint64_t restart_last_ms;
	enum sup_cause restart_reason;
};

void sup_init(struct sup *s, const struct sup_limits *limits, uint64_t seed, uint64_t now_ms);

/* The only way the state changes. `out` is overwritten. Not re-entrant: actions are performed,
 * and their failures posted, after it returned. */
void sup_step(struct sup *s, const struct sup_event *ev, struct sup_actions *out);

/* When EV_DEADLINE is wanted, or SUP_NEVER. */
uint64_t sup_deadline(const struct sup *s);

/* The delay before start number `step` after a failure: exponential, capped, with up to a quarter
 * of jitter either way, never over backoff_max_ms. Advances *random. */
uint64_t sup_backoff_ms(const struct sup_limits *limits, unsigned step, uint64_t *random);

const char *sup_repair_result_name(enum sup_repair_result result);

/* What is tried next for the cause of the incident, and in how long; REMEDY_NONE: nothing. */
enum sup_remedy sup_next_remedy(const struct sup *s, uint64_t *ret_in_ms);

/* Restarts within the crash-loop window that ends now. */
unsigned sup_restarts_in_window(const struct sup *s);

/* What will be done next by itself, in words, and in how long (0 = now or unknown). "" = nothing.
 */
const char *sup_next(const struct sup *s, uint64_t *ret_in_ms);

#endif
