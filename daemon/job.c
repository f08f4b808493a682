#include "job.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
on_closed(uv_handle_t *handle)
{
	struct job *job = handle->data;

	if (--job->open_handles > 0)
		return;
	job->running = false;
	if (!job->cancelled)
		job->done(job, job->arg);
}

static void
close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

/* Over when the process has ended and its output has been read to the end: a background child that
 * holds the pipe (ssh's new master) would keep it open, so the process's end is enough. */
static void
on_exit(uv_process_t *process, int64_t status, int signum)
{
	struct job *job = process->data;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&job->pipe, &fd) == 0) {
		ssize_t n = read(fd, job->out + job->len, JOB_OUT_MAX - 1 - job->len);

		if (n > 0)
			job->len += (size_t)n;
	}
	job->out[job->len] = '\0';
	job->status = job->late ? JOB_LATE : signum > 0 ? 128 + signum : (int)status;
	close_handle((uv_handle_t *)&job->timer);
	close_handle((uv_handle_t *)&job->pipe);
	close_handle((uv_handle_t *)process);
}

static void
on_timeout(uv_timer_t *timer)
{
	struct job *job = timer->data;

	job->late = true;
	(void)kill(-job->process.pid, SIGKILL);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char rest[1024];
	struct job *job = handle->data;
	size_t room = JOB_OUT_MAX - 1 - job->len;

	(void)suggested;
	if (room > 0)
		*buf = uv_buf_init(job->out + job->len, (unsigned)room);
	else
		*buf = uv_buf_init(rest, sizeof(rest));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct job *job = stream->data;

	if (n > 0 && buf->base >= job->out && buf->base < job->out + JOB_OUT_MAX)
		job->len += (size_t)n;
	else if (n < 0)
		(void)uv_read_stop(stream);
}

static int
spawn(struct job *job, uv_loop_t *loop, char *const argv[], char **env, const char *cwd)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&job->pipe},
		{.flags = UV_IGNORE},
	};
	uv_process_options_t options = {
		.exit_cb = on_exit,
		.file = argv[0],
		.args = (char **)(uintptr_t)argv,
		.env = env,
		.cwd = cwd,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = stdio,
	};

	return uv_spawn(loop, &job->process, &options);
}

int
job_start(struct job *job, uv_loop_t *loop, char *const argv[], char **env, const char *cwd,
	uint64_t limit_ms, void (*done)(struct job *job, void *arg), void *arg)
{
	int rc;

	if (job->running)
		return -EBUSY;
	*job = (struct job){.running = true, .open_handles = 3, .done = done, .arg = arg};
	(void)uv_timer_init(loop, &job->timer);
	(void)uv_pipe_init(loop, &job->pipe, 0);
	job->timer.data = job->pipe.data = job->process.data = job;
	rc = env ? spawn(job, loop, argv, env, cwd) : -ENOMEM;
	if (rc < 0) {
		job->status = JOB_NO_EXEC;
		(void)strncpy(job->out, uv_strerror(rc), JOB_OUT_MAX - 1);
		if (!env)
			job->open_handles--; /* the process's handle was never initialised */
		close_handle((uv_handle_t *)&job->timer);
		close_handle((uv_handle_t *)&job->pipe);
		if (env)
			close_handle((uv_handle_t *)&job->process);
		return 0;
	}
	(void)uv_timer_start(&job->timer, on_timeout, limit_ms, 0);
	(void)uv_read_start((uv_stream_t *)&job->pipe, on_alloc, on_read);
	return 0;
}

void
job_cancel(struct job *job)
{
	if (!job->running || job->cancelled)
		return;
	job->cancelled = true;
	if (uv_is_active((uv_handle_t *)&job->process))
		(void)kill(-job->process.pid, SIGKILL); /* on_exit closes the handles */
}
