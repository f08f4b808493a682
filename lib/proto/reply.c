/* Replies and the lines of streams. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "proto/internal.h"

char *
proto_line(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	char *line;
	size_t len;

	json_decref(root);
	if (!text)
		return NULL;
	len = strlen(text);
	line = realloc(text, len + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	line[len] = '\n';
	line[len + 1] = '\0';
	return line;
}

json_t *
proto_string(const char *text)
{
	json_t *value = json_string(text);
	char clean[2048];

	if (value)
		return value;
	str_escape(clean, sizeof(clean), text, strlen(text));
	return json_string(clean);
}

json_t *
proto_time(int64_t at_ms)
{
	time_t at = (time_t)(at_ms / 1000);
	struct tm tm;
	char date[32], text[48];

	if (at_ms == 0)
		return json_null();
	(void)gmtime_r(&at, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)str_fmt(text, sizeof(text), "%s.%03dZ", date, (int)(at_ms % 1000));
	return json_string(text);
}

static json_t *
reply(int64_t id, bool ok)
{
	return json_pack(
		"{s:i, s:I, s:b}", "v", PROTO_VERSION, "id", (json_int_t)id, "ok", (int)ok);
}

/* Takes the reference to `value`; NULL when something is out of memory. */
static json_t *
with(json_t *root, const char *name, json_t *value)
{
	if (root && json_object_set_new(root, name, value) == 0)
		return root;
	json_decref(root);
	return NULL;
}

char *
proto_reply_status(int64_t id, const struct snap *snap)
{
	return proto_line(with(reply(id, true), "status", proto_status(snap)));
}

char *
proto_status_text(const struct snap *snap)
{
	return proto_line(proto_status(snap));
}

char *
proto_reply_error(int64_t id, enum proto_error error, const char *message)
{
	json_t *value = json_pack(
		"{s:s, s:o}", "code", proto_error_name(error), "message", proto_string(message));

	return proto_line(with(reply(id, false), "error", value));
}

char *
proto_reply_accepted(int64_t id, uint64_t version)
{
	return proto_line(with(reply(id, true), "accepted", json_integer((json_int_t)version)));
}

char *
proto_reply_version(int64_t id)
{
	json_t *value = json_pack("{s:s, s:i}", "daemon", PULSE_VERSION, "protocol", PROTO_VERSION);

	return proto_line(with(reply(id, true), "version", value));
}

char *
proto_reply_config(int64_t id, const char *path, const char *text)
{
	json_t *value =
		json_pack("{s:o, s:o}", "path", proto_string(path), "text", proto_string(text));

	return proto_line(with(reply(id, true), "config", value));
}

static json_t *
event_value(const struct proto_event *event)
{
	return json_pack("{s:I, s:o, s:I, s:o}", "seq", (json_int_t)event->seq, "at",
		proto_time(event->at_ms), "at_ms", (json_int_t)event->at_ms, "line",
		proto_string(event->line));
}

char *
proto_reply_events(int64_t id, const struct proto_event *events, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, event_value(&events[i]));
	return proto_line(with(reply(id, true), "events", list));
}

char *
proto_line_event(const struct proto_event *event)
{
	return proto_line(json_pack("{s:i, s:o}", "v", PROTO_VERSION, "event", event_value(event)));
}
