#include "spec/transport.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/ref.h"

#include <ctype.h>
#include <stdlib.h>

#define INDEX_MAX_ INT32_MAX
#define OCI_NAME_MAX 512

static const char *const names[] = {
    [TRANSPORT_DIR] = "dir",
    [TRANSPORT_OCI] = "oci",
    [TRANSPORT_OCI_ARCHIVE] = "oci-archive",
    [TRANSPORT_DOCKER_ARCHIVE] = "docker-archive",
    [TRANSPORT_STORAGE] = "containers-storage",
};

static const char *const unsupported[] = {"docker-daemon", "ostree", "sif", "tarball"};

void place_fini(struct image_place *p)
{
	free(p->path);
	free(p->name);
	*p = (struct image_place)PLACE_INIT;
}

const char *transport_name(enum transport t)
{
	return names[t];
}

/* How many bytes of what may stand between two runs of letters of a name in a layout. */
static size_t separator_len(const char *s)
{
	if (s[0] == '-' && s[1] == '-')
		return 2;
	return *s && strchr("-._:@+/", *s) ? 1 : 0;
}

/* The grammar of the OCI image spec for org.opencontainers.image.ref.name. */
static bool is_oci_name(const char *s)
{
	const char *start = s;

	for (;;) {
		if (!isalnum((unsigned char)*s))
			return false;
		while (isalnum((unsigned char)*s))
			s++;
		if (!*s)
			return s - start <= OCI_NAME_MAX;
		s += separator_len(s);
	}
}

static int complete_name(const char *text, char **ret, struct err *err)
{
	AUTO_REF struct ref ref = REF_INIT;
	int r = ref_parse(text, &ref, err);

	if (r == 0 && ref.digest)
		r = err_set(err, ERR_INVALID, "%s: a tag is wanted, not a digest", text);
	if (r == 0)
		r = ref_add_latest(&ref, err);
	if (r < 0)
		return r;
	*ret = ref_string(&ref);
	return *ret ? 0 : err_nomem(err);
}

/* What follows the path. */
static int parse_member(const char *text, struct image_place *p, struct err *err)
{
	if (*text == '@')
		return parse_i64(text + 1, "the image's place in the archive", 0, INDEX_MAX_,
				 &p->index, err);
	if (p->transport == TRANSPORT_DOCKER_ARCHIVE)
		return complete_name(text, &p->name, err);
	if (!*text)
		return 0;
	if (!is_oci_name(text))
		return err_set(err, ERR_INVALID, "%s is no name of an image in an OCI layout",
			       text);
	return str_set(&p->name, text, err);
}

/* Only the path of "dir" may have colons. */
static int parse_path(const char *text, struct image_place *p, struct err *err)
{
	const char *colon = p->transport == TRANSPORT_DIR ? NULL : strchr(text, ':');
	struct str path = {text, colon ? (size_t)(colon - text) : strlen(text)};

	if (path.len == 0)
		return err_set(err, ERR_INVALID, "a path is missing after \"%s:\"",
			       names[p->transport]);
	p->path = str_dup(path);
	if (!p->path)
		return err_nomem(err);
	return colon ? parse_member(colon + 1, p, err) : 0;
}

static int parse_stored(const char *text, struct image_place *p, struct err *err)
{
	if (*text == '[')
		return err_set(err, ERR_UNSUPPORTED,
			       "another store is chosen by --root and --runroot");
	return complete_name(text, &p->name, err);
}

static int find_transport(struct str scheme, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(scheme, names[i]))
			return (int)i;
	for (i = 0; i < ARRAY_LEN(unsupported); i++)
		if (str_eq(scheme, unsupported[i]))
			return err_set(err, ERR_UNSUPPORTED,
				       "the transport \"%s:\" is not supported", unsupported[i]);
	return (int)ARRAY_LEN(names);
}

bool place_is_one(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t i;

	for (i = 0; colon && i < ARRAY_LEN(names); i++)
		if (str_eq((struct str){text, (size_t)(colon - text)}, names[i]))
			return true;
	return false;
}

int place_parse(const char *text, struct image_place *ret, struct err *err)
{
	AUTO_PLACE struct image_place p = PLACE_INIT;
	const char *colon = strchr(text, ':');
	int r;

	if (!colon)
		return 0;
	r = find_transport((struct str){text, (size_t)(colon - text)}, err);
	if (r == (int)ARRAY_LEN(names))
		return 0;
	if (r >= 0) {
		p.transport = (enum transport)r;
		r = p.transport == TRANSPORT_STORAGE ? parse_stored(colon + 1, &p, err)
						     : parse_path(colon + 1, &p, err);
	}
	if (r < 0)
		return err_wrap(err, "%s", text);
	*ret = p;
	p = (struct image_place)PLACE_INIT;
	return 1;
}
