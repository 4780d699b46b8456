/* From what was asked for, the image and the configuration to a definition. */
#include "plan.h"
#include "base/auto.h"
#include "base/err.h"
#include "config/containers.h"
#include "container/container.h"
#include "json/json.h"
#include "spec/image.h"
#include "spec/signals.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define HOSTNAME_LIMIT 64
#define ENV_MAX 10000

static bool looks_like_list(const char *s)
{
	return *s == '[';
}

/* --entrypoint '["a","b"]' */
static int parse_list(const char *text, struct strv *ret, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *item;
	int r;

	r = json_parse(text, strlen(text), 0, "--entrypoint", &doc, err);
	if (r < 0)
		return r;
	JSON_EACH(item, json_root(doc))
	{
		if (!json_text(item))
			return err_set(err, ERR_INVALID,
				       "--entrypoint: %s is not a list of strings", text);
		r = strv_add(ret, json_text(item), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int choose_entrypoint(const struct container_request *rq, struct container_process *p,
			     struct err *err)
{
	if (!rq->entrypoint)
		return rq->image ? strv_copy(&p->entrypoint, &rq->image->config.entrypoint, err)
				 : 0;
	if (looks_like_list(rq->entrypoint))
		return parse_list(rq->entrypoint, &p->entrypoint, err);
	return *rq->entrypoint ? strv_add(&p->entrypoint, rq->entrypoint, err) : 0;
}

static int plan_entrypoint(const struct container_request *rq, struct container_process *p,
			   struct err *err)
{
	int r = choose_entrypoint(rq, p, err);

	/* What podman's commit writes for a container of --entrypoint '': none. */
	if (r == 0 && p->entrypoint.n == 1 && !*p->entrypoint.v[0])
		strv_remove(&p->entrypoint, 0);
	return r;
}

/* The image's own command counts only when neither command nor entrypoint were given. */
static int plan_args(const struct container_request *rq, struct container_process *p,
		     struct err *err)
{
	size_t i;
	int r;

	r = plan_entrypoint(rq, p, err);
	if (r == 0 && rq->command && rq->command->n > 0)
		r = strv_copy(&p->cmd, rq->command, err);
	else if (r == 0 && !rq->entrypoint && rq->image)
		r = strv_copy(&p->cmd, &rq->image->config.cmd, err);
	if (r == 0)
		r = strv_copy(&p->args, &p->entrypoint, err);
	for (i = 0; r == 0 && i < p->cmd.n; i++)
		r = strv_add(&p->args, p->cmd.v[i], err);
	if (r == 0 && (p->args.n == 0 || !*p->args.v[0]))
		return err_set(
		    err, ERR_INVALID,
		    "no command or entrypoint provided, and no CMD or ENTRYPOINT from image");
	return r;
}

static int merge_env(struct strv *env, const struct strv *more, struct err *err)
{
	size_t i;
	int r = 0;

	/* Each is looked for among all: an image with very many would keep us busy for minutes. */
	if (more && more->n > ENV_MAX)
		return err_set(err, ERR_LIMIT, "more than %d environment variables", ENV_MAX);
	for (i = 0; r == 0 && more && i < more->n; i++)
		r = strv_env_set(env, more->v[i], err);
	return r;
}

static void unset(struct strv *env, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=') {
			strv_remove(env, i);
			return;
		}
}

/* What a container has without being asked. */
static int default_env(const struct container_request *rq, const struct containers_conf *conf,
		       struct strv *env, struct err *err)
{
	size_t i;
	int r;

	r = strv_env_set(env, DEFAULT_PATH, err);
	if (r == 0)
		r = strv_env_set(env, "container=podman", err);
	if (r == 0 && rq->terminal)
		r = strv_env_set(env, "TERM=xterm", err);
	if (r == 0)
		r = merge_env(env, &conf->env, err);
	if (r == 0 && rq->image)
		r = merge_env(env, &rq->image->config.env, err);
	for (i = 0; r == 0 && rq->unset_env && i < rq->unset_env->n; i++)
		unset(env, rq->unset_env->v[i]);
	return r;
}

static int plan_env(const struct container_request *rq, const struct containers_conf *conf,
		    struct container_process *p, struct err *err)
{
	int r = 0;

	if (!rq->unset_all_env)
		r = default_env(rq, conf, &p->env, err);
	return r < 0 ? r : merge_env(&p->env, rq->env, err);
}

static int plan_security(const struct container_request *rq, const struct containers_conf *conf,
			 struct container_process *p, struct err *err)
{
	const char *opt, *value;
	size_t i;
	int r;

	r = str_set(&p->seccomp, conf->seccomp_profile, err);
	for (i = 0; r == 0 && rq->security_opt && i < rq->security_opt->n; i++) {
		opt = rq->security_opt->v[i];
		if (streq(opt, "no-new-privileges") || streq(opt, "no-new-privileges=true") ||
		    streq(opt, "no-new-privileges:true"))
			p->no_new_privileges = true;
		else if (streq(opt, "no-new-privileges=false") ||
			 streq(opt, "no-new-privileges:false"))
			p->no_new_privileges = false;
		else if ((value = str_after(opt, "seccomp=")))
			r = str_set(&p->seccomp, value, err);
		else if (streq(opt, "label=disable") || streq(opt, "apparmor=unconfined"))
			continue; /* nothing of the kind is applied */
		else
			return err_set(
			    err, ERR_UNSUPPORTED,
			    "--security-opt %s: only no-new-privileges and seccomp= are built",
			    opt);
	}
	return r;
}

static int plan_stop(const struct container_request *rq, const struct containers_conf *conf,
		     struct container_process *p, struct err *err)
{
	const char *wanted = rq->stop_signal;
	char name[SIGNAL_NAME_MAX];
	int sig, r;

	if (str_empty(wanted) && rq->image)
		wanted = rq->image->config.stop_signal;
	if (str_empty(wanted))
		wanted = "SIGTERM";
	r = signal_parse(wanted, &sig, err);
	if (r < 0)
		return r;
	p->stop_timeout = rq->stop_timeout >= 0 ? rq->stop_timeout : conf->stop_timeout;
	return str_set(&p->stop_signal, signal_name(sig, name), err);
}

static int plan_process(const struct container_request *rq, const struct containers_conf *conf,
			struct container_process *p, struct err *err)
{
	const char *cwd = rq->workdir, *user = rq->user;
	int r;

	if (!cwd)
		cwd = rq->image && !str_empty(rq->image->config.working_dir)
			  ? rq->image->config.working_dir
			  : "/";
	if (*cwd != '/')
		return err_set(err, ERR_INVALID,
			       "the working directory \"%s\" is not an absolute path", cwd);
	if (!user)
		user = rq->image && rq->image->config.user ? rq->image->config.user : "";
	p->terminal = rq->terminal;
	p->stdin_open = rq->stdin_open;
	p->privileged = rq->privileged;
	p->init = rq->init || conf->init;
	r = plan_args(rq, p, err);
	if (r == 0)
		r = plan_env(rq, conf, p, err);
	if (r == 0)
		r = str_set(&p->cwd, cwd, err);
	if (r == 0)
		r = str_set(&p->user, user, err);
	if (r == 0)
		r = plan_capabilities(rq->cap_add, "--cap-add", &p->cap_add, err);
	if (r == 0)
		r = plan_capabilities(rq->cap_drop, "--cap-drop", &p->cap_drop, err);
	if (r == 0)
		r = plan_security(rq, conf, p, err);
	return r < 0 ? r : plan_stop(rq, conf, p, err);
}

static int plan_network(const struct container_request *rq, const struct containers_conf *conf,
			struct container_def *def, struct err *err)
{
	static const char *const known[] = {"none", "host", "private"};
	const char *net = rq->network ? rq->network : conf->netns;
	const char *near;
	size_t i;

	if (str_empty(net))
		net = "private";
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (streq(net, known[i]))
			return str_set(&def->network, net, err);
	if (!rq->network)
		return err_set(
		    err, ERR_UNSUPPORTED,
		    "containers.conf: netns = \"%s\": only none, host and private are built", net);
	near = str_nearest(net, known, ARRAY_LEN(known));
	return err_set(err, ERR_UNSUPPORTED,
		       "--network %s: only none, host and private are built%s%s", net,
		       near ? ": did you mean " : "", near ? near : "");
}

static int plan_log(const struct container_request *rq, const struct containers_conf *conf,
		    struct container_def *def, struct err *err)
{
	const char *driver = rq->log_driver;

	/* A configured journald is another engine's wish: containers log to files all the same. */
	if (!driver)
		driver = conf->log_driver && streq(conf->log_driver, "none") ? "none" : "k8s-file";
	if (streq(driver, "json-file"))
		driver = "k8s-file";
	if (!streq(driver, "k8s-file") && !streq(driver, "none"))
		return err_set(err, ERR_UNSUPPORTED,
			       "--log-driver %s: only k8s-file and none are built", driver);
	return str_set(&def->log_driver, driver, err);
}

static int plan_image(const struct container_request *rq, struct container_image *image,
		      struct err *err)
{
	int r = str_set(&image->id, rq->image_id, err);

	if (r == 0)
		r = str_set(&image->name, rq->image_name, err);
	if (r == 0)
		r = str_set(&image->digest, rq->image_digest, err);
	return r < 0 ? r : str_set(&image->top_layer, rq->top_layer, err);
}

/* "key=value", or a key alone for an empty value. what: the option, in errors. */
static int add_pairs(const struct strv *given, const char *what, struct strv *to, struct err *err)
{
	char *eq;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && given && i < given->n; i++) {
		AUTO_FREE char *with =
		    str_fmt("%s%s", given->v[i], strchr(given->v[i], '=') ? "" : "=");

		eq = with ? strchr(with, '=') : NULL;
		if (!eq)
			return err_nomem(err);
		if (eq == with)
			return err_set(err, ERR_INVALID, "%s %s: the key is empty", what,
				       given->v[i]);
		r = strv_env_set(to, with, err);
	}
	return r;
}

static int plan_labels(const struct container_request *rq, const struct containers_conf *conf,
		       struct container_def *def, struct err *err)
{
	int r = 0;

	if (rq->image)
		r = strv_copy(&def->labels, &rq->image->config.labels, err);
	if (r == 0)
		r = add_pairs(rq->labels, "--label", &def->labels, err);
	if (r == 0)
		r = strv_copy(&def->annotations, &conf->annotations, err);
	return r < 0 ? r : add_pairs(rq->annotations, "--annotation", &def->annotations, err);
}

static int copy_resources(const struct container_resources *from, struct container_resources *to,
			  struct err *err)
{
	int r;

	*to = *from;
	to->cpuset_cpus = to->cpuset_mems = NULL;
	r = str_set(&to->cpuset_cpus, from->cpuset_cpus, err);
	return r < 0 ? r : str_set(&to->cpuset_mems, from->cpuset_mems, err);
}

static int plan_rest(const struct container_request *rq, const struct containers_conf *conf,
		     struct container_def *def, struct err *err)
{
	int r;

	def->read_only = rq->read_only || conf->read_only;
	def->auto_remove = rq->auto_remove;
	if (rq->hostname && strlen(rq->hostname) > HOSTNAME_LIMIT)
		return err_set(err, ERR_INVALID, "--hostname %s: longer than %d bytes",
			       rq->hostname, HOSTNAME_LIMIT);
	r = str_set(&def->hostname, rq->hostname, err);
	if (r == 0)
		r = plan_network(rq, conf, def, err);
	if (r == 0)
		r = plan_log(rq, conf, def, err);
	if (r == 0)
		r = plan_image(rq, &def->image, err);
	if (r == 0)
		r = plan_labels(rq, conf, def, err);
	if (r == 0)
		r = copy_resources(&rq->resources, &def->resources, err);
	return r < 0 ? r : plan_volumes(rq->volumes, rq->tmpfs, def, err);
}

int container_plan(const struct container_request *rq, const struct containers_conf *conf,
		   struct container_def *ret, struct err *err)
{
	AUTO_CONTAINER_DEF struct container_def def = CONTAINER_DEF_INIT;
	int r;

	def.version = CONTAINER_VERSION;
	r = plan_process(rq, conf, &def.process, err);
	if (r == 0)
		r = plan_rest(rq, conf, &def, err);
	if (r < 0)
		return r;
	*ret = def;
	def = (struct container_def)CONTAINER_DEF_INIT;
	return 0;
}
