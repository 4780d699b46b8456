/*
 * Credential helpers: one word as argument, request on standard input, answer as JSON on standard
 * output; a failure is told on standard output too (docker-credential-helpers).
 */
#include "credhelper.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/auth.h"
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX 65536
#define NOT_FOUND "credentials not found in native keychain"
/* As user name: the secret is an identity token. */
#define TOKEN_USER "<token>"

struct answer {
	char text[OUTPUT_MAX + 1];
	size_t len;
};

static void answer_free(struct answer *a)
{
	if (a)
		explicit_bzero(a, sizeof(*a));
	free(a);
}
DEFINE_AUTO(struct answer, answer_free)

static bool is_plain_name(const char *name)
{
	return *name && !strchr(name, '/') && name[0] != '.';
}

/* 1 with the answer, 0 when the helper knows nothing of that name. */
static int ask(const struct auth_options *o, const char *name, const char *verb, const char *in,
	       struct answer **ret, struct err *err)
{
	AUTO(answer_free_p) struct answer *a = calloc(1, sizeof(*a));
	AUTO_FREE char *program = str_fmt("docker-credential-%s", name);
	struct auth_talk talk;
	struct str line;
	int r;

	if (!a || !program)
		return err_nomem(err);
	if (!is_plain_name(name))
		return err_set(err, ERR_INVALID, "\"%s\" is not the name of a credential helper",
			       name);
	if (!o || !o->helper)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: credential helpers are not supported here", program);
	talk = (struct auth_talk){
	    .in = in, .in_len = strlen(in), .out = a->text, .out_max = OUTPUT_MAX};
	r = o->helper(o->helper_data, program, verb, &talk, err);
	if (r < 0)
		return r;
	a->len = talk.out_len < OUTPUT_MAX ? talk.out_len : OUTPUT_MAX;
	a->text[a->len] = '\0';
	if (r == 0) {
		*ret = TAKE(a);
		return 1;
	}
	line = str_of(a->text);
	line = str_trim(str_cut(&line, '\n'));
	if (str_eq(line, NOT_FOUND))
		return 0;
	return err_set(err, ERR_DENIED, "%s %s: exit code %d: %.*s", program, verb, r,
		       (int)(line.len < 300 ? line.len : 300), line.ptr);
}

static int take_answer(const struct json *v, const char *name, struct auth *ret, struct err *err)
{
	const char *user = json_text(json_get(v, "Username"));
	const char *secret = json_text(json_get(v, "Secret"));
	AUTO_AUTH struct auth a = {0};
	bool token;

	if (!user || !secret)
		return err_set(err, ERR_INVALID,
			       "docker-credential-%s: the answer has no Username and Secret", name);
	if (!*user && !*secret)
		return 0;
	token = streq(user, TOKEN_USER);
	if (str_set(&a.user, token ? NULL : user, err) < 0 ||
	    str_set(token ? &a.identity_token : &a.password, secret, err) < 0)
		return -(int)err->code;
	a.source = str_fmt("docker-credential-%s", name);
	if (!a.source)
		return err_nomem(err);
	*ret = a;
	a = (struct auth){0};
	return 1;
}

int credhelper_get(const struct auth_options *o, const char *name, const char *host,
		   struct auth *ret, struct err *err)
{
	AUTO(answer_free_p) struct answer *a = NULL;
	AUTO_JSON struct json_doc *doc = NULL;
	struct err why = ERR_INIT;
	int r;

	r = ask(o, name, "get", host, &a, err);
	if (r <= 0)
		return r;
	/* The parser's words may quote the secret: they are not passed on. */
	if (json_parse(a->text, strlen(a->text), JSON_DUPLICATES | JSON_FOREIGN, "answer", &doc,
		       &why) < 0)
		return err_set(err, ERR_INVALID, "docker-credential-%s: the answer is not JSON",
			       name);
	return take_answer(json_root(doc), name, ret, err);
}

int credhelper_store(const struct auth_options *o, const char *name, const char *host,
		     const char *user, const char *password, struct err *err)
{
	AUTO(answer_free_p) struct answer *a = NULL;
	struct buf in = BUF_INIT(OUTPUT_MAX);
	int r;

	buf_adds(&in, "{\"ServerURL\":");
	json_dump_string(host, JSON_PLAIN, &in);
	buf_adds(&in, ",\"Username\":");
	json_dump_string(user, JSON_PLAIN, &in);
	buf_adds(&in, ",\"Secret\":");
	json_dump_string(password, JSON_PLAIN, &in);
	buf_addc(&in, '}');
	r = buf_check(&in, "password", err);
	if (r == 0)
		r = ask(o, name, "store", buf_str(&in), &a, err);
	if (in.ptr)
		explicit_bzero(in.ptr, in.len);
	buf_fini(&in);
	return r < 0 ? r : 0;
}

int credhelper_erase(const struct auth_options *o, const char *name, const char *host,
		     struct err *err)
{
	AUTO(answer_free_p) struct answer *a = NULL;

	return ask(o, name, "erase", host, &a, err);
}
