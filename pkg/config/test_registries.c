#include "config/registries.h"
#include "test_dir.h"

#define ETC "/etc/containers/registries.conf"
#define D "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct registries *parse(const char *text)
{
	struct registries *r = NULL;
	struct err err = ERR_INIT;

	if (registries_parse(text, strlen(text), "reg.conf", &r, &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

static void assert_refused(const char *text, const char *why)
{
	struct registries *r = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(registries_parse(text, strlen(text), "reg.conf", &r, &err), -ERR_INVALID);
	assert_has(err.text, why);
}

/* want: "name[!] name[!] ...", ! for insecure. */
static void assert_endpoints(const struct registries *r, const char *name, const char *want)
{
	AUTO_ENDPOINTS struct endpoints e = {0};
	AUTO_REF struct ref ref = REF_INIT;
	AUTO_FREE char *got = strdup("");
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(ref_parse(name, &ref, &err), 0);
	if (registries_pull_endpoints(r, &ref, &e, &err) < 0)
		fail_msg("%s", err.text);
	for (i = 0; i < e.n; i++) {
		AUTO_FREE char *text = ref_string(&e.v[i].ref);
		char *more =
		    str_fmt("%s%s%s%s", got, i ? " " : "", text, e.v[i].insecure ? "!" : "");

		assert_int_equal(e.v[i].mirror, i + 1 < e.n);
		free(got);
		got = more;
	}
	assert_string_equal(got, want);
}

static void names_are_rewritten_and_mirrors_come_first(void **state)
{
	AUTO_REGISTRIES struct registries *r = parse(
	    "[[registry]]\nprefix = \"example.com/foo\"\nlocation = \"in.example.net/bar\"\n"
	    "[[registry.mirror]]\nlocation = \"m1.net/foo/\"\ninsecure = true\n"
	    "[[registry.mirror]]\nlocation = \"m2.net/n\"\npull-from-mirror = \"digest-only\"\n"
	    "[[registry.mirror]]\nlocation = \"m3.net/n\"\npull-from-mirror = \"tag-only\"\n"
	    "[[registry]]\nlocation = \"docker.io\"\nmirror-by-digest-only = true\n"
	    "[[registry.mirror]]\nlocation = \"localhost:5000/hub\"\n"
	    "[[registry]]\nprefix = \"*.corp.net\"\n[[registry.mirror]]\n"
	    "location = \"cache:80\"\n[[registry]]\nprefix = \"*.a.corp.net\"\n"
	    "location = \"one.net/x\"\ninsecure = true\n");

	(void)state;
	assert_endpoints(r, "example.com/foo/img:1",
			 "m1.net/foo/img:1! m3.net/n/img:1 in.example.net/bar/img:1");
	assert_endpoints(r, "example.com/foo" D,
			 "m1.net/foo" D "! m2.net/n" D " in.example.net/bar" D);
	assert_endpoints(r, "example.com/foobar:1", "example.com/foobar:1");
	assert_endpoints(r, "busybox", "docker.io/library/busybox");
	assert_endpoints(r, "busybox" D,
			 "localhost:5000/hub/library/busybox" D " docker.io/library/busybox" D);
	assert_endpoints(r, "x.corp.net/i", "cache:80/i x.corp.net/i");
	assert_endpoints(r, "x.a.corp.net/i", "one.net/x/i!");
	assert_endpoints(r, "corp.net/i", "corp.net/i");
	assert_endpoints(r, "evil.net/x.corp.net/i", "evil.net/x.corp.net/i");
}

static void a_location_without_path_does_not_become_a_name_on_docker_io(void **state)
{
	AUTO_REGISTRIES struct registries *r =
	    parse("[[registry]]\nprefix = \"a.net/b\"\nlocation = \"c.net\"\n");
	AUTO_REF struct ref ref = REF_INIT;
	struct endpoints e = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ref_parse("a.net/b:1", &ref, &err), 0);
	assert_int_equal(registries_pull_endpoints(r, &ref, &e, &err), -ERR_INVALID);
	assert_has(err.text, "makes \"c.net:1\" of a.net/b:1, which names no repository");
}

static void the_longest_prefix_counts(void **state)
{
	AUTO_REGISTRIES struct registries *r =
	    parse("[[registry]]\nlocation = \"a.net\"\ninsecure = true\n"
		  "[[registry]]\nprefix = \"a.net/b\"\nlocation = \"c.net\"\n"
		  "[[registry]]\nprefix = \"a.net/b\"\nlocation = \"second.net\"\n");

	(void)state;
	assert_endpoints(r, "a.net/x", "a.net/x!");
	assert_endpoints(r, "a.net/b/x", "c.net/x");
	/* as containers/image: the host is a prefix of the host with a port */
	assert_endpoints(r, "a.net:5000/x", "a.net:5000/x!");
}

static void blocked_registries_are_neither_read_nor_written(void **state)
{
	AUTO_REGISTRIES struct registries *r =
	    parse("[[registry]]\nlocation = \"a.net\"\nblocked = true\n"
		  "[[registry]]\nprefix = \"b.net\"\nlocation = \"c.net\"\ninsecure = true\n"
		  "[[registry.mirror]]\nlocation = \"m.net\"\n");
	AUTO_REF struct ref a = REF_INIT, b = REF_INIT;
	AUTO_ENDPOINTS struct endpoints e = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ref_parse("a.net/x", &a, &err), 0);
	assert_int_equal(registries_pull_endpoints(r, &a, &e, &err), -ERR_DENIED);
	assert_string_equal(err.text,
			    "registry a.net is blocked in reg.conf:1: a.net/x cannot be used");
	assert_int_equal(registries_push_endpoint(r, &a, &e, &err), -ERR_DENIED);
	assert_int_equal(ref_parse("b.net/x", &b, &err), 0);
	assert_int_equal(registries_push_endpoint(r, &b, &e, &err), 0);
	assert_int_equal(e.n, 1);
	assert_string_equal(e.v[0].ref.domain, "b.net");
	assert_true(e.v[0].insecure);
}

static void short_names_become_candidates(void **state)
{
	AUTO_REGISTRIES struct registries *r =
	    parse("unqualified-search-registries = [\"reg.net\", \"docker.io\"]\n"
		  "[aliases]\n\"alp\" = \"docker.io/library/alpine\"\n\"gone\" = \"\"\n");
	AUTO_SHORT_NAMES struct short_names a = {0}, b = {0};
	AUTO_STRV struct strv local = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(registries_short_pull(r, "alp:3", &a, &err), 0);
	assert_int_equal(a.names.n, 1);
	assert_string_equal(a.names.v[0], "docker.io/library/alpine:3");
	assert_true(a.from_alias);
	assert_int_equal(registries_short_pull(r, "gone" D, &b, &err), 0);
	assert_int_equal(b.names.n, 2);
	assert_string_equal(b.names.v[0], "reg.net/gone" D);
	assert_string_equal(b.names.v[1], "docker.io/library/gone" D);
	assert_true(b.ask);
	assert_int_equal(b.mode, SHORT_PERMISSIVE);
	assert_int_equal(registries_short_local(r, "alp", &local, &err), 0);
	assert_int_equal(local.n, 4);
	assert_string_equal(local.v[0], "docker.io/library/alpine");
	assert_string_equal(local.v[1], "localhost/alp");
	assert_string_equal(local.v[2], "reg.net/alp");
	assert_string_equal(local.v[3], "docker.io/library/alp");
}

static void a_short_name_without_search_list_is_an_error(void **state)
{
	AUTO_REGISTRIES struct registries *r = parse("");
	struct short_names s = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(registries_short_pull(r, "foo", &s, &err), -ERR_NOT_FOUND);
	assert_string_equal(err.text, "short-name \"foo\" did not resolve to an alias and no "
				      "unqualified-search registries are defined in \"reg.conf\"");
	assert_string_equal(registries_credential_helpers(r)->v[0], "containers-auth.json");
}

static void version_one_is_read(void **state)
{
	AUTO_REGISTRIES struct registries *r =
	    parse("[registries.search]\nregistries = [\"a.net\"]\n[registries.insecure]\n"
		  "registries = [\"i.net\"]\n[registries.block]\nregistries = [\"b.net\"]\n");
	AUTO_REF struct ref b = REF_INIT;
	struct endpoints e = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(registries_search(r)->v[0], "a.net");
	assert_endpoints(r, "i.net/x", "i.net/x!");
	assert_int_equal(ref_parse("b.net/x", &b, &err), 0);
	assert_int_equal(registries_pull_endpoints(r, &b, &e, &err), -ERR_DENIED);
}

static void broken_files_are_refused_with_their_place(void **state)
{
	(void)state;
	assert_refused("[[registry]]\nlocation = \"https://x\"\n", "reg.conf:2: ");
	assert_refused("\n[[registry]]\nprefix = \"x\"\n",
		       "reg.conf:2: registry: a registry needs");
	assert_refused("[[registry]]\nlocation=\"x\"\n[[registry.mirror]]\ninsecure=true\n",
		       "a mirror needs a location");
	assert_refused("[[registry]]\nprefix = \"*.x/y\"\n", "a wildcard has no port");
	assert_refused("[[registry]]\nlocation=\"x\"\ninsecure = 1\n", "reg.conf:3: ");
	assert_refused("[[registry]]\nlocation=\"x\"\n[[registry]]\nprefix=\"y\"\nlocation=\"x\"\n"
		       "insecure=true\n",
		       "has another `insecure` or `blocked` at reg.conf:1");
	assert_refused("[[registry]]\nlocation=\"x\"\nmirror-by-digest-only=true\n"
		       "[[registry.mirror]]\nlocation=\"m\"\npull-from-mirror=\"all\"\n",
		       "cannot be used together");
	assert_refused("short-name-mode = \"wild\"\n", "reg.conf:1: short-name-mode: \"wild\"");
	assert_refused("[aliases]\n\"a:1\" = \"docker.io/a\"\n", "\"a:1\" is not a short name");
	assert_refused("[aliases]\n\"a\" = \"b\"\n", "\"b\" is not a full name");
	assert_refused("registry = 5\n", "reg.conf:1: registry: expected an array");
	assert_refused("unqualified-search-registries = [\"x\"]\n[registries.search]\n"
		       "registries=[\"a\"]\n",
		       "cannot be mixed");
}

static void drop_ins_and_the_alias_cache_are_merged(void **state)
{
	AUTO_REGISTRIES struct registries *r = NULL, *x = NULL;
	AUTO_SHORT_NAMES struct short_names s = {0};
	AUTO_MACHINE struct machine m;
	AUTO_FREE char *dir = NULL;
	struct err err = ERR_INIT;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, ETC,
		     "unqualified-search-registries = [\"a.net\"]\n"
		     "[[registry]]\nlocation = \"i.net\"\n");
	machine_file(&m, ETC ".d/1.conf",
		     "[aliases]\n\"foo\" = \"one.net/foo\"\n"
		     "[[registry]]\nlocation = \"i.net\"\ninsecure = true\n");
	machine_file(&m, "/home/.config/containers/registries.conf.d/2.conf",
		     "short-name-mode = \"enforcing\"\n");
	machine_file(&m, "/home/.cache/containers/short-name-aliases.conf",
		     "[aliases]\n\"foo\" = \"two.net/foo\"\n");
	assert_int_equal(registries_load(&m.env, NULL, NULL, &r, &err), 0);
	assert_path(&m, registries_path(r), ETC);
	assert_endpoints(r, "i.net/x", "i.net/x!");
	assert_int_equal(registries_short_pull(r, "foo", &s, &err), 0);
	assert_string_equal(s.names.v[0], "two.net/foo");
	assert_int_equal(s.mode, SHORT_ENFORCING);
	dir = str_fmt("%s/none", m.dir);
	assert_int_equal(registries_load(&m.env, "/nowhere/r.conf", dir, &x, &err), -ERR_NOT_FOUND);
	machine_file(&m, ETC ".d/3.conf", "[registries.search]\nregistries = []\n");
	assert_int_equal(registries_load(&m.env, NULL, NULL, &x, &err), -ERR_INVALID);
	assert_has(err.text, "3.conf:1: registries: version 1 is not accepted in a drop-in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_rewritten_and_mirrors_come_first),
	    cmocka_unit_test(a_location_without_path_does_not_become_a_name_on_docker_io),
	    cmocka_unit_test(the_longest_prefix_counts),
	    cmocka_unit_test(blocked_registries_are_neither_read_nor_written),
	    cmocka_unit_test(short_names_become_candidates),
	    cmocka_unit_test(a_short_name_without_search_list_is_an_error),
	    cmocka_unit_test(version_one_is_read),
	    cmocka_unit_test(broken_files_are_refused_with_their_place),
	    cmocka_unit_test(drop_ins_and_the_alias_cache_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
