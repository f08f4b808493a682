/* What the files of conf share. */
#ifndef CONF_CONF_INTERNAL_H
#define CONF_CONF_INTERNAL_H

#include "conf/conf.h"

#define CONF_ENV_PREFIX "ENV_"
#define CONF_KEYS_MAX   64

/* As much of a refused value as a message quotes, so that it still says what is accepted. */
#define CONF_QUOTED "\"%.60s\""

const struct conf_key *conf_find(const char *name);

/* [A-Za-z_][A-Za-z0-9_]*: what may be a key, and a variable's name. */
bool conf_valid_name(const char *name);

/* Stores `value` in the key's member; an empty one means the default. 0, or -EINVAL with `err`
 * saying what is accepted and the member unchanged; a warning goes there too, with 0. */
int conf_store(struct conf *c, const struct conf_key *key, const char *value, struct err *err);

/* An ENV_NAME key. 0, -EINVAL or -E2BIG with `err`, which never quotes the value. */
int conf_store_env(struct conf *c, const char *name, const char *value, struct err *err);

/* The place of `name` in c->env, or c->n_env. */
size_t conf_find_env(const struct conf *c, const char *name);

/* What neither type nor range of the key can say about one value. As conf_store. */
int conf_rule(const struct conf_key *key, const char *value, struct err *err);

/* conf_value() without the mask. */
void conf_raw(const struct conf *c, const struct conf_key *key, char *buf, size_t size);

/* The value that the text after "=" means: cut and terminated in place. NULL: a quote is open. */
char *conf_unquote(char *text);

/* `text` may hold foreign bytes: control characters are escaped. */
void conf_note(struct conf_notes *notes, enum conf_severity severity, unsigned line,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
