#include "core/tables.h"

#include <string.h>

#define X(id, name, ...) [GOAL_##id] = name,
static const char *const goal_names[GOAL__COUNT] = {SUP_GOAL_MAP(X)};
#undef X
#define X(id, name, ...) [STATE_##id] = name,
static const char *const state_names[STATE__COUNT] = {SUP_STATE_MAP(X)};
#undef X
#define X(id, name, help) [STATE_##id] = help,
static const char *const state_helps[STATE__COUNT] = {SUP_STATE_MAP(X)};
#undef X
#define X(id, name, ...) [LAYER_##id] = name,
static const char *const layer_names[LAYER__COUNT] = {SUP_LAYER_MAP(X)};
#undef X
#define X(id, name, help) [LAYER_##id] = help,
static const char *const layer_helps[LAYER__COUNT] = {SUP_LAYER_MAP(X)};
#undef X
#define X(id, name) [GATE_##id] = name,
static const char *const gate_names[GATE__COUNT] = {SUP_GATE_MAP(X)};
#undef X
#define X(id, name) [GATE_STATE_##id] = name,
static const char *const gate_state_names[GATE_STATE__COUNT] = {SUP_GATE_STATE_MAP(X)};
#undef X
#define X(id, name) [VERDICT_##id] = name,
static const char *const verdict_names[VERDICT__COUNT] = {SUP_VERDICT_MAP(X)};
#undef X
#define X(id, name) [PROC_##id] = name,
static const char *const proc_names[PROC__COUNT] = {SUP_PROC_MAP(X)};
#undef X
#define X(id, name) [EV_##id] = name,
static const char *const event_names[EV__COUNT] = {SUP_EVENT_MAP(X)};
#undef X
#define X(id, name) [ACT_##id] = name,
static const char *const action_names[ACT__COUNT] = {SUP_ACTION_MAP(X)};
#undef X
#define X(id, code, name, text, advice) [CAUSE_##id] = {code, name, text, advice},
static const struct sup_cause_row causes[CAUSE__COUNT] = {SUP_CAUSE_MAP(X)};
#undef X

const char *
sup_goal_name(enum sup_goal goal)
{
	return goal_names[goal];
}

const char *
sup_state_name(enum sup_state state)
{
	return state_names[state];
}

const char *
sup_state_help(enum sup_state state)
{
	return state_helps[state];
}

const char *
sup_layer_name(enum sup_layer layer)
{
	return layer_names[layer];
}

const char *
sup_layer_help(enum sup_layer layer)
{
	return layer_helps[layer];
}

const char *
sup_gate_name(enum sup_gate gate)
{
	return gate_names[gate];
}

const char *
sup_gate_state_name(enum sup_gate_state state)
{
	return gate_state_names[state];
}

const char *
sup_verdict_name(enum sup_verdict verdict)
{
	return verdict_names[verdict];
}

const char *
sup_proc_name(enum sup_proc proc)
{
	return proc_names[proc];
}

const char *
sup_event_name(enum sup_event_kind kind)
{
	return event_names[kind];
}

const char *
sup_action_name(enum sup_action_kind kind)
{
	return action_names[kind];
}

const struct sup_cause_row *
sup_cause_row(enum sup_cause cause)
{
	return &causes[cause];
}

int
sup_goal_by_name(const char *name)
{
	for (int goal = 0; goal < GOAL__COUNT; goal++) {
		if (strcmp(goal_names[goal], name) == 0)
			return goal;
	}
	return -1;
}
