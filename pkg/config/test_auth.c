#include "base/buf.h"
#include "secret64.h"
#include "config/auth.h"
#include "test_dir.h"

#include <stdio.h>
#include <sys/stat.h>

#define RUN "/run/containers/1000/auth.json"

/* "user:password@source", "token:...", "none" or the error. */
static char *find(const struct machine *m, const struct auth_options *o, const char *key)
{
	AUTO_AUTH struct auth a = {0};
	struct err err = ERR_INIT;
	int r = auth_find(&m->env, o, NULL, key, &a, &err);

	if (r < 0)
		return strdup(err.text);
	if (r == 0)
		return strdup("none");
	if (a.identity_token)
		return str_fmt("token:%s", a.identity_token);
	return str_fmt("%s:%s", a.user, a.password);
}

#define DOCKER_TEXT                                                                                \
	"{\"auths\":{\"a.net\":{\"email\":\"x\"}},\"credsStore\":\"s\",\"credHelpers\":{\"h."      \
	"net\":\"vault\"}}"

static void assert_found(const struct machine *m, const char *key, const char *want)
{
	AUTO_FREE char *got = find(m, NULL, key);

	assert_string_equal(got, want);
}

static void base64_is_that_of_rfc_4648(void **state)
{
	static const char *const pairs[][2] = {
	    {"", ""},	     {"f", "Zg=="},	   {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
	static const char *const bad[] = {"Zg=", "Z", "Zg=v", "Z*==", "Zg===", "=", "Zm9vY==="};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO_BUF struct buf out = BUF_INIT(100), back = BUF_INIT(100);

		secret64_encode(pairs[i][0], strlen(pairs[i][0]), &out);
		assert_string_equal(buf_str(&out), pairs[i][1]);
		assert_true(secret64_decode(pairs[i][1], &back));
		assert_string_equal(buf_str(&back), pairs[i][0]);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_BUF struct buf out = BUF_INIT(100);

		assert_false(secret64_decode(bad[i], &out));
	}
}

static void the_most_specific_entry_of_the_first_file_counts(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 1000);
	assert_found(&m, "reg.net", "none");
	/* "u:p", "team:a:b", "x:y" */
	machine_file(&m, RUN,
		     "{\"auths\":{\"reg.net\":{\"auth\":\"dTpw\"},\"empty.net\":{},"
		     "\"reg.net/team\":{\"auth\":\"dGVhbTphOmI=\"},"
		     "\"tok.net\":{\"auth\":\"dTo=\",\"identitytoken\":\"T\"}}}");
	machine_file(&m, "/home/.docker/config.json",
		     "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"eDp5\"},"
		     "\"reg.net\":{\"auth\":\"eDp5\"},\"empty.net\":{\"auth\":\"eDp5\"}},"
		     "\"HttpHeaders\":{\"a\":1}}");
	machine_file(&m, "/home/.dockercfg", "{\"https://old.net/v1/\":{\"auth\":\"eDp5\"}}");
	assert_found(&m, "reg.net/other/app", "u:p");
	assert_found(&m, "reg.net/team/app", "team:a:b");
	assert_found(&m, "reg.net/teams", "u:p");
	assert_found(&m, "docker.io/library/busybox", "x:y");
	assert_found(&m, "empty.net", "x:y");
	assert_found(&m, "tok.net", "token:T");
	assert_found(&m, "old.net/a", "x:y");
	assert_found(&m, "other.net", "none");
}

static void a_broken_entry_is_told_only_when_nothing_else_is_found(void **state)
{
	AUTO_MACHINE struct machine m;
	AUTO_FREE char *want = NULL;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, RUN, "{\"auths\":{\"reg.net\":{\"auth\":\"***\"}}}");
	want = str_fmt("%s" RUN ": entry \"reg.net\": auth is not base64 of user:password", m.dir);
	assert_found(&m, "reg.net", want);
	machine_file(&m, "/home/.docker/config.json",
		     "{\"auths\":{\"reg.net\":{\"auth\":\"eDp5\"}}}");
	assert_found(&m, "reg.net", "x:y");
}

static void a_file_that_is_named_is_the_only_one(void **state)
{
	struct auth_options o = {0};
	AUTO_MACHINE struct machine m;
	AUTO_FREE char *path = NULL, *got = NULL, *none = NULL;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, RUN, "{\"auths\":{\"reg.net\":{\"auth\":\"dTpw\"}}}");
	machine_file(&m, "/a.json", "{\"auths\":{\"a.net\":{\"auth\":\"eDp5\"}}}");
	machine_set_path(&m, "REGISTRY_AUTH_FILE", "/a.json");
	assert_found(&m, "reg.net", "none");
	assert_found(&m, "a.net", "x:y");
	path = str_fmt("%s" RUN, m.dir);
	o.authfile = path;
	got = find(&m, &o, "reg.net");
	assert_string_equal(got, "u:p");
	o.authfile = "/nowhere/a.json";
	none = find(&m, &o, "reg.net");
	assert_string_equal(none, "--authfile: there is no file /nowhere/a.json");
}

static void login_keeps_what_else_is_in_the_file(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	AUTO_FREE char *path = NULL;
	AUTO_MACHINE struct machine m;
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, RUN, "{\"auths\":{\"a.net\":{\"auth\":\"eDp5\"}},\"extra\":{\"n\":1.5}}");
	assert_int_equal(auth_store(&m.env, NULL, NULL, "reg.net:5000", "u", "p", &path, &err), 0);
	assert_path(&m, path, RUN);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(AT_FDCWD, path, &text, &err), 1);
	assert_string_equal(buf_str(&text), "{\n\t\"auths\": {\n\t\t\"a.net\": {\n\t\t\t\"auth\": "
					    "\"eDp5\"\n\t\t},\n\t\t\"reg.net:5000\": {\n\t\t\t"
					    "\"auth\": \"dTpw\"\n\t\t}\n\t},\n\t\"extra\": {\n"
					    "\t\t\"n\": 1.5\n\t}\n}");
	assert_found(&m, "reg.net:5000/x", "u:p");
	assert_int_equal(auth_erase(&m.env, NULL, NULL, "reg.net:5000", &err), 1);
	assert_int_equal(auth_erase(&m.env, NULL, NULL, "reg.net:5000", &err), 0);
	assert_found(&m, "reg.net:5000", "none");
	assert_int_equal(auth_erase_all(&m.env, NULL, &err), 1);
	assert_int_equal(auth_erase_all(&m.env, NULL, &err), 0);
}

static void login_makes_the_file_and_its_directory(void **state)
{
	AUTO_FREE char *dir = NULL;
	AUTO_MACHINE struct machine m;
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	machine_make(&m, 1000);
	machine_set_path(&m, "XDG_RUNTIME_DIR", "/xdg");
	assert_int_equal(auth_store(&m.env, NULL, NULL, "a.net", "u", "p", NULL, &err), 0);
	dir = str_fmt("%s/xdg/containers", m.dir);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_found(&m, "a.net", "u:p");
	assert_int_equal(auth_store(&m.env, NULL, NULL, "https://a.net", "u", "p", NULL, &err),
			 -ERR_INVALID);
	assert_int_equal(auth_store(&m.env, NULL, NULL, "a.net/b:1", "u", "p", NULL, &err),
			 -ERR_INVALID);
	assert_int_equal(auth_key_check("localhost:5000/a/b", &err), 0);
	assert_int_equal(auth_key_check("a b", &err), -ERR_INVALID);
}

struct fake {
	char seen[512];
	const char *answer;
	int code;
};

static int fake_helper(void *data, const char *program, const char *arg, struct auth_talk *talk,
		       struct err *err)
{
	struct fake *f = data;

	(void)err;
	(void)snprintf(f->seen, sizeof(f->seen), "%s %s %.*s", program, arg, (int)talk->in_len,
		       talk->in);
	talk->out_len = strlen(f->answer);
	assert_true(talk->out_len <= talk->out_max);
	memcpy(talk->out, f->answer, talk->out_len);
	return f->code;
}

static void credential_helpers_are_asked_and_told(void **state)
{
	struct fake f = {.answer =
			     "{\"ServerURL\":\"h.net\",\"Username\":\"u\",\"Secret\":\"s\"}\n"};
	struct auth_options o = {.helper = fake_helper, .helper_data = &f};
	AUTO_FREE char *got = NULL, *token = NULL, *none = NULL, *failed = NULL, *refused = NULL;
	AUTO_FREE char *where = NULL;
	AUTO_MACHINE struct machine m;
	struct err err = ERR_INIT;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, RUN, "{\"credHelpers\":{\"h.net\":\"vault\"}}");
	got = find(&m, &o, "h.net/a/b");
	assert_string_equal(got, "u:s");
	assert_string_equal(f.seen, "docker-credential-vault get h.net");
	f.answer = "{\"Username\":\"<token>\",\"Secret\":\"t\"}";
	token = find(&m, &o, "h.net");
	assert_string_equal(token, "token:t");
	f.code = 1;
	f.answer = "credentials not found in native keychain\n";
	none = find(&m, &o, "h.net");
	assert_string_equal(none, "none");
	f.answer = "vault is sealed\nsecond line";
	failed = find(&m, &o, "h.net");
	assert_string_equal(failed, "docker-credential-vault get: exit code 1: vault is sealed");
	refused = find(&m, NULL, "h.net");
	assert_has(refused, "credential helpers are not supported here");
	f.code = 0;
	f.answer = "";
	assert_int_equal(auth_store(&m.env, &o, NULL, "h.net", "u", "p\"q", &where, &err), 0);
	assert_string_equal(where, "vault");
	assert_string_equal(f.seen, "docker-credential-vault store {\"ServerURL\":\"h.net\","
				    "\"Username\":\"u\",\"Secret\":\"p\\\"q\"}");
	assert_int_equal(auth_erase(&m.env, &o, NULL, "h.net", &err), 1);
	assert_string_equal(f.seen, "docker-credential-vault erase h.net");
	assert_int_equal(auth_store(&m.env, &o, NULL, "h.net/ns", "u", "p", NULL, &err),
			 -ERR_UNSUPPORTED);
}

static void configured_helpers_are_sources_in_their_order(void **state)
{
	struct fake f = {.answer = "{\"Username\":\"u\",\"Secret\":\"s\"}"};
	struct auth_options o = {.helper = fake_helper, .helper_data = &f};
	AUTO_STRV struct strv helpers = STRV_INIT;
	AUTO_AUTH struct auth a = {0}, b = {0};
	AUTO_MACHINE struct machine m;
	struct err err = ERR_INIT;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, RUN, "{\"auths\":{\"reg.net\":{\"auth\":\"eDp5\"}}}");
	assert_int_equal(strv_add(&helpers, "containers-auth.json", &err), 0);
	assert_int_equal(strv_add(&helpers, "vault", &err), 0);
	assert_int_equal(auth_find(&m.env, &o, &helpers, "reg.net/x", &a, &err), 1);
	assert_string_equal(a.user, "x");
	assert_int_equal(auth_find(&m.env, &o, &helpers, "other.net/x", &b, &err), 1);
	assert_string_equal(b.user, "u");
	assert_string_equal(f.seen, "docker-credential-vault get other.net");
}

static void a_file_of_dockers_is_changed_as_docker_would(void **state)
{
	struct machine m;
	struct auth_options o = {0};
	AUTO_STRV struct strv helpers = STRV_INIT;
	AUTO_BUF struct buf text = BUF_INIT(4096);
	AUTO_AUTH struct auth found = {0};
	struct err err = ERR_INIT;
	AUTO_FREE char *path = NULL;

	(void)state;
	machine_make(&m, 0);
	path = str_fmt("%s/config.json", m.dir);
	o.compat_authfile = path;
	assert_int_equal(file_create(AT_FDCWD, path, 0644, DOCKER_TEXT, strlen(DOCKER_TEXT), &err),
			 0);
	/* What our own configuration says of helpers is nothing to docker. */
	assert_int_equal(strv_add(&helpers, "vault", &err), 0);
	assert_int_equal(auth_store(&m.env, &o, &helpers, "docker.io", "u", "p", NULL, &err), 0);
	assert_int_equal(file_read(AT_FDCWD, path, &text, &err), 1);
	assert_string_equal(buf_str(&text),
			    "{\n\t\"auths\": {\n\t\t\"a.net\": {\n\t\t\t\"email\": \"x\"\n\t\t},"
			    "\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": "
			    "\"dTpw\"\n\t\t}\n\t},\n\t\"credsStore\": \"s\",\n\t\"credHelpers\": "
			    "{\n\t\t\"h.net\": \"vault\"\n\t}\n}");
	assert_int_equal(auth_find(&m.env, &o, NULL, "docker.io", &found, &err), 1);
	assert_string_equal(found.user, "u");
	assert_int_equal(auth_store(&m.env, &o, NULL, "b.net/ns", "u", "p", NULL, &err),
			 -ERR_UNSUPPORTED);
	assert_int_equal(auth_erase(&m.env, &o, NULL, "docker.io", &err), 1);
	assert_int_equal(auth_erase(&m.env, &o, NULL, "docker.io", &err), 0);
	machine_end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64_is_that_of_rfc_4648),
	    cmocka_unit_test(the_most_specific_entry_of_the_first_file_counts),
	    cmocka_unit_test(a_broken_entry_is_told_only_when_nothing_else_is_found),
	    cmocka_unit_test(a_file_that_is_named_is_the_only_one),
	    cmocka_unit_test(login_keeps_what_else_is_in_the_file),
	    cmocka_unit_test(login_makes_the_file_and_its_directory),
	    cmocka_unit_test(credential_helpers_are_asked_and_told),
	    cmocka_unit_test(configured_helpers_are_sources_in_their_order),
	    cmocka_unit_test(a_file_of_dockers_is_changed_as_docker_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
