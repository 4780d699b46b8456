#include "config/certs.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "config/env.h"
#include "file.h"

#include <errno.h>
#include <stdlib.h>

void certs_fini(struct certs *c)
{
	free(c->dir);
	strv_fini(&c->ca);
	free(c->cert);
	free(c->key);
	*c = (struct certs){0};
}

/* "X" + from is there: is "X" + to as well? */
static int check_pair(const char *dir, const char *name, const char *from, const char *to,
		      struct err *err)
{
	int stem = (int)(strlen(name) - strlen(from));
	AUTO_FREE char *other = str_fmt("%s/%.*s%s", dir, stem, name, to);

	if (!other)
		return err_nomem(err);
	if (config_exists(other))
		return 0;
	return err_set(err, ERR_INVALID, "%s/%s: there is no %.*s%s beside it", dir, name, stem,
		       name, to);
}

static int take_file(struct certs *c, const char *name, struct err *err)
{
	int r;

	if (str_ends(name, ".crt"))
		return strv_addf(&c->ca, err, "%s/%s", c->dir, name);
	if (str_ends(name, ".key"))
		return check_pair(c->dir, name, ".key", ".cert", err);
	if (!str_ends(name, ".cert"))
		return 0;
	r = check_pair(c->dir, name, ".cert", ".key", err);
	if (r < 0 || c->cert)
		return r;
	c->cert = str_fmt("%s/%s", c->dir, name);
	c->key = str_fmt("%s/%.*s.key", c->dir, (int)(strlen(name) - strlen(".cert")), name);
	return c->cert && c->key ? 0 : err_nomem(err);
}

/* Without a dot in front, by name. */
static int list_names(DIR *d, struct strv *ret, struct err *err)
{
	struct dirent *e;
	size_t at;
	int r;

	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		for (at = 0; at < ret->n && strcmp(ret->v[at], e->d_name) < 0; at++)
			;
		r = strv_insert(ret, at, e->d_name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 1 when dir is there and was read (an unreadable one is passed over, as podman does). */
static int read_dir(const char *dir, struct certs *c, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = *dir ? opendir(dir) : NULL;
	AUTO_STRV struct strv names = STRV_INIT;
	size_t i;
	int r;

	if (!d) {
		if (*dir && errno != ENOENT && errno != ENOTDIR)
			log_debug("%s: %m", dir);
		return 0;
	}
	r = str_set(&c->dir, dir, err);
	if (r == 0)
		r = list_names(d, &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		r = take_file(c, names.v[i], err);
	return r < 0 ? r : 1;
}

static int find_default(const struct config_env *env, const char *host, struct certs *c,
			struct err *err)
{
	AUTO_FREE char *below = str_fmt(".config/containers/certs.d/%s", host);
	AUTO_FREE char *user = below ? config_home_path(env, below) : NULL;
	AUTO_FREE char *system = str_fmt("%s/etc/containers/certs.d/%s", env->prefix, host);
	AUTO_FREE char *docker = str_fmt("%s/etc/docker/certs.d/%s", env->prefix, host);
	int r;

	if (!user || !system || !docker)
		return err_nomem(err);
	r = read_dir(user, c, err);
	if (r == 0)
		r = read_dir(system, c, err);
	if (r == 0)
		r = read_dir(docker, c, err);
	return r;
}

int certs_find(const struct config_env *env, const char *host, const char *cert_dir,
	       struct certs *ret, struct err *err)
{
	AUTO_CERTS struct certs c = {0};
	int r;

	/* The name comes from a reference, whose grammar has no such host; be sure. */
	if (strchr(host, '/') || streq(host, "..") || streq(host, "."))
		return err_set(err, ERR_INVALID, "\"%s\" is not a registry", host);
	r = cert_dir ? read_dir(cert_dir, &c, err) : find_default(env, host, &c, err);
	if (r < 0)
		return r;
	if (r == 0 && cert_dir)
		return err_set(err, ERR_NOT_FOUND, "--cert-dir: cannot read directory %s",
			       cert_dir);
	*ret = c;
	c = (struct certs){0};
	return 0;
}
