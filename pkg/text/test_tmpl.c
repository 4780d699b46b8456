/* Expected texts are what podman 5.4.2 (Go 1.24) prints for the same templates. */
#include "text/tmpl.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

struct sample {
	struct strv names, labels, empty;
};

static int field(const void *obj, const char *name, struct tmpl_mem *mem, struct tmpl_value *ret,
		 struct err *err)
{
	const struct sample *s = obj;
	int r = 1;

	if (streq(name, "ID"))
		*ret = tmpl_string("5b71aa4a2da5");
	else if (streq(name, "Tag"))
		*ret = tmpl_string("1");
	else if (streq(name, "Size"))
		*ret = tmpl_int(11331);
	else if (streq(name, "Names"))
		*ret = tmpl_strv(&s->names);
	else if (streq(name, "Empty"))
		*ret = tmpl_strv(&s->empty);
	else if (streq(name, "Labels"))
		r = tmpl_env(mem, &s->labels, ret, err) < 0 ? -1 : 1;
	else if (streq(name, "Nothing"))
		*ret = tmpl_nil();
	else if (streq(name, "Yes"))
		*ret = tmpl_bool(true);
	else if (streq(name, "Created"))
		r = tmpl_time(mem, 1700000000123456789, false, ret, err) < 0 ? -1 : 1;
	else if (streq(name, "Never"))
		r = tmpl_time(mem, 0, false, ret, err) < 0 ? -1 : 1;
	else if (streq(name, "Broken"))
		r = err_set(err, ERR_CORRUPT, "broken record");
	else
		return 0;
	return r;
}

static size_t count(const void *obj)
{
	(void)obj;
	return 2;
}

static int at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
	      struct tmpl_value *ret, struct err *err)
{
	static const char *const keys[] = {"ID", "Names"};

	*ret_key = keys[i];
	return field(obj, keys[i], mem, ret, err);
}

static int call(const void *obj, const char *name, const struct tmpl_value *args, size_t n,
		struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	(void)obj;
	if (!streq(name, "Plus"))
		return 0;
	return tmpl_keepf(mem, ret, err, "plus %zu %s", n, args[0].s) < 0 ? -1 : 1;
}

static const struct tmpl_ops ops = {
    .type = "images.imageReporter", .count = count, .at = at, .field = field, .call = call};

static int render(const char *text, struct buf *out, struct err *err)
{
	static char n1[] = "localhost/tiny:1", n2[] = "localhost/tiny:2", l1[] = "b=2",
		    l2[] = "a=x y";
	char *names[] = {n1, n2, NULL}, *labels[] = {l1, l2, NULL};
	struct sample s = {.names = {names, 2}, .labels = {labels, 2}};

	return tmpl_render("images", text, tmpl_object(&ops, &s), out, err);
}

static void check(const char *text, const char *expected)
{
	AUTO_BUF struct buf out = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;

	if (render(text, &out, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(buf_str(&out), expected);
}

static void check_refused(const char *text, const char *message)
{
	AUTO_BUF struct buf out = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;

	buf_adds(&out, "before");
	if (render(text, &out, &err) >= 0)
		fail_msg("%s: gave %s", text, buf_str(&out));
	assert_string_equal(err.text, message);
	assert_string_equal(buf_str(&out), "before");
}

static void text_and_fields_are_printed(void **state)
{
	(void)state;
	check("", "");
	check("plain { text }", "plain { text }");
	check("{{.ID}} {{ .Tag }}", "5b71aa4a2da5 1");
	check("{{.Names}} {{.Labels}} {{.Size}} {{.Yes}}",
	      "[localhost/tiny:1 localhost/tiny:2] map[a:x y b:2] 11331 true");
	check("{{.}}", "{5b71aa4a2da5 [localhost/tiny:1 localhost/tiny:2]}");
	check("{{printf \"%+v\" .}}",
	      "{ID:5b71aa4a2da5 Names:[localhost/tiny:1 localhost/tiny:2]}");
	check("{{.Labels.b}} {{.Labels.nope}} {{.Nothing}} {{.Nothing.X.Y}}",
	      "2 <no value> <no value> <no value>");
	check("{{(.).Tag}} {{(index .Names 0) | upper}}", "1 LOCALHOST/TINY:1");
	check("{{.Plus \"a\"}} {{.Plus \"a\" 2}} {{\"z\" | .Plus}}", "plus 1 a plus 2 a plus 1 z");
}

static void trim_markers_and_comments_cut_white_space(void **state)
{
	(void)state;
	check("{{/* c */ -}} x {{- \"y\" -}} z", "xyz");
	check("a {{- 1 }} b {{ 2 -}} \n\t c", "a1 b 2c");
	check("a {{- /* c */ -}} b{{/* c */}} ", "ab ");
	check("{{-3}} {{ -3 }}", "-3 -3");
	check("x {{- -3}}", "x-3");
}

static void literals_are_go_literals(void **state)
{
	(void)state;
	check("{{1.5e10}} {{true}} {{\"a\" | len}} {{`raw\\n`}} {{0x1f}} {{1_000}} {{017}}",
	      "1.5e+10 true 1 raw\\n 31 1000 15");
	check("{{1e3}} {{1000000.0}} {{123456789.5}} {{100000.5}} {{0.00001}} {{1.0}} {{-0.5}}",
	      "1000 1e+06 1.234567895e+08 100000.5 1e-05 1 -0.5");
	check("{{\"q\\\"\\t\\u00e9\\x41\\101\"}}", "q\"\t\u00e9AA");
	check("{{'a'}} {{printf \"%c\" 'a'}} {{'\\n'}} {{'\u00e9'}}", "97 a 10 233");
}

static void blocks_are_executed(void **state)
{
	(void)state;
	check("{{if .Tag}}y{{else}}n{{end}}{{if .Empty}}y{{else}}n{{end}}", "yn");
	check("{{if .Empty}}a{{else if eq .Tag \"1\"}}b{{else}}c{{end}}", "b");
	check("{{with .Tag}}[{{.}}]{{end}}{{with .Nothing}}x{{else}}none{{end}}", "[1]none");
	check("{{range .Names}}<{{.}}>{{end}}", "<localhost/tiny:1><localhost/tiny:2>");
	check("{{range $i, $n := .Names}}{{$i}}={{$n}} {{end}}",
	      "0=localhost/tiny:1 1=localhost/tiny:2 ");
	check("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=x y;b=2;");
	check("{{range .Empty}}x{{else}}none{{end}}{{range .Nothing}}x{{end}}", "none");
	check("{{range $i, $n := .Names}}{{if $i}}{{break}}{{end}}{{$n}}{{end}}",
	      "localhost/tiny:1");
	check("{{range .Names}}{{if eq . \"localhost/tiny:1\"}}{{continue}}{{end}}{{.}}{{end}}",
	      "localhost/tiny:2");
	check("{{range .Names}}{{$.Tag}}{{end}}", "11");
}

static void ranges_count_to_whole_numbers(void **state)
{
	(void)state;
	check("{{range 3}}{{.}}{{end}} {{range $i := 2}}{{$i}}{{end}} {{range $i, $v := "
	      "2}}{{$i}}{{$v}}{{end}}",
	      "012 01 0011");
	check("{{range 0}}x{{else}}none{{end}}{{range -1}}x{{end}}", "none");
}

static void templates_are_defined_and_called(void **state)
{
	(void)state;
	check("{{define \"x\"}}<{{.}}>{{end}}{{template \"x\" .Tag}}{{template \"x\"}}",
	      "<1><<no value>>");
	check("{{template \"late\" .Names}}{{define `late`}}{{range .}}{{.}};{{end}}{{end}}",
	      "localhost/tiny:1;localhost/tiny:2;");
	check("{{block \"b\" .Tag}}[{{.}}]{{end}} {{template \"b\" 5}}", "[1] [5]");
	check("{{define \"x\"}}{{$}}{{$y := 2}}{{$y}}{{end}}{{$y := 1}}{{template \"x\" 7}}{{$y}}",
	      "721");
	check("{{range .Names}}{{define \"d\"}}{{.}}!{{end}}{{template \"d\" $.Tag}}{{end}}",
	      "1!1!");
	check_refused("{{define \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}",
		      "template: images: more than 20 templates in each other");
}

static void variables_have_scopes(void **state)
{
	(void)state;
	check("{{$x := .Tag}}{{$x}}{{$x = \"n\"}}{{$x}}", "1n");
	check("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21");
	check("{{$x := 1}}{{range .Names}}{{$x = 5}}{{end}}{{$x}}", "5");
	check_refused("{{$y}}", "template: images:1: undefined variable \"$y\"");
	check_refused("{{if true}}{{$x := 1}}{{end}}{{$x}}",
		      "template: images:1: undefined variable \"$x\"");
	check_refused("{{$y = 1}}", "template: images:1: undefined variable \"$y\"");
}

static void functions_of_go_work(void **state)
{
	(void)state;
	check("{{and 1 0 2}} {{or 0 \"\" \"x\"}} {{not 0}} {{and .Nothing .Nothing.X}}",
	      "0 x true <no value>");
	check("{{or true (index .Names 99)}}", "true");
	check("{{lt 1 2}} {{ge \"b\" \"a\"}} {{ne 1 2}} {{eq .Tag \"2\" \"1\"}} {{le 2 2}} {{gt 1 "
	      "2}}",
	      "true true true true true false");
	check(
	    "{{len .ID}} {{len .Names}} {{index .Names 1}} {{index .Labels \"b\"}}|{{index .Labels "
	    "\"x\"}}|{{index .Names 0 0}}",
	    "12 2 localhost/tiny:2 2||108");
	check("{{slice .ID 0 4}} {{slice .ID 10}} {{slice .Names 1}}",
	      "5b71 a5 [localhost/tiny:2]");
	check("{{html \"<a>\"}} {{js \"it\\\"s\"}} {{urlquery \"a b&c\"}} {{print 1 2 \"a\" \"b\" "
	      "3}} {{println 1 \"a\"}}",
	      "&lt;a&gt; it\\\"s a+b%26c 1 2ab3 1 a\n");
}

static void functions_of_podman_work(void **state)
{
	(void)state;
	check("{{join .Names \",\"}} {{split \"a/b\" \"/\"}} {{split \"abc\" \"\"}}",
	      "localhost/tiny:1,localhost/tiny:2 [a b] [a b c]");
	check("{{upper \"aB\"}} {{lower \"aB\"}} {{title \"ab cd it's-a_b\"}} {{trim \" x \"}}",
	      "AB ab Ab Cd It'S-A_b x");
	check("{{upper \"héllo\"}} {{lower \"ÉЖ\"}} {{title \"élan über-ä\"}}",
	      "HÉLLO éж Élan Über-Ä");
	check("[{{pad .Tag 1 2}}] [{{pad \"\" 1 2}}] {{truncate .ID 3}} {{truncate \"a\" 3}}",
	      "[ 1  ] [] 5b7 a");
	check(
	    "{{json .Names}} {{json .Labels}} {{json .Nothing}} {{json 1.0}} {{json \"<\\\"\\n\"}}",
	    "[\"localhost/tiny:1\",\"localhost/tiny:2\"] {\"a\":\"x y\",\"b\":\"2\"} null 1 "
	    "\"<\\\"\\n\"");
	check("{{json .}}",
	      "{\"ID\":\"5b71aa4a2da5\",\"Names\":[\"localhost/tiny:1\",\"localhost/tiny:2\"]}");
}

static void printf_formats_as_go(void **state)
{
	(void)state;
	check("{{printf \"%-10s|%5d|%t|%x|%05.2f\" .Tag 3 true \"ab\" 1.5}}",
	      "1         |    3|true|6162|01.50");
	check("{{printf \"%v %T %q\" .Names .Names .Names}}",
	      "[localhost/tiny:1 localhost/tiny:2] []string [\"localhost/tiny:1\" "
	      "\"localhost/tiny:2\"]");
	check("{{printf \"%d\" .ID}} {{printf \"%s\" 5}} {{printf \"%d\"}} {{printf \"x\" 1}}",
	      "%!d(string=5b71aa4a2da5) %!s(int=5) %!d(MISSING) x%!(EXTRA int=1)");
	check(
	    "{{printf \"%g %6.2f|%+d|%x|%08.3f|%-8s|%8s|%q|%U|%c|%+v|%05d|% d|%o|%b|%e|%t|%5t|%v\""
	    " 1e7 3.14159 5 255 -3.14159 \"ab\" \"cd\" \"h\\ti\" 97 97 \"x\" -42 7 8 5 1.5 true "
	    "false nil}}",
	    "1e+07   3.14|+5|ff|-003.142|ab      |      cd|\"h\\ti\"|U+0061|a|x|-0042| "
	    "7|10|101|1.500000e+00|true|false|<nil>");
	check("{{printf \"%*d|%-*d|%.3s|%x|%X|%5.1q|%t\" 5 1 4 2 \"abcdef\" \"hi\" \"hi\" \"abc\" "
	      "1}}",
	      "    1|2   |abc|6869|6869|  \"a\"|%!t(int=1)");
	check(
	    "{{printf \"%s\" nil}} {{printf \"%!\"}} {{printf \"%\"}} {{printf \"%z\" 1}} {{print "
	    "nil}} 5%",
	    "%!s(<nil>) %!!(MISSING) %!(NOVERB) %!z(int=1) <nil> 5%");
	check("{{printf \"%[2]s %[1]s\" \"a\" \"b\"}} {{printf \"%[3]d %d\" 1 2}} {{printf "
	      "\"%[1]d %[1]d %d\" 1 2 3}}",
	      "b a %!d(BADINDEX) 1 1 1 2");
	check("{{printf \"%[2]*d|%[x]d\" 5 4}} {{printf \"%[2\" 1}}",
	      "%!d(MISSING)|%!d(BADINDEX) %!(NOVERB)");
	check("{{printf \"%#v %#v %#v %#v %#v %#v\" .Names .Labels 1 \"a\" true 1.5}}",
	      "[]string{\"localhost/tiny:1\", \"localhost/tiny:2\"} "
	      "map[string]string{\"a\":\"x y\", \"b\":\"2\"} 1 \"a\" true 1.5");
	check("{{printf \"%#v\" .}}",
	      "images.imageReporter{ID:\"5b71aa4a2da5\", Names:[]string{\"localhost/tiny:1\", "
	      "\"localhost/tiny:2\"}}");
	check("{{.ID | printf \"%.4s\"}} {{printf \"%5d%%\" 7}} {{printf \"%3c|\" 'x'}}",
	      "5b71     7%   x|");
}

static void times_print_and_have_methods(void **state)
{
	(void)state;
	check("{{.Created}} {{json .Created}} {{printf \"%s\" .Created}}",
	      "2023-11-14 22:13:20.123456789 +0000 UTC \"2023-11-14T22:13:20.123456789Z\" "
	      "2023-11-14 22:13:20.123456789 +0000 UTC");
	check("{{.Never}} {{json .Never}} {{.Never.IsZero}} {{.Never.Unix}} {{.Never.Year}}",
	      "0001-01-01 00:00:00 +0000 UTC \"0001-01-01T00:00:00Z\" true -62135596800 1");
	check("{{.Created.Unix}} {{.Created.UnixMilli}} {{.Created.Year}} {{.Created.Month}} "
	      "{{.Created.Day}} {{.Created.Weekday}} {{.Created.YearDay}} {{.Created.Hour}}:"
	      "{{.Created.Minute}}:{{.Created.Second}} {{.Created.Nanosecond}}",
	      "1700000000 1700000000123 2023 November 14 Tuesday 318 22:13:20 123456789");
	check("{{.Created.Format \"2006-01-02T15:04:05Z07:00\"}} "
	      "{{.Created.Format \"Mon, 02 Jan 2006 15:04:05 -0700 MST\"}} "
	      "{{.Created.UTC.Format \"Monday January _2 3:04PM 06 002\"}}",
	      "2023-11-14T22:13:20Z Tue, 14 Nov 2023 22:13:20 +0000 UTC "
	      "Tuesday November 14 10:13PM 23 318");
	check("{{.Created.Format \"05.000 05.999999 .99 1/2 03pm Month -07:00 -07 Z0700\"}}",
	      "20.123 20.123456 .12 11/14 10pm Month +00:00 +00 Z");
	check_refused("{{.Created.Format}}",
		      "template: images:1:10: executing \"images\" at <.Created.Format>: can't "
		      "evaluate field Format in type time.Time");
}

static void errors_read_as_those_of_go(void **state)
{
	static const char *const cases[][2] = {
	    {"{{range .Names}}{{end}}{{.Nope}}",
	     "1:25: executing \"images\" at <.Nope>: can't evaluate field Nope in type "
	     "images.imageReporter"},
	    {"\n {{.ID.Foo}}",
	     "2:6: executing \"images\" at <.ID.Foo>: can't evaluate field Foo in type string"},
	    {"{{index .Names 7}}",
	     "1:2: executing \"images\" at <index .Names 7>: error calling index: index out of "
	     "range: 7"},
	    {"{{index . 1}}", "1:2: executing \"images\" at <index . 1>: error calling index: "
			      "can't index item of type "
			      "images.imageReporter"},
	    {"{{eq \"a\" 1}}",
	     "1:2: executing \"images\" at <eq \"a\" 1>: error calling eq: incompatible types for "
	     "comparison"},
	    {"{{upper 1}}", "1:8: executing \"images\" at <1>: expected string; found 1"},
	    {"{{upper}}",
	     "1:2: executing \"images\" at <upper>: wrong number of args for upper: want 1 got 0"},
	    {"{{upper .Tag .Tag}}",
	     "1:2: executing \"images\" at <upper>: wrong number of args for upper: want 1 got 2"},
	    {"{{.Size | .Tag}}",
	     "1:10: executing \"images\" at <.Tag>: Tag has arguments but cannot be invoked as "
	     "function"},
	    {"{{upper .Size}}", "1:8: executing \"images\" at <.Size>: wrong type for value; "
				"expected string; got int"},
	    {"{{nil}}", "1:2: executing \"images\" at <nil>: nil is not a command"},
	    {"{{range .ID}}{{end}}",
	     "1:8: executing \"images\" at <.ID>: range can't iterate over 5b71aa4a2da5"},
	    {"{{nope}}", "1: function \"nope\" not defined"},
	    {"{{if}}", "1: missing value for if"},
	    {"{{}}", "1: missing value for command"},
	    {"{{range}", "1: bad character U+007D '}'"},
	    {"{{.Tag{{end}}", "1: bad character U+007B '{'"},
	    {"{{.Tag.}}", "1: unexpected <.> in operand"},
	    {"{{end}}", "1: unexpected {{end}}"},
	    {"{{else}}", "1: unexpected {{else}}"},
	    {"{{if .Tag}}", "1: unexpected EOF"},
	    {"{{if .Tag}}{{else}}{{else}}{{end}}", "1: expected end; found {{else}}"},
	    {"{{.Tag", "1: unclosed action"},
	    {"{{\"abc}}", "1: unterminated quoted string"},
	    {"{{`abc}}", "1: unterminated raw quoted string"},
	    {"{{/* abc}}", "1: unclosed comment"},
	    {"{{template \"x\"}}",
	     "1:2: executing \"images\" at <template \"x\">: template \"x\" not defined"},
	    {"{{template x}}", "1: unexpected \"x\" in template clause"},
	    {"{{define \"x\" .}}{{end}}", "1: unexpected <.> in define clause"},
	    {"{{define \"x\"}}a", "1: unexpected EOF"},
	    {"{{define \"x\"}}{{else}}{{end}}", "1: unexpected {{else}}"},
	    {"{{block \"x\"}}{{end}}", "1: missing value for block clause"},
	    {"{{$y := 1}}{{define \"x\"}}{{$y}}{{end}}", "1: undefined variable \"$y\""},
	    {"{{range .Names}}{{define \"x\"}}{{break}}{{end}}{{end}}",
	     "1: {{break}} outside {{range}}"},
	    {"{{call .ID}}", "1: function \"call\" not defined"},
	    {"{{break}}", "1: {{break}} outside {{range}}"},
	    {"{{.Tag | 1}}", "1: non executable command in pipeline stage 2"},
	    {"{{1.2.3}}", "1: bad number syntax: \"1.2.3\""},
	    {"{{range $a, $b, $c := .Names}}{{end}}", "1: too many declarations in range"},
	    {"{{.Tag )}}", "1: unexpected right paren"},
	    {"{{(.Tag}}", "1: unclosed left paren"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *message = str_fmt("template: images:%s", cases[i][1]);

		check_refused(cases[i][0], message);
	}
	check_refused("{{.Broken}}", "broken record");
}

static void output_steps_depth_and_memory_have_limits(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(64), deep = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;
	int i;

	(void)state;
	assert_int_equal(render("{{range .Names}}{{.}}{{.}}{{.}}{{.}}{{end}}", &out, &err),
			 -ERR_LIMIT);
	for (i = 0; i < 40; i++)
		buf_adds(&deep, "{{range $.Names}}");
	for (i = 0; i < 40; i++)
		buf_adds(&deep, "{{end}}");
	assert_int_equal(render(buf_str(&deep), &out, &err), -ERR_LIMIT);
	assert_string_equal(err.text, "template: images: more than 5000000 steps");
	buf_reset(&deep);
	buf_adds(&deep, "{{");
	for (i = 0; i < 200; i++)
		buf_addc(&deep, '(');
	assert_int_equal(render(buf_str(&deep), &out, &err), -ERR_LIMIT);
	assert_string_equal(err.text, "template: images: nested deeper than 100");
	assert_true(
	    render("{{$x := \"aaaaaaaaaaaaaaaa\"}}{{range .Names}}{{range $.Names}}{{range "
		   "$.Names}}{{range $.Names}}{{range $.Names}}{{$x = print $x $x $x $x $x $x $x"
		   "}}{{end}}{{end}}{{end}}{{end}}{{end}}",
		   &out, &err) < 0);
	assert_int_equal(err.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_and_fields_are_printed),
	    cmocka_unit_test(trim_markers_and_comments_cut_white_space),
	    cmocka_unit_test(literals_are_go_literals),
	    cmocka_unit_test(blocks_are_executed),
	    cmocka_unit_test(ranges_count_to_whole_numbers),
	    cmocka_unit_test(templates_are_defined_and_called),
	    cmocka_unit_test(variables_have_scopes),
	    cmocka_unit_test(functions_of_go_work),
	    cmocka_unit_test(functions_of_podman_work),
	    cmocka_unit_test(printf_formats_as_go),
	    cmocka_unit_test(times_print_and_have_methods),
	    cmocka_unit_test(errors_read_as_those_of_go),
	    cmocka_unit_test(output_steps_depth_and_memory_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
