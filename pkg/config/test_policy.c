#include "config/certs.h"
#include "config/policy.h"
#include "spec/ref.h"
#include "test_dir.h"

#define OK "[{\"type\":\"insecureAcceptAnything\"}]"
#define NO "[{\"type\":\"reject\"}]"
#define SIGNED "[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"/k\"}]"

static struct policy *parse(const char *text)
{
	struct policy *p = NULL;
	struct err err = ERR_INIT;

	if (policy_parse(text, strlen(text), "policy.json", &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

/* want: NULL when accepted, else a part of the error. */
static void assert_decision(const struct policy *p, const char *name, const char *want)
{
	AUTO_REF struct ref r = REF_INIT;
	struct err err = ERR_INIT;
	int n;

	assert_int_equal(ref_parse(name, &r, &err), 0);
	n = policy_check_ref(p, &r, &err);
	if (!want) {
		if (n < 0)
			fail_msg("%s", err.text);
		return;
	}
	assert_int_equal(n, -ERR_DENIED);
	assert_has(err.text, want);
}

static void the_most_specific_scope_decides(void **state)
{
	AUTO_POLICY struct policy *p =
	    parse("{\"default\":" NO ",\"transports\":{\"docker\":{"
		  "\"a.net\":" OK ",\"a.net/bad\":" NO ",\"a.net/bad/good:1\":" OK ","
		  "\"*.example.com\":" NO ",\"*.ok.example.com\":" OK ","
		  "\"docker.io/library\":" SIGNED ",\"b.net:5000\":" OK "}}}");

	(void)state;
	assert_decision(p, "a.net/x", NULL);
	assert_decision(p, "a.net/bad/x", "scope \"a.net/bad\"");
	assert_decision(p, "a.net/bad/good:1", NULL);
	assert_decision(p, "a.net/bad/good:2", "scope \"a.net/bad\"");
	assert_decision(p, "x.example.com/y", "scope \"*.example.com\"");
	assert_decision(p, "x.ok.example.com:80/y", NULL);
	assert_decision(p, "busybox", "asks for a signature (signedBy), which kist cannot check");
	assert_decision(p, "b.net:5000/y", NULL);
	assert_decision(p, "b.net/y", "scope \"default\"");
	assert_decision(p, "a.network/y", "scope \"default\"");
}

static void all_requirements_of_a_list_must_hold(void **state)
{
	AUTO_POLICY struct policy *p =
	    parse("{\"default\":[{\"type\":\"insecureAcceptAnything\"},{\"type\":\"reject\"}],"
		  "\"transports\":{\"docker\":{\"\":" OK "},"
		  "\"oci\":{\"/srv/ok\":" OK "}}}");
	struct err err = ERR_INIT;

	(void)state;
	assert_decision(p, "a.net/x", NULL);
	assert_int_equal(policy_check_path(p, "docker-archive", "/x", &err), -ERR_DENIED);
	assert_int_equal(policy_check_path(p, "oci", "/srv/ok/img", &err), 0);
	assert_int_equal(policy_check_path(p, "oci", "/srv/okay", &err), -ERR_DENIED);
	assert_int_equal(policy_check_path(p, "oci", "", &err), -ERR_DENIED);
}

static void assert_refused(const char *text, const char *why)
{
	struct policy *p = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(policy_parse(text, strlen(text), "policy.json", &p, &err), -ERR_INVALID);
	assert_has(err.text, why);
}

static void an_invalid_policy_is_refused_whole(void **state)
{
	(void)state;
	assert_refused("{}", "default: missing");
	assert_refused("{\"default\":[]}", "at least one requirement");
	assert_refused("{\"default\":" OK ",\"x\":1}", "policy.json: x: unknown member");
	assert_refused("{\"default\":" OK ",\"default\":" OK "}", "member name twice");
	assert_refused("{\"default\":[{\"type\":\"maybe\"}]}",
		       "unknown requirement type \"maybe\"");
	assert_refused("{\"default\":[{\"type\":\"reject\",\"but\":1}]}", "unknown member \"but\"");
	assert_refused("{\"default\":" OK ",\"transports\":{\"docker\":{\"a\":{}}}}",
		       "a: expected");
	assert_refused("{\"default\":[{}]}", "needs a \"type\"");
}

static void the_users_file_goes_before_the_systems(void **state)
{
	AUTO_POLICY struct policy *a = NULL, *b = NULL, *c = NULL;
	AUTO_MACHINE struct machine m;
	struct err err = ERR_INIT;

	(void)state;
	machine_make(&m, 1000);
	assert_int_equal(policy_load(&m.env, NULL, &a, &err), -ERR_NOT_FOUND);
	assert_has(err.text, "no policy.json file found");
	machine_file(&m, "/etc/containers/policy.json", "{\"default\":" NO "}");
	assert_int_equal(policy_load(&m.env, NULL, &b, &err), 0);
	assert_decision(b, "x", "/etc/containers/policy.json");
	machine_file(&m, "/home/.config/containers/policy.json", "{\"default\":" OK "}");
	assert_int_equal(policy_load(&m.env, NULL, &c, &err), 0);
	assert_decision(c, "x", NULL);
	assert_int_equal(policy_load(&m.env, "/nowhere/p.json", &a, &err), -ERR_NOT_FOUND);
}

static void certificates_come_from_the_first_directory(void **state)
{
	AUTO_CERTS struct certs a = {0}, b = {0}, none = {0};
	AUTO_MACHINE struct machine m;
	AUTO_FREE char *dir = NULL;
	struct err err = ERR_INIT;

	(void)state;
	machine_make(&m, 1000);
	assert_int_equal(certs_find(&m.env, "reg.net:5000", NULL, &none, &err), 0);
	assert_null(none.dir);
	machine_file(&m, "/etc/docker/certs.d/reg.net:5000/old.crt", "");
	machine_file(&m, "/etc/containers/certs.d/reg.net:5000/ca.crt", "");
	machine_file(&m, "/etc/containers/certs.d/reg.net:5000/me.cert", "");
	machine_file(&m, "/etc/containers/certs.d/reg.net:5000/me.key", "");
	machine_file(&m, "/etc/containers/certs.d/reg.net:5000/README", "");
	assert_int_equal(certs_find(&m.env, "reg.net:5000", NULL, &a, &err), 0);
	assert_int_equal(a.ca.n, 1);
	assert_path(&m, a.ca.v[0], "/etc/containers/certs.d/reg.net:5000/ca.crt");
	assert_path(&m, a.cert, "/etc/containers/certs.d/reg.net:5000/me.cert");
	assert_path(&m, a.key, "/etc/containers/certs.d/reg.net:5000/me.key");
	dir = str_fmt("%s/mine", m.dir);
	assert_int_equal(certs_find(&m.env, "reg.net", dir, &b, &err), -ERR_NOT_FOUND);
	machine_file(&m, "/mine/x.key", "");
	assert_int_equal(certs_find(&m.env, "reg.net", dir, &b, &err), -ERR_INVALID);
	assert_has(err.text, "there is no x.cert beside it");
	assert_int_equal(certs_find(&m.env, "..", NULL, &b, &err), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_most_specific_scope_decides),
	    cmocka_unit_test(all_requirements_of_a_list_must_hold),
	    cmocka_unit_test(an_invalid_policy_is_refused_whole),
	    cmocka_unit_test(the_users_file_goes_before_the_systems),
	    cmocka_unit_test(certificates_come_from_the_first_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
