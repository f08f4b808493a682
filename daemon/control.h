/*
 * control: the control socket. Reads answer from the snapshot, writes post an event and answer
 * "accepted". Whatever a peer does costs that connection only.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/proto.h"

struct control;
struct runtime;

/* Binds `path` under a tight umask; the socket is for uid and, when `group` is true, gid.
 * Returns a listening descriptor; -EADDRINUSE when another daemon answers there. */
int control_bind(const char *path, uid_t uid, gid_t gid, bool group, struct err *err);

/* Serves an already bound descriptor. NULL with `err` set. */
struct control *control_open(struct runtime *rt, int fd, struct err *err);
void control_close(struct control *control); /* accepts NULL; freed when its handles are closed */

void control_tell_status(struct control *control);
void control_tell_event(struct control *control, const struct proto_event *event);

#endif
