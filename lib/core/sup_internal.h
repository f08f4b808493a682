/*
 * sup_internal: what the files of the machine share. sup.c takes events in, sup_start.c gets to
 * ready, sup_run.c stays there, sup_stop.c gets down again.
 */
#ifndef CORE_SUP_INTERNAL_H
#define CORE_SUP_INTERNAL_H

#include "core/sup.h"

/* A Colima that never prints its marker is believed after so long a stable API (real-runs R1). */
#define NO_MARKER_MS        60000u
#define LOOK_MS             2000u /* the slow safety net while waiting; notices come by themselves */
#define BLOCKED_LOOK_MS     10000u
#define BUSY_LOOK_MS        100u
#define BUSY_MAX_MS         15000u /* "Broken is also a normal transient" (field-failures, notes) */
#define ADOPTED_MS          5000u  /* an adopted VM shows its Docker within that, or is examined */
#define ROUND_MS            1000u  /* parity P20: rounds one second apart */
#define RETRY_MS            200u   /* after a refused or broken answer; silence is its own delay */
#define DOUBT_MS            500u
#define EXAMINE_AGAIN_MS    1000u /* doubled with every examination that says nothing */
#define REMEDY_AGAIN_MAX_MS 60000u
#define EXAMINE_MAX_MS      10000u
#define HELD_LOOK_MS        10000u
#define BUDGET_WINDOW_MS    3600000u
#define CALM_AFTER_MS       300000u
#define CALM_FACTOR         4u
#define LEFTOVER_TERM_MS    25000u /* parity P15: a colima without a VM has so long to end */
#define KILL_AGAIN_MS       5000u

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
/* Nothing that time or a restart could mend. */
bool sup_needs_a_person(enum sup_cause cause);
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
void sup_degrade(struct sup *s, enum sup_cause cause, const char *detail);
/* qemu is gone: it died, or somebody asked for it (F36). */
void sup_vm_ended(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_become_ready(struct sup *s, struct sup_actions *out);
void sup_run_degraded(
	struct sup *s, struct sup_actions *out, enum sup_cause cause, const char *detail);

/* sup_mend.c: from the first bad sample to the remedy. */
void sup_suspect(struct sup *s, struct sup_actions *out);
void sup_on_signs(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_on_repaired(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_on_repair(struct sup *s, const struct sup_event *ev, struct sup_actions *out);
void sup_bad_round_of_repair(struct sup *s);
void sup_mend_deadline(struct sup *s, struct sup_actions *out);
void sup_incident_over(struct sup *s);
/* Closes the record of the repair that runs, if one does. */
void sup_repair_ended(struct sup *s, enum sup_repair_result result);

/* A failure: stops what is left and starts again after the back-off. Paused: only says so. */
void sup_fail(struct sup *s, struct sup_actions *out, enum sup_cause cause, const char *detail);
void sup_stop(struct sup *s, struct sup_actions *out, enum sup_cause reason, const char *detail,
	bool counts);
/* The same without asking colima and the guest first (L4). */
void sup_power_cycle(
	struct sup *s, struct sup_actions *out, enum sup_cause cause, const char *detail);
void sup_stop_next(struct sup *s, struct sup_actions *out);
void sup_stopping_progress(struct sup *s, struct sup_actions *out);
void sup_stop_finish(struct sup *s, struct sup_actions *out);
void sup_back_off(
	struct sup *s, struct sup_actions *out, enum sup_cause reason, const char *detail);
void sup_forgive(struct sup *s);

#endif
