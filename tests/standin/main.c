#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "standin.h"

/* The path we were started by, for the links beside us. */
static void
remember_self(const char *argv0)
{
	char path[PATH_MAX], real[PATH_MAX], dirs[8192], *save = NULL;
	const char *search = getenv("PATH");

	if (strchr(argv0, '/')) {
		if (realpath(argv0, real))
			(void)setenv("STANDIN_SELF", real, 1);
		return;
	}
	(void)snprintf(dirs, sizeof(dirs), "%s", search ? search : "");
	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, argv0);
		if (access(path, X_OK) == 0 && realpath(path, real)) {
			(void)setenv("STANDIN_SELF", real, 1);
			return;
		}
	}
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	struct world w;

	/* "ssh: INST/ssh.sock [mux]" is how a master calls itself (runtime 2.6). */
	if (strncmp(argv[0], "ssh: ", 5) == 0)
		return world_init(&w, getenv("STANDIN_PROFILE")) ? 1 : engine_main(&w);
	name = name ? name + 1 : argv[0];
	remember_self(argv[0]);
	if (strcmp(name, "colima") == 0)
		return colima_main(argc, argv);
	if (strcmp(name, "limactl") == 0)
		return limactl_main(argc, argv);
	if (strcmp(name, "ssh") == 0)
		return ssh_main(argc, argv);
	if (strcmp(name, "docker") == 0) {
		/* Colima only wants a docker client to exist (runtime 2.10). */
		printf("Docker version 0.0.0, build standin\n");
		return 0;
	}
	fprintf(stderr, "standin: call me colima, limactl, ssh or docker\n");
	return 2;
}
