/*
 * boot: from the command line to a running loop, in one order (docs/boot.md).
 */
#ifndef DAEMON_BOOT_H
#define DAEMON_BOOT_H

#include <stdbool.h>

/* Exit codes of colima-pulsed (sysexits). */
#define BOOT_EXIT_MAP(X) \
	X(OK, 0, "ended as asked") \
	X(USAGE, 64, "wrong command line") \
	X(NO_CONFIG, 66, "the configuration file cannot be read") \
	X(NO_USER, 67, "HOMEBREW_USER does not exist") \
	X(RUNNING, 69, "another daemon runs with this control socket or state folder") \
	X(OS, 71, "the operating system refused something essential") \
	X(PERMISSION, 77, "neither root nor HOMEBREW_USER") \
	X(CONFIG, 78, "the configuration is wrong")

#define X(id, code, help) BOOT_EXIT_##id = (code),
enum boot_exit { BOOT_EXIT_MAP(X) };
#undef X

int boot(const char *conf_path, bool check_only);

#endif
