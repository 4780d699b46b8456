#include "opts_create.h"
#include "envlist.h"
#include "pull_child.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/image.h"
#include "spec/transport.h"
#include "store/image.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stddef.h>

#define AT(member) offsetof(struct create_args, member)

const struct opt create_opts[] = {
    {0, "annotation", OPT_STRINGS, AT(annotations), "KEY=VALUE", "Set an annotation"},
    {0, "authfile", OPT_STRING, AT(authfile), "PATH", "File with credentials", .complete = "files"},
    {0, "cap-add", OPT_CSV, AT(cap_add), "CAP", "Add a capability, or ALL"},
    {0, "cap-drop", OPT_CSV, AT(cap_drop), "CAP", "Drop a capability, or ALL"},
    {0, "cert-dir", OPT_STRING, AT(cert_dir), "DIR", "Certificates of the registry",
     .complete = "dirs"},
    {0, "cidfile", OPT_STRING, AT(cidfile), "FILE", "Write the container's ID to this file",
     .complete = "files"},
    {0, "cpu-period", OPT_INT, AT(cpu_period), "US", "Length of a CPU quota's period"},
    {0, "cpu-quota", OPT_INT, AT(cpu_quota), "US", "CPU time in each period"},
    {'c', "cpu-shares", OPT_UINT, AT(cpu_shares), "N", "CPU weight against other containers"},
    {0, "cpus", OPT_STRING, AT(cpus), "N", "Number of CPUs, such as 1.5"},
    {0, "cpuset-cpus", OPT_STRING, AT(cpuset_cpus), "LIST", "CPUs to run on, such as 0-2,4"},
    {0, "cpuset-mems", OPT_STRING, AT(cpuset_mems), "LIST", "Memory nodes to use"},
    {0, "creds", OPT_STRING, AT(creds), "USER[:PASSWORD]", "Credentials for the registry"},
    {0, "disable-content-trust", OPT_NOTHING, 0, NULL,
     "As docker without its content trust: has no effect, there is none", .flags = OPT_NO_VALUE},
    {0, "entrypoint", OPT_STRING, AT(entrypoint), "COMMAND",
     "Replace the image's entrypoint; text or a JSON list"},
    {'e', "env", OPT_STRINGS, AT(env), "NAME[=VALUE]", "Set an environment variable"},
    {0, "env-file", OPT_STRINGS, AT(env_file), "FILE", "Read environment variables from a file",
     .complete = "files"},
    {0, "env-host", OPT_FLAG, AT(env_host), NULL, "Set all environment variables that we have"},
    {'h', "hostname", OPT_STRING, AT(hostname), "NAME", "The container's host name"},
    {0, "init", OPT_FLAG, AT(init), NULL, "Run an init that forwards signals and reaps processes"},
    {'i', "interactive", OPT_FLAG, AT(stdin_open), NULL, "Keep standard input open"},
    {'l', "label", OPT_STRINGS, AT(labels), "KEY=VALUE", "Set a label"},
    {0, "label-file", OPT_STRINGS, AT(label_file), "FILE", "Read labels from a file",
     .complete = "files"},
    {0, "log-driver", OPT_STRING, AT(log_driver), "DRIVER", "Where output is kept: k8s-file, none"},
    {'m', "memory", OPT_SIZE, AT(memory), "BYTES", "Memory limit, such as 512m"},
    {0, "memory-swap", OPT_STRING, AT(memory_swap), "BYTES", "Memory and swap limit, -1: no limit"},
    {0, "name", OPT_STRING, AT(name), "NAME", "The container's name"},
    {0, "network", OPT_STRING, AT(network), "MODE", "none, host or private"},
    {0, "net", OPT_STRING, AT(network), "MODE", "As --network", .flags = OPT_DEPRECATED},
    {0, "no-healthcheck", OPT_NOTHING, 0, NULL,
     "Leave out healthchecks: has no effect, there are none", .flags = OPT_NO_VALUE},
    {0, "pids-limit", OPT_INT, AT(pids_limit), "N", "Limit of processes, -1: no limit"},
    {0, "privileged", OPT_FLAG, AT(privileged), NULL, "Give all rights and devices that we have"},
    {0, "pull", OPT_CHOICE, AT(pull), "WHEN", "Pull the image: always, missing, newer, never",
     .choices = "always|missing|newer|never"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Do not show the progress of a pull"},
    {0, "read-only", OPT_FLAG, AT(read_only), NULL, "Make the root file system read-only"},
    {0, "replace", OPT_FLAG, AT(replace), NULL, "Remove a container that has the same name"},
    {0, "rm", OPT_FLAG, AT(remove), NULL, "Remove the container when it ends"},
    {0, "security-opt", OPT_STRINGS, AT(security_opt), "OPTION",
     "no-new-privileges, seccomp=unconfined"},
    {0, "stop-signal", OPT_STRING, AT(stop_signal), "SIGNAL", "Signal that stops the container"},
    {0, "stop-timeout", OPT_INT, AT(stop_timeout), "SECONDS", "Time between stop signal and kill"},
    {0, "tls-verify", OPT_TRISTATE, AT(tls_verify), NULL, "Require https and check certificates"},
    {0, "tmpfs", OPT_STRINGS, AT(tmpfs), "PATH[:OPTIONS]", "Mount a tmpfs"},
    {'t', "tty", OPT_FLAG, AT(terminal), NULL, "Give the command a terminal"},
    {0, "unsetenv", OPT_STRINGS, AT(unset_env), "NAME",
     "Leave out an environment variable of the image or the configuration"},
    {0, "unsetenv-all", OPT_FLAG, AT(unset_all_env), NULL,
     "Leave out all environment variables but those given here"},
    {'u', "user", OPT_STRING, AT(user), "USER[:GROUP]", "User to run as, name or number"},
    {'v', "volume", OPT_STRINGS, AT(volumes), "SOURCE:TARGET[:OPTIONS]", "Bind-mount a path",
     .complete = "files"},
    {'w', "workdir", OPT_STRING, AT(workdir), "DIR", "Working directory of the command"},
    {0},
};

#define NANO_CPUS_PER_CPU 1000000000LL
#define CPU_PERIOD_US 100000LL
/* The kernel's shortest quota is a millisecond of the period. */
#define NANO_CPUS_MIN 10000000ULL
#define MEMORY_MIN (512ULL * 1024)

static int cpu_limits(const struct create_args *a, struct container_resources *res, struct err *err)
{
	uint64_t nano;
	int r;

	res->cpu_quota = a->cpu_quota;
	res->cpu_period = (uint64_t)a->cpu_period;
	res->cpu_shares = a->cpu_shares;
	res->cpuset_cpus = (char *)a->cpuset_cpus;
	res->cpuset_mems = (char *)a->cpuset_mems;
	if (!a->cpus)
		return 0;
	if (a->cpu_quota || a->cpu_period)
		return err_set(err, ERR_INVALID,
			       "--cpus cannot be used with --cpu-quota or --cpu-period");
	r = parse_nano(a->cpus, "--cpus", &nano, err);
	if (r < 0)
		return r;
	res->cpu_period = (uint64_t)CPU_PERIOD_US;
	if (nano > 0 && nano < NANO_CPUS_MIN)
		return err_set(err, ERR_INVALID, "--cpus: at least 0.01 is needed");
	res->cpu_quota = (int64_t)(nano / (NANO_CPUS_PER_CPU / CPU_PERIOD_US));
	return 0;
}

static int memory_limits(const struct create_args *a, struct container_resources *res,
			 struct err *err)
{
	uint64_t swap;
	int r;

	if (a->memory && a->memory < MEMORY_MIN)
		return err_set(err, ERR_INVALID, "--memory: at least 512k is needed");
	res->memory = (int64_t)a->memory;
	if (!a->memory_swap)
		return 0;
	if (streq(a->memory_swap, "-1")) {
		res->memory_swap = -1;
		return 0;
	}
	r = parse_size(a->memory_swap, "--memory-swap", &swap, err);
	if (r == 0 && (!a->memory || swap < a->memory))
		return err_set(
		    err, ERR_INVALID,
		    "--memory-swap is memory and swap together: it needs --memory and must not "
		    "be smaller");
	res->memory_swap = (int64_t)swap;
	return r;
}

/* For podman 0 is no limit, too. */
static int64_t pids_limit(const struct create_args *a)
{
	if (a->pids_limit == CREATE_NOT_GIVEN)
		return 0;
	return a->pids_limit > 0 ? a->pids_limit : -1;
}

static int fill_request(const struct create_args *a, struct container_request *rq, struct err *err)
{
	int r;

	rq->name = a->name;
	rq->entrypoint = a->entrypoint;
	rq->annotations = &a->annotations;
	rq->unset_env = &a->unset_env;
	rq->unset_all_env = a->unset_all_env;
	rq->workdir = a->workdir;
	rq->user = a->user;
	rq->hostname = a->hostname;
	rq->network = a->network;
	rq->volumes = &a->volumes;
	rq->tmpfs = &a->tmpfs;
	rq->cap_add = &a->cap_add;
	rq->cap_drop = &a->cap_drop;
	rq->security_opt = &a->security_opt;
	rq->stop_signal = a->stop_signal;
	rq->stop_timeout = a->stop_timeout;
	rq->log_driver = a->log_driver;
	rq->terminal = a->terminal;
	rq->stdin_open = a->stdin_open;
	rq->privileged = a->privileged;
	rq->read_only = a->read_only;
	rq->init = a->init;
	rq->auto_remove = a->remove;
	rq->resources.pids_limit = pids_limit(a);
	r = memory_limits(a, &rq->resources, err);
	return r < 0 ? r : cpu_limits(a, &rq->resources, err);
}

/* What is read from a directory or archive is found by its ID: it need not have a name. */
static int pull_place(struct app *app, const struct pull_request *rq, const struct image_ctx *ctx,
		      struct store_image **ret, char **ret_name, struct err *err)
{
	char id[STORE_ID_LEN + 1];
	int r = pull_in_child(app, rq, id, err);

	if (r == 0)
		r = image_get(ctx, id, ret, ret_name, err);
	if (r != 0 || (*ret)->names.n == 0)
		return r;
	*ret_name = strdup((*ret)->names.v[0]);
	return *ret_name ? 0 : err_nomem(err);
}

static int find_or_pull(struct app *app, const struct create_args *a, const char *text,
			struct store_image **ret, char **ret_name, struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, a->authfile, NULL);
	struct pull_request pull = {
	    .text = text,
	    .authfile = a->authfile,
	    .platform = &a->platform,
	    .retry = &a->retry,
	    .policy = streq(a->pull, "newer") ? "newer" : "always",
	    .quiet = a->quiet,
	    .remote = {a->tls_verify, a->cert_dir, a->creds},
	};
	char id[STORE_ID_LEN + 1];
	int r = 0;

	if (place_is_one(text))
		return pull_place(app, &pull, &ctx, ret, ret_name, err);
	if (streq(a->pull, "missing") || streq(a->pull, "never"))
		r = image_find(&ctx, text, ret, ret_name, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (streq(a->pull, "never"))
		return err_set(err, ERR_NOT_FOUND, "%s: image not known", text);
	r = pull_in_child(app, &pull, id, err);
	return r < 0 ? r : image_get(&ctx, text, ret, ret_name, err);
}

static int write_cidfile(const char *path, const char *id, struct err *err)
{
	int r;

	if (!path)
		return 0;
	r = file_create(AT_FDCWD, path, 0644, id, strlen(id), err);
	return r < 0 ? err_wrap(err, "--cidfile") : 0;
}

/* --replace */
static int remove_namesake(struct app *app, const char *name, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	int r;

	if (!name)
		return err_set(err, ERR_INVALID,
			       "cannot replace container without --name being set");
	r = container_open(app->containers, name, &c, err);
	/* An ID that begins like the name is another container. */
	if (r == -ERR_NOT_FOUND || (r == 0 && !streq(c->def.name, name))) {
		err_clear(err);
		return 0;
	}
	if (r == 0)
		r = container_remove(c, true, err);
	return r < 0 ? r : 0;
}

static int create(struct app *app, const struct create_args *a, const struct strv *rest,
		  const struct store_image *image, const char *image_name, struct container **ret,
		  struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	AUTO_STRV struct strv env = STRV_INIT, command = STRV_INIT, labels = STRV_INIT;
	struct image_ctx ctx = app_image_ctx(app, a->authfile, NULL);
	struct container_request rq = {
	    .image_id = image->id,
	    .image_name = image_name ? image_name : rest->v[0],
	    .image_digest = image->digest,
	    .top_layer = image->layer,
	    .image = &config,
	    .env = &env,
	    .labels = &labels,
	    .command = &command,
	};
	size_t i;
	int r;

	r = image_refuse_shifted(&ctx, image, err);
	if (r == 0)
		r = image_read_config(&ctx, image, &config, err);
	for (i = 1; r == 0 && i < rest->n; i++)
		r = strv_add(&command, rest->v[i], err);
	if (r == 0 && a->env_host)
		r = envlist_add_host(&env, err);
	if (r == 0)
		r = envlist_build(&a->env_file, &a->env, &env, err);
	if (r == 0)
		r = labellist_add(&a->label_file, &labels, err);
	for (i = 0; r == 0 && i < a->labels.n; i++)
		r = strv_add(&labels, a->labels.v[i], err);
	if (r == 0)
		r = fill_request(a, &rq, err);
	if (r == 0 && a->replace)
		r = remove_namesake(app, a->name, err);
	return r < 0 ? r : container_create(app->containers, &rq, ret, err);
}

int create_from_args(struct app *app, const struct create_args *a, const struct strv *rest,
		     struct container **ret, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_FREE char *name = NULL;
	struct err ignored = ERR_INIT;
	int r;

	r = find_or_pull(app, a, rest->v[0], &image, &name, err);
	if (r == 0)
		r = create(app, a, rest, image, name, ret, err);
	if (r < 0)
		return r;
	r = write_cidfile(a->cidfile, (*ret)->def.id, err);
	if (r < 0) {
		(void)container_remove(*ret, true, &ignored);
		container_close(TAKE(*ret));
	}
	return r;
}
