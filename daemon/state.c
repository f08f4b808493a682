#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

#define STATE_FILE_MAX 8192

enum field_type { FIELD_GOAL, FIELD_FLAG, FIELD_PID, FIELD_NUMBER, FIELD_TEXT };

static const struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;
} fields[] = {
	{"goal", FIELD_GOAL, offsetof(struct state, goal), 0},
	{"stopping", FIELD_FLAG, offsetof(struct state, stopping), 0},
	{"child_pid", FIELD_PID, offsetof(struct state, child.pid), 0},
	{"child_start", FIELD_NUMBER, offsetof(struct state, child.start), 0},
	{"ready_qemu_pid", FIELD_PID, offsetof(struct state, ready_qemu.pid), 0},
	{"ready_qemu_start", FIELD_NUMBER, offsetof(struct state, ready_qemu.start), 0},
	{"base", FIELD_TEXT, offsetof(struct state, base), sizeof(((struct state *)0)->base)},
	{"boot_id", FIELD_TEXT, offsetof(struct state, boot_id),
		sizeof(((struct state *)0)->boot_id)},
	{"boot_took_ms", FIELD_NUMBER, offsetof(struct state, boot_took_ms), 0},
	{"generation", FIELD_NUMBER, offsetof(struct state, generation), 0},
	{"engine_id", FIELD_TEXT, offsetof(struct state, engine_id),
		sizeof(((struct state *)0)->engine_id)},
	{"engine_seen", FIELD_TEXT, offsetof(struct state, engine_seen),
		sizeof(((struct state *)0)->engine_seen)},
};

static int
set_field(struct state *state, const struct field *field, const char *value)
{
	void *at = (char *)state + field->offset;
	int64_t number = 0;
	int goal;

	switch (field->type) {
	case FIELD_TEXT:
		return str_fmt(at, field->size, "%s", value);
	case FIELD_GOAL:
		goal = sup_goal_by_name(value);
		if (goal < 0)
			return -EINVAL;
		*(enum sup_goal *)at = (enum sup_goal)goal;
		return 0;
	case FIELD_FLAG:
		*(bool *)at = strcmp(value, "true") == 0;
		return 0;
	case FIELD_PID:
		if (str_to_i64(value, 0, INT_MAX, &number) < 0)
			return -EINVAL;
		*(pid_t *)at = (pid_t)number;
		return 0;
	case FIELD_NUMBER:
		if (str_to_i64(value, 0, INT64_MAX, &number) < 0)
			return -EINVAL;
		*(uint64_t *)at = (uint64_t)number;
		return 0;
	}
	return -EINVAL;
}

static int
set_line(struct state *state, char *line)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return -EINVAL;
	*equals = '\0';
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, line) == 0)
			return set_field(state, &fields[i], equals + 1);
	}
	return 0; /* of a later version */
}

int
state_load(struct state *state, const char *path, struct err *err)
{
	char text[STATE_FILE_MAX];
	char *save = NULL;
	unsigned n = 0;
	int rc;

	*state = (struct state){.goal = GOAL_UP};
	rc = file_read(path, text, sizeof(text), NULL);
	if (rc < 0)
		return err_set(err, rc, "%s: %s", path, strerror(-rc));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		n++;
		if (set_line(state, line) < 0) {
			*state = (struct state){.goal = GOAL_UP};
			return err_set(err, -EINVAL, "%s:%u: %s: not understood; starting afresh",
				path, n, line);
		}
	}
	return 0;
}

static void
print_field(FILE *out, const struct state *state, const struct field *field)
{
	const void *at = (const char *)state + field->offset;

	switch (field->type) {
	case FIELD_TEXT:
		fprintf(out, "%s=%s\n", field->name, (const char *)at);
		break;
	case FIELD_GOAL:
		fprintf(out, "%s=%s\n", field->name, sup_goal_name(*(const enum sup_goal *)at));
		break;
	case FIELD_FLAG:
		fprintf(out, "%s=%s\n", field->name, *(const bool *)at ? "true" : "false");
		break;
	case FIELD_PID:
		fprintf(out, "%s=%d\n", field->name, (int)*(const pid_t *)at);
		break;
	case FIELD_NUMBER:
		fprintf(out, "%s=%" PRIu64 "\n", field->name, *(const uint64_t *)at);
		break;
	}
}

int
state_save(const struct state *state, const char *path)
{
	char text[STATE_FILE_MAX];
	FILE *out = fmemopen(text, sizeof(text), "w");
	size_t len;

	if (!out)
		return -errno;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		print_field(out, state, &fields[i]);
	if (fflush(out) != 0 || ferror(out)) {
		(void)fclose(out);
		return -EFBIG;
	}
	len = strlen(text);
	(void)fclose(out);
	return file_replace(path, text, len, 0640, true);
}
