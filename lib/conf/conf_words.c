/* Words as a POSIX shell's quoting rules split them (XCU 2.2), without any expansion. */

#include <errno.h>
#include <string.h>

#include "conf/conf.h"

struct splitter {
	const char *at;
	char *out, *end;
};

static bool
put(struct splitter *s, char c)
{
	if (s->out == s->end)
		return false;
	*s->out++ = c;
	return true;
}

/* Within double quotes a backslash quotes only these. */
static bool
special_in_quotes(char c)
{
	return c == '"' || c == '\\' || c == '$' || c == '`';
}

/* Copies one quoted or plain piece of a word. -EINVAL: a quote is open. */
static int
piece(struct splitter *s)
{
	char quote = *s->at;

	if (quote == '\\') {
		if (!s->at[1])
			return -EINVAL;
		s->at += 2;
		return put(s, s->at[-1]) ? 0 : -E2BIG;
	}
	if (quote != '"' && quote != '\'')
		return put(s, *s->at++) ? 0 : -E2BIG;
	for (s->at++; *s->at != quote; s->at++) {
		if (quote == '"' && *s->at == '\\' && special_in_quotes(s->at[1]))
			s->at++;
		if (!*s->at)
			return -EINVAL;
		if (!put(s, *s->at))
			return -E2BIG;
	}
	s->at++;
	return 0;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

int
conf_words(const char *text, char *store, size_t store_size, char **words, size_t words_max,
	struct err *err)
{
	struct splitter s = {text, store, store + store_size};
	size_t n = 0;

	for (;;) {
		int rc = 0;

		while (blank(*s.at))
			s.at++;
		if (!*s.at)
			break;
		if (n + 1 >= words_max)
			return err_set(err, -E2BIG, "more than %zu words", words_max - 1);
		words[n++] = s.out;
		while (rc == 0 && *s.at && !blank(*s.at))
			rc = piece(&s);
		if (rc == -EINVAL)
			return err_set(err, rc, "a quote is not closed, or a backslash is the end");
		if (rc < 0 || !put(&s, '\0'))
			return err_set(err, -E2BIG, "the words are too long");
	}
	words[n] = NULL;
	return 0;
}
