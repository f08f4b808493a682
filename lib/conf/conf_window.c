/* A window of the day, "HH:MM-HH:MM". */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "conf/conf.h"

/* Two digits, at most `max`; -1 when it is something else. */
static int
two_digits(const char *at, int max)
{
	int n;

	if (!isdigit((unsigned char)at[0]) || !isdigit((unsigned char)at[1]))
		return -1;
	n = (at[0] - '0') * 10 + (at[1] - '0');
	return n <= max ? n : -1;
}

static int
minute_of(const char *at)
{
	int hours = two_digits(at, 23), minutes;

	if (hours < 0 || at[2] != ':')
		return -1;
	minutes = two_digits(at + 3, 59);
	return minutes < 0 ? -1 : hours * 60 + minutes;
}

int
conf_window(const char *value, int *ret_from, int *ret_to)
{
	int from, to;

	if (strlen(value) != strlen("HH:MM-HH:MM") || value[5] != '-')
		return -EINVAL;
	from = minute_of(value);
	to = minute_of(value + 6);
	if (from < 0 || to < 0)
		return -EINVAL;
	*ret_from = from;
	*ret_to = to;
	return 0;
}

bool
conf_in_window(const char *value, int now)
{
	int from, to;

	if (conf_window(value, &from, &to) < 0)
		return false;
	return from <= to ? now >= from && now < to : now >= from || now < to;
}
