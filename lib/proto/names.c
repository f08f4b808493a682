#include <string.h>

#include "proto/proto.h"

#define X(id, name, writes, help) [PROTO_OP_##id] = {name, writes, help},
static const struct {
	const char *name;
	bool writes;
	const char *help;
} ops[PROTO_OP__COUNT] = {PROTO_OP_MAP(X)};
#undef X

#define X(id, name, code) [PROTO_ERROR_##id] = {name, code},
static const struct {
	const char *name;
	int exit;
} errors[PROTO_ERROR__COUNT] = {PROTO_ERROR_MAP(X)};
#undef X

const char *
proto_op_name(enum proto_op op)
{
	return ops[op].name;
}

bool
proto_op_writes(enum proto_op op)
{
	return ops[op].writes;
}

const char *
proto_op_help(enum proto_op op)
{
	return ops[op].help;
}

const char *
proto_error_name(enum proto_error error)
{
	return errors[error].name;
}

int
proto_error_exit(const char *code)
{
	for (int i = 0; i < PROTO_ERROR__COUNT; i++) {
		if (strcmp(errors[i].name, code) == 0)
			return errors[i].exit;
	}
	return 1;
}

const char *
proto_address(const char *flag, const char *env, const char *conf, const char *fallback)
{
	if (flag && *flag)
		return flag;
	if (env && *env)
		return env;
	return conf && *conf ? conf : fallback;
}
