/*
 * sup_internal: what the files of the machine share. sup.c takes events in, sup_start.c gets to
 * ready, sup_run.c stays there, sup_stop.c gets down again.
 */
#ifndef CORE_SUP_INTERNAL_H
#define CORE_SUP_INTERNAL_H

#include "core/sup.h"

/* How long API failures of a running VM are watched before it is restarted. A restart costs the
 * containers minutes, so it is the last thing and never the answer to one bad moment. */
#define PATIENCE_MS 90000u
/* A Colima that never prints its marker is believed after so long a stable API (real-runs R1). */
#define NO_MARKER_MS     60000u
#define LOOK_MS          2000u /* the slow safety net while waiting; notices come by themselves */
#define BLOCKED_LOOK_MS  10000u
#define BUSY_LOOK_MS     100u
#define BUSY_MAX_MS      15000u /* "Broken is also a normal transient" (field-failures, notes) */
#define ROUND_MS         1000u  /* parity P20: rounds one second apart */
#define RETRY_MS         200u   /* after a refused or broken answer; silence is its own delay */
#define DOUBT_MS         500u
#define CALM_AFTER_MS    300000u
#define CALM_FACTOR      4u
#define LEFTOVER_TERM_MS 25000u /* parity P15: a colima without a VM has so long to end */
#define KILL_AGAIN_MS    5000u

void sup_act(struct sup_actions *out, enum sup_action_kind kind);
void sup_note(struct sup_actions *out, const char *text);
void sup_probe(struct sup *s, struct sup_actions *out, bool full);

/* The single writer of `state`. Clears the deadlines: what the new state needs, it sets. */
void sup_enter(struct sup *s, enum sup_state state, enum sup_cause cause, const char *detail);
void sup_set_layer(struct sup *s, enum sup_layer layer, enum sup_verdict verdict,
	enum sup_cause cause, const char *evidence);
bool sup_any_alive(const struct sup *s);
bool sup_due(const struct sup *s, uint64_t at_ms);

/* What was known of a VM that is gone is not told of the next one. */
void sup_forget_vm(struct sup *s);
void sup_wait(struct sup *s, struct sup_actions *out);
void sup_clean(struct sup *s, struct sup_actions *out, bool passive);
void sup_on_cleaned(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_look_at_preconditions(struct sup *s, struct sup_actions *out);
void sup_refresh_gates(struct sup *s, struct sup_actions *out);
void sup_starting_round(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_starting_child_exit(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_starting_proc(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_starting_deadline(struct sup *s, struct sup_actions *out);
uint64_t sup_gate_deadline(const struct sup *s);

void sup_running_round(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_running_proc(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_running_child_exit(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_running_deadline(struct sup *s, struct sup_actions *out);
uint64_t sup_patience_deadline(const struct sup *s);
void sup_become_ready(struct sup *s, struct sup_actions *out);

/* A failure: stops what is left and starts again after the back-off. Paused: only says so. */
void sup_fail(struct sup *s, struct sup_actions *out, enum sup_cause cause, const char *detail);
void sup_stop(struct sup *s, struct sup_actions *out, enum sup_cause reason, const char *detail,
	bool counts);
void sup_stop_next(struct sup *s, struct sup_actions *out);
void sup_stopping_progress(struct sup *s, struct sup_actions *out);
void sup_stop_finish(struct sup *s, struct sup_actions *out);
void sup_back_off(
	struct sup *s, struct sup_actions *out, enum sup_cause reason, const char *detail);
void sup_forgive(struct sup *s);

#endif
