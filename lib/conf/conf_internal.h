/* What the files of conf share. */
#ifndef CONF_CONF_INTERNAL_H
#define CONF_CONF_INTERNAL_H

#include "conf/conf.h"

const struct conf_key *conf_find(const char *name);

/* Stores `value` in the key's member. 0, or -EINVAL with `err` saying what is accepted; a warning
 * goes there as well, with 0 and a text. */
int conf_store(struct conf *c, const struct conf_key *key, const char *value, struct err *err);

/* An ENV_NAME key. 0, -EINVAL or -E2BIG with `err`. */
int conf_store_env(struct conf *c, const char *name, const char *value, struct err *err);

void conf_note(struct conf_notes *notes, enum conf_severity severity, unsigned line,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define CONF_ENV_PREFIX "ENV_"

#endif
