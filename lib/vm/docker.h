/*
 * docker: what the Docker Engine's answers mean (API 1.24 and later; recorded answers in
 * tests/data/transcripts). Pure parsing; httpc fetches.
 */
#ifndef VM_DOCKER_H
#define VM_DOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DOCKER_CONTAINERS_MAX 64

struct docker_info {
	char id[128]; /* the engine's identity, kept in its data folder */
	char version[64];
};

struct docker_container {
	char name[128];
	char image[128];
	char state[16];
	char ports[160];
};

struct docker_containers {
	uint64_t n_running; /* all of them, also those that do not fit */
	size_t n;
	struct docker_container list[DOCKER_CONTAINERS_MAX];
};

/* Each: 0, or -EPROTO with `err` naming what was expected. Foreign text is escaped and cut. */
int docker_parse_info(const char *body, size_t len, struct docker_info *ret, struct err *err);
int docker_parse_containers(
	const char *body, size_t len, struct docker_containers *ret, struct err *err);

#endif
