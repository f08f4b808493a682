/* Requests: parsed by the daemon, made by pulsectl. Nothing of a peer is trusted. */

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "proto/internal.h"

bool
proto_too_deep(const char *text, size_t len)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0)
			depth--;
		if (depth > PROTO_DEPTH_MAX)
			return true;
	}
	return false;
}

static int
find_op(const char *name)
{
	for (int op = 0; op < PROTO_OP__COUNT; op++) {
		if (strcmp(proto_op_name((enum proto_op)op), name) == 0)
			return op;
	}
	return -1;
}

static int
take_version(const json_t *root, enum proto_error *ret_error, struct err *err)
{
	const json_t *v = json_object_get(root, "v");

	if (json_integer_value(v) == PROTO_VERSION)
		return 0;
	*ret_error = PROTO_ERROR_VERSION_MISMATCH;
	if (!json_is_integer(v))
		return err_set(err, -EPROTO,
			"the member \"v\" is missing; this daemon speaks version %d",
			PROTO_VERSION);
	return err_set(err, -EPROTO,
		"version %lld was asked for, this daemon speaks version %d; use the pulsectl that came with it",
		(long long)json_integer_value(v), PROTO_VERSION);
}

static int
take_op(const json_t *root, struct proto_request *ret, enum proto_error *ret_error, struct err *err)
{
	const char *name = json_string_value(json_object_get(root, "op"));
	int op;

	if (!name)
		return err_set(err, -EPROTO, "the member \"op\" is missing or not a string");
	op = find_op(name);
	if (op < 0) {
		*ret_error = PROTO_ERROR_UNKNOWN_OP;
		return err_set(err, -EPROTO, "there is no operation \"%.64s\"", name);
	}
	ret->op = (enum proto_op)op;
	return 0;
}

static int
take_members(
	const json_t *root, struct proto_request *ret, enum proto_error *ret_error, struct err *err)
{
	const json_t *id = json_object_get(root, "id"), *since = json_object_get(root, "since");
	const char *engine = json_string_value(json_object_get(root, "engine"));
	int rc;

	if (!json_is_object(root))
		return err_set(err, -EPROTO, "a request is a JSON object");
	if (id && !json_is_integer(id))
		return err_set(err, -EPROTO, "the member \"id\" is not an integer");
	ret->id = json_integer_value(id);
	rc = take_version(root, ret_error, err);
	if (rc == 0)
		rc = take_op(root, ret, ret_error, err);
	if (rc < 0)
		return rc;
	if (since && (!json_is_integer(since) || json_integer_value(since) < 0))
		return err_set(err, -EPROTO, "the member \"since\" is not a number of an event");
	ret->since = (uint64_t)json_integer_value(since);
	ret->follow = json_is_true(json_object_get(root, "follow"));
	if (engine)
		str_cut(ret->engine, sizeof(ret->engine), engine);
	return 0;
}

int
proto_request_parse(const char *line, size_t len, struct proto_request *ret,
	enum proto_error *ret_error, struct err *err)
{
	json_error_t why;
	json_t *root;
	int rc;

	*ret = (struct proto_request){0};
	*ret_error = PROTO_ERROR_MALFORMED;
	if (proto_too_deep(line, len))
		return err_set(err, -EPROTO, "nested deeper than %d", PROTO_DEPTH_MAX);
	root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(err, -EPROTO, "not JSON: %.150s", why.text);
	rc = take_members(root, ret, ret_error, err);
	json_decref(root);
	return rc;
}

char *
proto_request_text(int64_t id, enum proto_op op, bool follow, const char *engine)
{
	json_t *root = json_pack("{s:i, s:I, s:s}", "v", PROTO_VERSION, "id", (json_int_t)id, "op",
		proto_op_name(op));

	if (root && follow)
		(void)json_object_set_new(root, "follow", json_true());
	if (root && engine)
		(void)json_object_set_new(root, "engine", json_string(engine));
	return proto_line(root);
}
