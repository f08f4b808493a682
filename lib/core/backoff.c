#include "core/sup.h"

/* splitmix64: one multiplication chain a number, good enough to spread restarts. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t
sup_backoff_ms(const struct sup_limits *limits, unsigned step, uint64_t *random)
{
	uint64_t delay = limits->backoff_min_ms;
	uint64_t quarter;

	while (step-- > 0 && delay < limits->backoff_max_ms)
		delay *= 2;
	if (delay > limits->backoff_max_ms)
		delay = limits->backoff_max_ms;
	quarter = delay / 4;
	delay = delay - quarter + next_random(random) % (2 * quarter + 1);
	return delay > limits->backoff_max_ms ? limits->backoff_max_ms : delay;
}
