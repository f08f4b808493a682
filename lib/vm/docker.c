#include "vm/docker.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/str.h"

static void
take_text(const json_t *value, char *buf, size_t size)
{
	str_escape(buf, size, json_is_string(value) ? json_string_value(value) : "",
		json_string_length(value));
}

int
docker_parse_info(const char *body, size_t len, struct docker_info *ret, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(body, len, 0, &why);

	take_text(json_object_get(root, "ID"), ret->id, sizeof(ret->id));
	take_text(json_object_get(root, "ServerVersion"), ret->version, sizeof(ret->version));
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(err, -EPROTO, "/info: not a JSON object: %s", why.text);
	}
	json_decref(root);
	if (!ret->version[0])
		return err_set(err, -EPROTO, "/info: no ServerVersion");
	return 0;
}

/* One published port as `docker ps` would show it; the same port on :: is the same port. */
static void
add_port(const json_t *port, char *buf, size_t size)
{
	json_int_t public = json_integer_value(json_object_get(port, "PublicPort"));
	json_int_t private = json_integer_value(json_object_get(port, "PrivatePort"));
	const char *type = json_string_value(json_object_get(port, "Type"));
	char text[64], proto[16];
	size_t len = strlen(buf);

	if (public <= 0)
		return;
	str_escape(proto, sizeof(proto), type ? type : "?", type ? strlen(type) : 1);
	(void)str_fmt(
		text, sizeof(text), "%lld->%lld/%s", (long long)public, (long long)private, proto);
	if (!strstr(buf, text) && len + strlen(text) + 3 < size)
		(void)str_fmt(buf + len, size - len, "%s%s", len ? ", " : "", text);
}

static void
take_container(const json_t *item, struct docker_container *ret)
{
	const json_t *name = json_array_get(json_object_get(item, "Names"), 0);
	const json_t *port;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	take_text(name, ret->name, sizeof(ret->name));
	if (ret->name[0] == '/')
		memmove(ret->name, ret->name + 1, strlen(ret->name));
	take_text(json_object_get(item, "Image"), ret->image, sizeof(ret->image));
	take_text(json_object_get(item, "State"), ret->state, sizeof(ret->state));
	json_array_foreach(json_object_get(item, "Ports"), i, port)
		add_port(port, ret->ports, sizeof(ret->ports));
}

int
docker_parse_containers(
	const char *body, size_t len, struct docker_containers *ret, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(body, len, 0, &why);
	const json_t *item;
	size_t i;

	ret->n_running = ret->n = 0;
	if (!json_is_array(root)) {
		json_decref(root);
		return err_set(err, -EPROTO, "/containers/json: not a JSON array: %s", why.text);
	}
	json_array_foreach(root, i, item)
	{
		ret->n_running++;
		if (ret->n < DOCKER_CONTAINERS_MAX)
			take_container(item, &ret->list[ret->n++]);
	}
	json_decref(root);
	return 0;
}
