#include <signal.h>

#include "ctl.h"

int
main(int argc, char **argv)
{
	const struct command *command;
	struct options o;
	int rc;

	(void)signal(SIGPIPE, SIG_IGN);
	rc = options_parse(&o, argc, argv, &command);
	if (rc != CTL_YES || !command)
		return rc;
	return command->run(&o);
}
