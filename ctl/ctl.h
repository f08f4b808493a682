/*
 * ctl: pulsectl, one file a command. The table of commands is in commands.c; usage text and
 * prefixes come from it, and the manual page is checked against it.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "conf/conf.h"
#include "proto/proto.h"

/* X(enum, code, "meaning"). The only list of pulsectl's exit codes. */
#define CTL_EXIT_MAP(X) \
	X(YES, 0, "yes, or done") \
	X(NO, 1, "no: not ready, or refused") \
	X(USAGE, 2, "wrong command line") \
	X(UNREACHABLE, 3, "the daemon cannot be reached") \
	X(TIMEOUT, 4, "it did not happen in time") \
	X(PROTOCOL, 5, "daemon and pulsectl do not understand each other") \
	X(PERMISSION, 77, "not permitted")

#define X(id, code, help) CTL_##id = (code),
enum ctl_exit { CTL_EXIT_MAP(X) };
#undef X

/* Options of all commands; which a command takes, its row in the table says. */
struct options {
	const char *socket, *file;
	bool json, watch, follow, all, strict, wait, dry_run;
	const char *state;   /* --for */
	uint64_t timeout_ms; /* --timeout */
	int64_t n;           /* -n, -1 = not given */
	int argc;            /* words that are no options */
	char *argv[8];
};

struct command {
	const char *name;
	int (*run)(const struct options *o);
	const char *options; /* letters of options.c's table that it takes */
	const char *args;    /* as usage shows them */
	const char *help;
};

/* options.c: parses everything behind the program's name. */
int options_parse(struct options *o, int argc, char **argv, const struct command **ret);
void usage(FILE *out, const struct command *command);
extern const struct command commands[];

/* where.c: the daemon's places, from flags, environment, configuration and defaults. */
struct where {
	char socket[1024], state_dir[1024], log_path[1024];
	char group[256];
	bool filter_info;
};
void where_find(struct where *w, const struct options *o);

/* client.c: a connection that never hangs. Lines are bounded, every wait has a limit. */
struct client {
	int fd;
	char *buf;
	size_t len;
	const char *engine; /* for `accept` */
};
#define CLIENT_REPLY_MS 10000
#define CLIENT_FOREVER  UINT64_MAX

/* CTL_YES, or the exit code with a message in `err`. */
int client_open(struct client *c, const struct where *w, struct err *err);
void client_close(struct client *c);
int client_send(struct client *c, enum proto_op op, bool follow, struct err *err);
/* The next document. CTL_TIMEOUT after timeout_ms (CLIENT_FOREVER: none); an error reply gives its
 * exit code and its message. */
int client_next(struct client *c, uint64_t timeout_ms, struct proto_doc **ret, struct err *err);
/* Opens, asks, and closes. */
int client_ask(const struct where *w, enum proto_op op, struct proto_doc **ret, struct err *err);
int complain(int code, const struct err *err);
uint64_t now_ms(void);

/* show.c: a status for a person. `at` is the path of the status object within the document. */
struct view {
	FILE *out;
	int fd;          /* whose terminal decides on colour and width */
	uint64_t age_ms; /* since the document came: durations have gone on by so much */
};
void show_headline(const struct proto_doc *doc, const char *at, FILE *out);
void show_status(const struct proto_doc *doc, const char *at, const struct view *view);
/* "ok" green, "fail" red, else yellow, on a terminal; one row, its last column cut to the width. */
void show_row(FILE *out, const char *name, const char *verdict, const char *evidence);
const char *doc_sub(const char *at, const char *name); /* "at.name", static buffers */

/* board.c: the status of a subscription, redrawn in place. */
struct board {
	bool tty;
	unsigned rows; /* of the last picture */
	uint64_t taken_ms;
	char state[32];
	struct proto_doc *doc; /* owned */
};
void board_init(struct board *b);
void board_finish(struct board *b);
/* Shows `doc` and keeps it. */
void board_take(struct board *b, struct proto_doc *doc);
/* client_next, but the picture goes on while nothing comes. */
int board_next(struct board *b, struct client *c, uint64_t timeout_ms, struct proto_doc **ret,
	struct err *err);

/* cmd_explain.c: docs/repair.md holds what this writes. */
void explain_markdown(FILE *out);

int cmd_status(const struct options *o);
int cmd_wait(const struct options *o);
int cmd_start(const struct options *o);
int cmd_stop(const struct options *o);
int cmd_restart(const struct options *o);
int cmd_pause(const struct options *o);
int cmd_resume(const struct options *o);
int cmd_why(const struct options *o);
int cmd_explain(const struct options *o);
int cmd_repair(const struct options *o);
int cmd_repairs(const struct options *o);
int cmd_accept(const struct options *o);
int cmd_reload(const struct options *o);
int cmd_logs(const struct options *o);
int cmd_events(const struct options *o);
int cmd_config(const struct options *o);
int cmd_version(const struct options *o);
int cmd_help(const struct options *o);

#endif
