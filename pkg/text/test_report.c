/* Expected layouts are podman 5.4's. */
#include "text/report.h"
#include "text/table.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

struct image {
	const char *repository, *tag, *id;
	int64_t size;
	struct strv names;
	int *asked;
};

static int get_repository(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret,
			  struct err *err)
{
	(void)mem, (void)err;
	*ret = tmpl_string(((const struct image *)row)->repository);
	return 0;
}

static int get_tag(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)err;
	*ret = tmpl_string(((const struct image *)row)->tag);
	return 0;
}

static int get_id(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)err;
	*ret = tmpl_string(((const struct image *)row)->id);
	return 0;
}

static int get_size(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	const struct image *i = row;

	(*i->asked)++;
	return tmpl_keepf(mem, ret, err, "%lld B", (long long)i->size);
}

static int get_names(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)err;
	*ret = tmpl_strv(&((const struct image *)row)->names);
	return 0;
}

static const struct report_field fields[] = {
    {"Repository", NULL, get_repository, "repository"},
    {"Tag", NULL, get_tag, "-"},
    {"ID", "IMAGE ID", get_id, "Id"},
    {"Size", NULL, get_size, NULL},
    {"RepoTags", NULL, get_names, NULL},
    {0},
};
static int call(const void *row, const char *name, const char *arg, struct tmpl_mem *mem,
		struct tmpl_value *ret, struct err *err)
{
	if (!streq(name, "Part"))
		return 0;
	return tmpl_keepf(mem, ret, err, "%s of %s", arg, ((const struct image *)row)->tag) < 0 ? -1
												: 1;
}

static const struct report_type type = {
    .name = "images",
    .type = "images.imageReporter",
    .fields = fields,
    .call = call,
    .indent = 2,
    .table = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Size}}",
};
static int asked;
static char name1[] = "a:1";
static char *names[] = {name1, NULL};
static const struct image tiny = {"localhost/tiny", "1", "5b71aa4a2da5", 11331, {names, 1}, &asked};
static const struct image longer = {
    "example.com/a/long-name/of", "it", "5b71aa4a2da5", 5, {names, 1}, &asked};

enum { NO_HEADING = 1, NO_ROWS = 2 };

static int write_report(const char *format, int flags, struct buf *out, struct err *err)
{
	const void *rows[] = {&tiny, &longer};
	struct report r = {.type = &type, .rows = rows, .n_rows = 2, .format = format};

	r.no_heading = flags & NO_HEADING;
	if (flags & NO_ROWS)
		r.n_rows = 0;
	return report_write(&r, out, err);
}

static void check(const char *format, int flags, const char *expected)
{
	AUTO_BUF struct buf out = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;

	if (write_report(format, flags, &out, &err) < 0)
		fail_msg("%s: %s", format ? format : "default", err.text);
	assert_string_equal(buf_str(&out), expected);
}

static void default_table_has_a_header_and_no_blanks_at_line_ends(void **state)
{
	static const char table[] =
	    "REPOSITORY                  TAG         IMAGE ID      SIZE\n"
	    "localhost/tiny              1           5b71aa4a2da5  11331 B\n"
	    "example.com/a/long-name/of  it          5b71aa4a2da5  5 B\n";

	(void)state;
	check(NULL, 0, table);
	check("", 0, table);
	check("table", 0, table);
	check(NULL, NO_HEADING, strchr(table, '\n') + 1);
	check(NULL, NO_ROWS, "REPOSITORY  TAG         IMAGE ID    SIZE\n");
	check(NULL, NO_HEADING | NO_ROWS, "");
}

static void table_formats_choose_columns(void **state)
{
	(void)state;
	check("table {{.ID}} {{.Tag}} x", 0,
	      "IMAGE ID      TAG         x\n5b71aa4a2da5  1           x\n5b71aa4a2da5  it          "
	      "x\n");
	check(
	    "table {{.ID}}\\t{{.Tag}}\\t", 0,
	    "IMAGE ID      TAG         \n5b71aa4a2da5  1           \n5b71aa4a2da5  it          \n");
	check("table {{upper .Tag}}", 0, "TAG\n1\nIT\n");
	check("table {{.RepoTags}}", 0, "REPO TAGS\n[a:1]\n[a:1]\n");
	check("table {{join .RepoTags \",\"}}\t{{index .RepoTags 0}}", 0,
	      "REPO TAGS   REPO TAGS\na:1         a:1\na:1         a:1\n");
	check("table {{range .RepoTags}}{{.}}{{end}}", NO_HEADING, "a:1\na:1\n");
	check("table {{.Nope}}", NO_HEADING | NO_ROWS, "");
	check("table {{.Nope}}", NO_ROWS, "<no value>\n");
}

static void other_formats_are_printed_for_each_row(void **state)
{
	(void)state;
	check("{{.ID}} {{.Repository}}:{{.Tag}}", 0,
	      "5b71aa4a2da5 localhost/tiny:1\n5b71aa4a2da5 example.com/a/long-name/of:it\n");
	check("{{.Tag}}\\t{{.Size}}\\n--", 0, "1\t11331 B\n--\nit\t5 B\n--\n");
	check("{{range .}}{{.Tag}}{{\"\\n\"}}{{end}}", 0, "1\nit\n\n");
	check("{{.Tag}}{{printf \"\\t\\n\"}}", 0, "1\t\n\nit\t\n\n");
	check("{{.ID}}", NO_ROWS, "");
	check("{{range .RepoTags}}{{.}} is {{$.ID}}{{end}}", 0,
	      "a:1 is 5b71aa4a2da5\na:1 is 5b71aa4a2da5\n");
}

static void json_is_indented_or_a_line_for_each_row(void **state)
{
	static const char list[] =
	    "[\n  {\n    \"repository\": \"localhost/tiny\",\n    \"Id\": \"5b71aa4a2da5\",\n"
	    "    \"Size\": \"11331 B\",\n    \"RepoTags\": [\n      \"a:1\"\n    ]\n  },\n"
	    "  {\n    \"repository\": \"example.com/a/long-name/of\",\n"
	    "    \"Id\": \"5b71aa4a2da5\",\n    \"Size\": \"5 B\",\n    \"RepoTags\": [\n"
	    "      \"a:1\"\n    ]\n  }\n]\n";
	static const char lines[] =
	    "{\"repository\":\"localhost/tiny\",\"Id\":\"5b71aa4a2da5\",\"Size\":\"11331 B\","
	    "\"RepoTags\":[\"a:1\"]}\n{\"repository\":\"example.com/a/long-name/of\","
	    "\"Id\":\"5b71aa4a2da5\",\"Size\":\"5 B\",\"RepoTags\":[\"a:1\"]}\n";

	(void)state;
	check("json", 0, list);
	check(" {{ json }} ", 0, list);
	check("{{json .}}", 0, lines);
	check("json", NO_ROWS, "[]\n");
	check("{{json .Tag}}", 0, "\"1\"\n\"it\"\n");
	assert_true(report_is_json("json"));
	assert_true(report_is_json("{{json.}}"));
	assert_false(report_is_json("{{json .}}"));
	assert_false(report_is_json("jsonx"));
	assert_false(report_is_json("{{json .ID}}"));
}

static void methods_take_an_argument(void **state)
{
	(void)state;
	check("{{.Part \"1\"}}", 0, "1 of 1\n1 of it\n");
	check("table {{.Part \"1\"}}\t{{.Tag}}", 0,
	      "PART        TAG\n1 of 1      1\n1 of it     it\n");
}

static void values_are_ranged_over_or_are_dot_itself(void **state)
{
	const struct tmpl_value values[] = {tmpl_string("a"), tmpl_string("bc")};
	struct report r = {.type = &type, .values = values, .n_rows = 2, .format = "{{.}}\\n-"};
	AUTO_BUF struct buf out = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(report_write(&r, &out, &err), 0);
	assert_string_equal(buf_str(&out), "a\n-\nbc\n-\n");
	buf_reset(&out);
	r.format = "table {{.}} {{len .}}";
	assert_int_equal(report_write(&r, &out, &err), 0);
	assert_string_equal(buf_str(&out), "a           1\nbc          2\n");
	buf_reset(&out);
	r.single = true;
	r.n_rows = 1;
	r.format = "{{.}} {{len .}}";
	assert_int_equal(report_write(&r, &out, &err), 0);
	assert_string_equal(buf_str(&out), "a 1\n");
}

static void errors_name_the_place_in_the_users_text(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;

	(void)state;
	assert_true(write_report("{{.Nope}}", 0, &out, &err) < 0);
	assert_string_equal(err.text,
			    "template: images:1:2: executing \"images\" at <.Nope>: can't evaluate "
			    "field Nope in type images.imageReporter");
	assert_true(write_report("{{.Tag", 0, &out, &err) < 0);
	assert_true(write_report("{{\"\\t", 0, &out, &err) < 0);
	assert_int_equal(out.len, 0);
}

static void only_named_fields_are_asked_for(void **state)
{
	(void)state;
	asked = 0;
	check("{{.ID}}", 0, "5b71aa4a2da5\n5b71aa4a2da5\n");
	assert_int_equal(asked, 0);
	assert_false(report_uses(&type, "{{.ID}}", "Size"));
	assert_true(report_uses(&type, NULL, "Size"));
	assert_true(report_uses(&type, "{{.Size}}", "Size"));
	assert_true(report_uses(&type, "{{json .}}", "Size"));
	assert_true(report_uses(&type, "{{printf \"%v\" .}}", "Size"));
	assert_true(report_uses(&type, "{{with $}}{{.}}{{end}}", "Size"));
}

static void header_names_are_split_as_podman_does(void **state)
{
	static const char *const names_and_headers[][2] = {{"ID", "ID"},
							   {"ImageID", "IMAGE ID"},
							   {"CreatedAt", "CREATED AT"},
							   {"RepoDigests", "REPO DIGESTS"},
							   {"ReadOnly", "READ ONLY"},
							   {"IDMap", "ID MAP"},
							   {"Cgroup2", "CGROUP 2"},
							   {"x", "X"},
							   {"NetNS", "NET NS"}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names_and_headers); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);

		report_header(names_and_headers[i][0], &b);
		assert_string_equal(buf_str(&b), names_and_headers[i][1]);
	}
}

static void check_aligned(const char *text, const char *expected)
{
	AUTO_BUF struct buf out = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;

	assert_int_equal(table_align(str_of(text), &out, &err), 0);
	assert_string_equal(buf_str(&out), expected);
}

static void columns_are_blocks_of_neighbouring_lines(void **state)
{
	(void)state;
	check_aligned("", "");
	check_aligned("a\n\nb", "a\n\nb");
	check_aligned("Client:\tX\nAPI Version:\t4\n", "Client:       X\nAPI Version:  4\n");
	check_aligned("a\t1\nno tab here\nlonger than that\t2\n",
		      "a           1\nno tab here\nlonger than that  2\n");
	check_aligned(
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\tx\n1234567890\ty",
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9  x\n1234567890  y");
	check_aligned("a\tb\tc\nd\t\te\n",
		      "a           b           c\nd                       e\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(default_table_has_a_header_and_no_blanks_at_line_ends),
	    cmocka_unit_test(table_formats_choose_columns),
	    cmocka_unit_test(other_formats_are_printed_for_each_row),
	    cmocka_unit_test(json_is_indented_or_a_line_for_each_row),
	    cmocka_unit_test(methods_take_an_argument),
	    cmocka_unit_test(values_are_ranged_over_or_are_dot_itself),
	    cmocka_unit_test(errors_name_the_place_in_the_users_text),
	    cmocka_unit_test(only_named_fields_are_asked_for),
	    cmocka_unit_test(header_names_are_split_as_podman_does),
	    cmocka_unit_test(columns_are_blocks_of_neighbouring_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
