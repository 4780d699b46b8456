/* kist login, kist logout */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "config/registries.h"
#include "sys/fd.h"
#include "sys/tty.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_MAX ((size_t)64 << 10)

/* Which file login and logout change. */
struct authfile_args {
	const char *authfile, *compat;
};

#define FILE_AT(member) offsetof(struct authfile_args, member)

static const struct opt authfile_opts[] = {
    {0, "authfile", OPT_STRING, FILE_AT(authfile), "PATH", "File that keeps the credentials",
     .complete = "files"},
    {0, "compat-auth-file", OPT_STRING, FILE_AT(compat), "PATH",
     "File that docker reads, too (config.json)", .complete = "files"},
    {0},
};

static int choose_file(struct app *app, const struct authfile_args *a, struct err *err)
{
	if (a->authfile && a->compat)
		return err_set(err, ERR_INVALID,
			       "options for paths to the credential file and to the "
			       "Docker-compatible credential file can not be set simultaneously");
	app->auth.authfile = a->authfile;
	app->auth.compat_authfile = a->compat;
	return 0;
}

struct login_args {
	const char *user, *password, *cert_dir;
	struct authfile_args file;
	bool password_stdin, get_login, verbose;
	int tls_verify;
};

#define AT(member) offsetof(struct login_args, member)

static const struct opt login_opts[] = {
    {0, "cert-dir", OPT_STRING, AT(cert_dir), "DIR", "Certificates of the registry",
     .complete = "dirs"},
    {0, "get-login", OPT_FLAG, AT(get_login), NULL, "Print the user name that is kept"},
    {'p', "password", OPT_STRING, AT(password), "PASSWORD", "Password"},
    {0, "password-stdin", OPT_FLAG, AT(password_stdin), NULL, "Read the password from stdin"},
    {0, "tls-verify", OPT_TRISTATE, AT(tls_verify), NULL, "Require https and check certificates"},
    {'u', "username", OPT_STRING, AT(user), "USER", "User name"},
    {'v', "verbose", OPT_FLAG, AT(verbose), NULL, "Say where the credentials are kept"},
    {0},
};

static const struct opt_group login_groups[] = {
    {authfile_opts, AT(file), NULL},
    {0},
};

/* One line from the terminal, without echo for a password. */
static int prompt(const char *text, bool echo, struct buf *ret, struct err *err)
{
	struct termios saved, quiet;
	bool is_tty = tcgetattr(STDIN_FILENO, &saved) == 0;
	char c;
	ssize_t n;

	if (!is_tty)
		return err_set(
		    err, ERR_INVALID,
		    "there is no terminal to ask at: use --username and --password-stdin");
	(void)fd_write_all(STDERR_FILENO, text, strlen(text), "standard error", err);
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (!echo)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
		buf_addc(ret, c);
	if (!echo) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
		say("%s", "");
	}
	if (n < 0)
		return err_sys(err, errno, "reading from the terminal");
	return buf_check(ret, "the input", err);
}

static int get_password(const struct login_args *a, struct buf *ret, struct err *err)
{
	int r;

	if (a->password) {
		buf_adds(ret, a->password);
		return buf_check(ret, "the password", err);
	}
	if (!a->password_stdin)
		return prompt("Password: ", false, ret, err);
	r = fd_read_all(STDIN_FILENO, "standard input", ret, err);
	while (r == 0 && ret->len > 0 && strchr("\r\n", ret->ptr[ret->len - 1]))
		buf_truncate(ret, ret->len - 1);
	return r;
}

static int get_user(const struct login_args *a, struct buf *ret, struct err *err)
{
	if (!a->user)
		return prompt("Username: ", true, ret, err);
	buf_adds(ret, a->user);
	return buf_check(ret, "the user name", err);
}

static int print_login(struct app *app, const char *registry, struct err *err)
{
	AUTO_AUTH struct auth auth = {0};
	int r = auth_find(&app->env, &app->auth, registries_credential_helpers(app->registries),
			  registry, &auth, err);

	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "not logged into %s", registry);
	return r < 0 ? r : out_line(auth.user, err);
}

static int keep(struct app *app, const struct login_args *a, const char *registry, const char *user,
		const char *password, struct err *err)
{
	AUTO_FREE char *path = NULL;
	int r = auth_store(&app->env, &app->auth, registries_credential_helpers(app->registries),
			   registry, user, password, &path, err);

	if (r < 0)
		return r;
	if (a->verbose && path)
		say("The credentials are kept in %s", path);
	return out_line("Login Succeeded!", err);
}

static int which_registry(struct app *app, const struct strv *rest, const char **ret,
			  struct err *err)
{
	const struct strv *search = registries_search(app->registries);

	*ret = rest->n > 0 ? rest->v[0] : search->n > 0 ? search->v[0] : NULL;
	return *ret ? 0
		    : err_set(err, ERR_INVALID,
			      "please specify a registry: none is configured to be searched");
}

static int run_login(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_BUF struct buf user = BUF_INIT(SECRET_MAX), password = BUF_INIT(SECRET_MAX);
	struct image_remote remote = {.tls_verify = -1};
	const struct login_args *a = args;
	struct image_ctx ctx = app_image_ctx(app, a->file.authfile, NULL);
	const char *registry = NULL;
	int r;

	r = choose_file(app, &a->file, err);
	if (r == 0)
		r = which_registry(app, rest, &registry, err);
	if (r == 0)
		r = auth_key_check(registry, err);
	if (r < 0)
		return r;
	if (a->get_login)
		return print_login(app, registry, err);
	if (a->password_stdin && !a->user)
		return err_set(err, ERR_INVALID, "must provide --username with --password-stdin");
	if (a->password_stdin && a->password)
		return err_set(err, ERR_INVALID,
			       "--password and --password-stdin exclude each other");
	remote.tls_verify = a->tls_verify;
	remote.cert_dir = a->cert_dir;
	r = get_user(a, &user, err);
	if (r == 0)
		r = get_password(a, &password, err);
	if (r == 0)
		r = image_check_login(&ctx, registry, buf_str(&user), buf_str(&password), &remote,
				      err);
	if (r < 0)
		r = err_wrap(err, "logging into \"%s\"", registry);
	else
		r = keep(app, a, registry, buf_str(&user), buf_str(&password), err);
	if (password.ptr)
		explicit_bzero(password.ptr, password.cap);
	return r;
}

const struct verb verb_login = {
    .path = "login",
    .summary = "Check and keep credentials for a registry",
    .usage = "[options] [REGISTRY]",
    .opts = login_opts,
    .groups = login_groups,
    .args_size = sizeof(struct login_args),
    .defaults = &(const struct login_args){.tls_verify = -1},
    .max_args = 1,
    .needs = NEED_IMAGES,
    .run = run_login,
};

struct logout_args {
	struct authfile_args file;
	bool all;
};

static const struct opt logout_opts[] = {
    {'a', "all", OPT_FLAG, offsetof(struct logout_args, all), NULL, "All registries"},
    {0},
};

static const struct opt_group logout_groups[] = {
    {authfile_opts, offsetof(struct logout_args, file), NULL},
    {0},
};

/* A file that was misspelt is no "not logged in". */
static int check_there(const struct authfile_args *a, struct err *err)
{
	const char *path = a->authfile ? a->authfile : a->compat;

	if (!path || access(path, F_OK) == 0)
		return 0;
	return err_sys(err, errno, "credential file is not accessible: %s", path);
}

static int run_logout(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(SECRET_MAX);
	const struct logout_args *a = args;
	const char *registry;
	int r;

	r = choose_file(app, &a->file, err);
	if (r == 0)
		r = check_there(&a->file, err);
	if (r < 0)
		return r;
	if (a->all && rest->n > 0)
		return err_set(err, ERR_INVALID, "--all takes no registry");
	if (a->all) {
		r = auth_erase_all(&app->env, &app->auth, err);
		return r < 0 ? r : out_line("Removed login credentials for all registries", err);
	}
	r = which_registry(app, rest, &registry, err);
	if (r == 0)
		r = auth_erase(&app->env, &app->auth,
			       registries_credential_helpers(app->registries), registry, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "not logged into %s", registry);
	if (r < 0)
		return r;
	buf_addf(&b, "Removed login credentials for %s\n", registry);
	return out_buf(&b, err);
}

const struct verb verb_logout = {
    .path = "logout",
    .summary = "Forget credentials for a registry",
    .usage = "[options] [REGISTRY]",
    .opts = logout_opts,
    .groups = logout_groups,
    .args_size = sizeof(struct logout_args),
    .max_args = 1,
    .needs = NEED_REGISTRIES,
    .run = run_logout,
};
