/*
 * The stand-in: Colima and Lima as the daemon sees them from outside, for speed and for faults.
 *
 * It lays out files, pid files, locks, sockets, argv, groups and sessions as shared facts runtime
 * 2.1 to 2.12 and real-runs R1 to R16 record them (each function names its fact), around a real
 * qemu process: by default one without a guest, with `guest=` in the scenario a real guest with a
 * real Docker Engine behind a real ssh master (the rig). README.md lists the scenario's keys.
 */
#ifndef STANDIN_H
#define STANDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PATH_LEN 512

/* Where everything of a profile is (runtime 2.1). */
struct world {
	char home[PATH_LEN], base[PATH_LEN], lima_home[PATH_LEN];
	char id[128], profile[128];
	char inst[PATH_LEN], cfg[PATH_LEN], net[PATH_LEN], bin[PATH_LEN];
	char user[64];
};

int world_init(struct world *w, const char *profile);
const char *at(const char *dir, const char *name); /* dir/name, a few static buffers */
void make_dirs(const char *path, mode_t mode);
void write_file(const char *path, mode_t mode, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool read_text(const char *path, char *buf, size_t size);
pid_t read_pid(const char *path); /* 0: none; a dead one's file is removed (runtime 2.2) */
bool alive(pid_t pid);
void nap(int ms);
void self_path(char *buf, size_t size);
int listen_at(const char *path, mode_t mode);
bool connects(const char *path); /* somebody listens there */

/* The scenario: KEY=VALUE lines, read anew at each question. */
const char *scenario(const struct world *w, const char *key, const char *fallback);
long scenario_num(const struct world *w, const char *key, long fallback);

/* logrus on stderr: time="..." level=info msg="..." [context=...] (transcripts). */
void say(const char *level, const char *context, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Runs a command and returns its exit status; output goes to `log` (-1: our stderr). */
int run(char *const argv[], int log);

int colima_main(int argc, char **argv);
int limactl_main(int argc, char **argv);
int hostagent_main(const struct world *w);
int engine_main(const struct world *w); /* the ssh master and dockerd of the fast mode */

/* guest.c: the real guest. */
bool guest_wanted(const struct world *w);
int guest_prepare(const struct world *w);
void guest_ssh_config(const struct world *w, int port);
int guest_ssh(const struct world *w, bool fresh, const char *command, int log);
int guest_master(const struct world *w, int log);
int guest_forward(
	const struct world *w, const char *verb, const char *host_sock, const char *guest_sock);
void guest_master_exit(const struct world *w);

/* ssh.c: the fast mode's ssh. */
int ssh_main(int argc, char **argv);
int ask_master(const struct world *w, const char *verb, const char *path); /* -O VERB */
bool docker_restarted(const struct world *w); /* since the VM started */

/* hostagent.c: starts engine_main as a process of its own, titled as a master; its pid. */
pid_t start_engine(const struct world *w);

/* limactl.c */
int limactl_start(const struct world *w);
int limactl_stop(const struct world *w, bool force);
const char *instance_status(const struct world *w); /* Running, Stopped, Broken (runtime 2.2) */

#endif
