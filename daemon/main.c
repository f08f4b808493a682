/* colima-pulsed [-f FILE] [-n] [-V] */

#include <stdio.h>
#include <unistd.h>

#include "boot.h"
#include "host/host.h"

static int
usage(void)
{
	fprintf(stderr,
		"usage: colima-pulsed [-f FILE] [-n] [-V]\n"
		"  -f FILE  configuration (default %s)\n"
		"  -n       check the configuration and exit\n"
		"  -V       print the version and exit\n",
		host_defaults()->conf_path);
	return BOOT_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	const char *conf_path = host_defaults()->conf_path;
	bool check_only = false;
	int option;

	while ((option = getopt(argc, argv, "f:nV")) != -1) {
		switch (option) {
		case 'f':
			conf_path = optarg;
			break;
		case 'n':
			check_only = true;
			break;
		case 'V':
			printf("colima-pulsed %s\n", PULSE_VERSION);
			return BOOT_EXIT_OK;
		default:
			return usage();
		}
	}
	if (optind != argc)
		return usage();
	return boot(conf_path, check_only);
}
