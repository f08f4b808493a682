/* pulsectl config: needs no daemon. */

#include <string.h>

#include "base/str.h"
#include "ctl.h"
#include "host/host.h"

static const char *
conf_path(const struct options *o)
{
	return o->file ? o->file : host_defaults()->conf_path;
}

static int
load(const struct options *o, struct conf *conf)
{
	static struct conf_notes notes;
	int rc = conf_load(conf, conf_path(o), &notes);

	for (size_t i = 0; i < notes.n; i++)
		fprintf(stderr, "%s: %s\n",
			notes.note[i].severity == CONF_ERROR ? "error" : "warning",
			notes.note[i].text);
	if (notes.n_lost > 0)
		fprintf(stderr, "... and %zu more\n", notes.n_lost);
	return rc < 0 || (o->strict && notes.n > 0) ? CTL_NO : CTL_YES;
}

static int
check(const struct options *o)
{
	static struct conf conf;
	int rc = load(o, &conf);

	if (rc == CTL_YES)
		printf("%s: configuration OK\n", conf_path(o));
	return rc;
}

static int
show(const struct options *o)
{
	static struct conf conf;
	int rc = load(o, &conf);

	conf_print(&conf, stdout);
	return rc;
}

static int template(const struct options *o)
{
	(void)o;
	conf_template(stdout);
	return CTL_YES;
}

/* For the man page; not in the usage text. */
static int
mdoc(const struct options *o)
{
	(void)o;
	conf_print_mdoc(stdout);
	return CTL_YES;
}

int
cmd_config(const struct options *o)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *o);
	} parts[] = {{"check", check}, {"show", show}, {"template", template}, {"mdoc", mdoc}};

	for (size_t i = 0; o->argc == 1 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, o->argv[0]) == 0)
			return parts[i].run(o);
	}
	fprintf(stderr, "pulsectl: config: say check, show or template\n");
	return CTL_USAGE;
}
