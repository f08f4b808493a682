/*
 * job: a command of ours with a deadline: in its own session, without standard input, its output
 * kept up to a limit. When the deadline passes, the whole process group is killed: ssh's and
 * colima's children hang with them (F09).
 */
#ifndef DAEMON_JOB_H
#define DAEMON_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define JOB_OUT_MAX 2048
#define JOB_LATE    (-1) /* status of a job that was killed at its deadline */
#define JOB_NO_EXEC (-2) /* of one that could not be started */

struct job {
	uv_process_t process;
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned open_handles;
	bool running, late, cancelled;
	int status;
	size_t len;
	char out[JOB_OUT_MAX]; /* terminated; what does not fit is dropped */
	void (*done)(struct job *job, void *arg);
	void *arg;
};

/* Zeroed is a valid start. `done` is called once, later, when everything of it is closed: status is
 * the exit code, 128 + signal, or one of the above. -EBUSY when it runs already. */
int job_start(struct job *job, uv_loop_t *loop, char *const argv[], char **env, const char *cwd,
	uint64_t limit_ms, void (*done)(struct job *job, void *arg), void *arg);

/* Kills it; `done` is not called. Harmless when it does not run. */
void job_cancel(struct job *job);

#endif
