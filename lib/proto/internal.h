/* What the files of proto share; the only header of the tree that shows jansson's types. */
#ifndef PROTO_INTERNAL_H
#define PROTO_INTERNAL_H

#include <jansson.h>

#include "proto/proto.h"

/* Deeper documents are refused before jansson recurses into them. */
#define PROTO_DEPTH_MAX 16

bool proto_too_deep(const char *text, size_t len);

/* A string that is valid UTF-8 whatever came in. */
json_t *proto_string(const char *text);

/* RFC 3339 in UTC with milliseconds; null for 0. */
json_t *proto_time(int64_t at_ms);

json_t *proto_status(const struct snap *snap);

/* Prints one line and takes the reference; NULL when out of memory. */
char *proto_line(json_t *root);

#endif
