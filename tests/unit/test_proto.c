/* lib/proto: what a peer may send, and that every list is whole. */

#include <errno.h>

#include "unit.h"

#include "proto/proto.h"

static int
parse(const char *line, struct proto_request *request, enum proto_error *error)
{
	struct err err = {{0}};
	int rc = proto_request_parse(line, strlen(line), request, error, &err);

	assert_int_equal(rc == 0, err.msg[0] == '\0');
	return rc;
}

static void
test_every_operation(void **state)
{
	struct proto_request request;
	enum proto_error error;

	(void)state;
	for (int op = 0; op < PROTO_OP__COUNT; op++) {
		char *text = proto_request_text(7, (enum proto_op)op, true, "WRSL");

		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_int_equal(parse(text, &request, &error), 0);
		assert_int_equal(request.op, op);
		assert_int_equal(request.id, 7);
		assert_true(request.follow);
		assert_string_equal(request.engine, "WRSL");
		assert_true(strlen(proto_op_help((enum proto_op)op)) > 5);
		free(text);
	}
}

static void
test_bad_requests(void **state)
{
	static const struct {
		const char *line;
		enum proto_error error;
		int64_t id;
	} bad[] = {
		{"", PROTO_ERROR_MALFORMED, 0},
		{"{", PROTO_ERROR_MALFORMED, 0},
		{"[]", PROTO_ERROR_MALFORMED, 0},
		{"{\"v\":1,\"id\":\"x\",\"op\":\"status\"}", PROTO_ERROR_MALFORMED, 0},
		{"{\"v\":1,\"id\":3,\"op\":7}", PROTO_ERROR_MALFORMED, 3},
		{"{\"v\":1,\"id\":3}", PROTO_ERROR_MALFORMED, 3},
		{"{\"v\":1,\"id\":3,\"op\":\"events\",\"since\":-1}", PROTO_ERROR_MALFORMED, 3},
		{"{\"v\":1,\"v\":1,\"op\":\"status\"}", PROTO_ERROR_MALFORMED, 0},
		{"{\"v\":2,\"id\":3,\"op\":\"status\"}", PROTO_ERROR_VERSION_MISMATCH, 3},
		{"{\"id\":3,\"op\":\"status\"}", PROTO_ERROR_VERSION_MISMATCH, 3},
		{"{\"v\":1,\"id\":3,\"op\":\"explode\"}", PROTO_ERROR_UNKNOWN_OP, 3},
	};
	struct proto_request request;
	enum proto_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(parse(bad[i].line, &request, &error) < 0);
		assert_int_equal(error, bad[i].error);
		assert_int_equal(request.id, bad[i].id);
	}
}

/* Members that a later version may add are no error. */
static void
test_unknown_members(void **state)
{
	struct proto_request request;
	enum proto_error error;

	(void)state;
	assert_int_equal(
		parse("{\"v\":1,\"op\":\"status\",\"new\":{\"x\":[1]}}", &request, &error), 0);
}

/* docs/protocol.md promises these members; they keep their names. */
static void
test_status_members(void **state)
{
	static const char *const members[] = {"status.profile", "status.goal", "status.state",
		"status.cause.id", "status.cause.name", "status.cause.text", "status.cause.advice",
		"status.since", "status.generation", "status.daemon.version", "status.daemon.pid",
		"status.vm.type", "status.vm.colima_pid", "status.vm.hostagent_pid",
		"status.vm.qemu_pid", "status.docker.socket", "status.docker.version",
		"status.docker.engine_id", "status.docker.containers.0.name",
		"status.docker.containers.0.image", "status.docker.containers.0.state",
		"status.docker.containers.0.ports", "status.gates.7.name", "status.gates.7.state",
		"status.layers.0.name", "status.layers.0.verdict", "status.layers.0.since",
		"status.layers.0.evidence", "status.restarts.last.at",
		"status.restarts.last.reason", "status.repairs.0.at", "status.repairs.0.cause",
		"status.repairs.0.remedy", "status.repairs.0.result", "status.next.action"};
	static struct snap snap = {.profile = "p",
		.state = STATE_DEGRADED,
		.cause = CAUSE_API_FAILS,
		.since_at_ms = 1700000000123,
		.vm = {.present = true,
			.type = "qemu",
			.colima_pid = 1,
			.hostagent_pid = 2,
			.qemu_pid = 3},
		.docker = {.n_running = 1, .n_containers = 1},
		.layers = {{.since_at_ms = 1}},
		.restarts = {.total = 1, .last_at_ms = 1},
		.n_repairs = 1,
		.repairs = {{.at_ms = 1}},
		.next_action = "watch"};
	char *line = proto_reply_status(5, &snap);
	struct err err;
	struct proto_doc *doc = proto_doc_parse(line, strlen(line) - 1, &err);

	(void)state;
	assert_non_null(doc);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!proto_doc_has(doc, members[i]))
			fail_msg("no %s", members[i]);
	assert_string_equal(proto_doc_str(doc, "status.since", ""), "2023-11-14T22:13:20.123Z");
	assert_int_equal(proto_doc_int(doc, "status.vm.qemu_pid", 0), 3);
	assert_int_equal(proto_doc_int(doc, "id", 0), 5);
	proto_doc_free(doc);
	free(line);
}

/* What a container calls itself can neither break a line nor a terminal. */
static void
test_hostile_text(void **state)
{
	static struct snap snap = {
		.docker = {.n_containers = 1, .containers = {{.name = "a\nb\033[2J\xff"}}}};
	char *line = proto_reply_status(1, &snap);

	(void)state;
	assert_non_null(line);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_null(strchr(line, '\033'));
	free(line);
}

static void
test_doc_fallbacks(void **state)
{
	static const char text[] = "{\"a\":{\"b\":[1,\"x\",null]},\"t\":true}";
	struct err err;
	struct proto_doc *doc = proto_doc_parse(text, strlen(text), &err);

	(void)state;
	assert_int_equal(proto_doc_int(doc, "a.b.0", 9), 1);
	assert_string_equal(proto_doc_str(doc, "a.b.1", "f"), "x");
	assert_string_equal(proto_doc_str(doc, "a.b.0", "f"), "f");
	assert_int_equal(proto_doc_int(doc, "a.b.7", 9), 9);
	assert_false(proto_doc_has(doc, "a.b.2"));
	assert_false(proto_doc_has(doc, "nothing.at.all"));
	assert_true(proto_doc_bool(doc, "t", false));
	assert_int_equal(proto_doc_len(doc, "a.b"), 3);
	proto_doc_free(doc);
	assert_null(proto_doc_parse("[1]", 3, &err));
	assert_null(proto_doc_parse("{", 1, &err));
}

static void
test_error_codes(void **state)
{
	(void)state;
	for (int error = 0; error < PROTO_ERROR__COUNT; error++) {
		char *line = proto_reply_error(3, (enum proto_error)error, "why");
		struct err err;
		struct proto_doc *doc = proto_doc_parse(line, strlen(line) - 1, &err);

		assert_string_equal(proto_doc_str(doc, "error.code", ""),
			proto_error_name((enum proto_error)error));
		assert_false(proto_doc_bool(doc, "ok", true));
		assert_true(proto_error_exit(proto_error_name((enum proto_error)error)) > 0);
		proto_doc_free(doc);
		free(line);
	}
	assert_int_equal(proto_error_exit("of a later version"), 1);
}

static void
test_address(void **state)
{
	(void)state;
	assert_string_equal(proto_address("f", "e", "c", "d"), "f");
	assert_string_equal(proto_address(NULL, "e", "c", "d"), "e");
	assert_string_equal(proto_address(NULL, NULL, "c", "d"), "c");
	assert_string_equal(proto_address(NULL, NULL, "", "d"), "d");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_operation),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_unknown_members),
		cmocka_unit_test(test_status_members),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_doc_fallbacks),
		cmocka_unit_test(test_error_codes),
		cmocka_unit_test(test_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
