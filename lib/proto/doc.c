/* Documents as pulsectl reads them: by dotted paths, tolerant of what an older or newer daemon
 * leaves out or adds. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "proto/internal.h"

struct proto_doc {
	json_t *root;
};

struct proto_doc *
proto_doc_parse(const char *text, size_t len, struct err *err)
{
	struct proto_doc *doc = calloc(1, sizeof(*doc));
	json_error_t why = {.text = "out of memory"};

	if (len > PROTO_REPLY_MAX || proto_too_deep(text, len)) {
		free(doc);
		(void)err_set(err, -EPROTO, "too long or nested too deep");
		return NULL;
	}
	if (doc)
		doc->root = json_loadb(text, len, 0, &why);
	if (!doc || !json_is_object(doc->root)) {
		(void)err_set(err, -EPROTO, "not a JSON object: %.200s", why.text);
		proto_doc_free(doc);
		return NULL;
	}
	return doc;
}

void
proto_doc_free(struct proto_doc *doc)
{
	if (!doc)
		return;
	json_decref(doc->root);
	free(doc);
}

static const json_t *
member(const json_t *value, const char *name)
{
	int64_t index;

	if (json_is_array(value))
		return str_to_i64(name, 0, INT32_MAX, &index) == 0
			       ? json_array_get(value, (size_t)index)
			       : NULL;
	return json_object_get(value, name);
}

static const json_t *
lookup(const struct proto_doc *doc, const char *path)
{
	const json_t *value = doc->root;

	while (value && *path) {
		size_t len = strcspn(path, ".");
		char name[64];

		if (str_fmt(name, sizeof(name), "%.*s", (int)len, path) < 0)
			return NULL;
		value = member(value, name);
		path += len + (path[len] == '.');
	}
	return value;
}

bool
proto_doc_has(const struct proto_doc *doc, const char *path)
{
	const json_t *value = lookup(doc, path);

	return value && !json_is_null(value);
}

const char *
proto_doc_str(const struct proto_doc *doc, const char *path, const char *fallback)
{
	const char *text = json_string_value(lookup(doc, path));

	return text ? text : fallback;
}

int64_t
proto_doc_int(const struct proto_doc *doc, const char *path, int64_t fallback)
{
	const json_t *value = lookup(doc, path);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool
proto_doc_bool(const struct proto_doc *doc, const char *path, bool fallback)
{
	const json_t *value = lookup(doc, path);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

size_t
proto_doc_len(const struct proto_doc *doc, const char *path)
{
	return json_array_size(lookup(doc, path));
}

char *
proto_doc_text(const struct proto_doc *doc, const char *path, bool indent)
{
	const json_t *value = lookup(doc, path);

	return value ? json_dumps(value, JSON_ENCODE_ANY | (indent ? JSON_INDENT(2) : JSON_COMPACT))
		     : NULL;
}
