/* What differs between two configurations. */

#include <string.h>

#include "base/str.h"
#include "conf/conf_internal.h"

#define MORE "..."

struct list {
	char *text;
	size_t size;
	bool full;
};

/* Whole words only; room for " ..." is kept, so that a full list says so. */
static void
append(struct list *list, const char *prefix, const char *name)
{
	size_t len = strlen(list->text);
	const char *blank = len ? " " : "";
	size_t need = strlen(blank) + strlen(prefix) + strlen(name) + strlen(" " MORE);

	if (list->full)
		return;
	list->full = len + need >= list->size;
	if (list->full)
		(void)str_fmt(list->text + len, list->size - len, "%s" MORE, blank);
	else
		(void)str_fmt(list->text + len, list->size - len, "%s%s%s", blank, prefix, name);
}

/* Variables of `a` that `b` lacks or, when `values` counts, holds with another value. */
static size_t
diff_env(const struct conf *a, const struct conf *b, bool values, struct list *restart)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_env; i++) {
		size_t other = conf_find_env(b, a->env[i].name);

		if (other < b->n_env &&
			(!values || strcmp(a->env[i].value, b->env[other].value) == 0))
			continue;
		n++;
		append(restart, CONF_ENV_PREFIX, a->env[i].name);
	}
	return n;
}

size_t
conf_diff(const struct conf *a, const struct conf *b, char *live, size_t live_size, char *restart,
	size_t restart_size)
{
	struct list live_list = {live, live_size, false};
	struct list restart_list = {restart, restart_size, false};
	size_t n = 0;

	live[0] = restart[0] = '\0';
	for (size_t i = 0; i < conf_n_keys; i++) {
		const struct conf_key *key = &conf_keys[i];
		char was[CONF_STR_MAX], is[CONF_STR_MAX];

		conf_raw(a, key, was, sizeof(was));
		conf_raw(b, key, is, sizeof(is));
		if (strcmp(was, is) == 0)
			continue;
		n++;
		append(key->flags & CONF_LIVE ? &live_list : &restart_list, "", key->name);
	}
	n += diff_env(a, b, true, &restart_list);
	n += diff_env(b, a, false, &restart_list);
	return n;
}
