/* publish: the snapshot as of now. rt_publish and rt_event are in runtime.h. */
#ifndef DAEMON_PUBLISH_H
#define DAEMON_PUBLISH_H

#include "runtime.h"

/* Fresh ages and durations; the version changes only with rt_publish. */
const struct snap *rt_snapshot(struct runtime *rt);

#endif
