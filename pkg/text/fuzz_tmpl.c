/* Any bytes as a --format, over rows with every kind of value, and as a table to lay out. */
#include "text/report.h"
#include "text/table.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdint.h>

#define OUTPUT_MAX (256U << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
	struct strv names, labels;
};

static int get_names(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)err;
	*ret = tmpl_strv(&((const struct sample *)row)->names);
	return 0;
}

static int get_labels(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret,
		      struct err *err)
{
	return tmpl_env(mem, &((const struct sample *)row)->labels, ret, err);
}

static int get_size(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	(void)row, (void)mem, (void)err;
	*ret = tmpl_int(-1234567);
	return 0;
}

static int get_mixed(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value v[] = {tmpl_nil(), tmpl_bool(true), tmpl_float(1.5e30),
				 tmpl_string("\xff<")};

	(void)row;
	return tmpl_keep_list(mem, v, 4, ret, err);
}

static const struct report_field fields[] = {
    {"Names", NULL, get_names, NULL},
    {"L", "LABELS", get_labels, "labels"},
    {"Size", NULL, get_size, NULL},
    {"M", NULL, get_mixed, NULL},
    {0},
};
static const struct report_type type = {
    .name = "fuzz", .type = "fuzz.row", .fields = fields, .table = "{{.Names}}\t{{.Size}}"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	AUTO_FREE char *text = str_dup((struct str){(const char *)data, size});
	static char one[] = "one", two[] = "two\tthree", a[] = "b=2", b[] = "a=1", c[] = "c";
	char *names[] = {one, two, NULL}, *labels[] = {a, b, c, NULL};
	struct sample s = {{names, 2}, {labels, 3}};
	const void *rows[] = {&s, &s};
	struct report r = {.type = &type, .rows = rows, .n_rows = 2, .format = text};
	struct err err = ERR_INIT;

	if (!text)
		return 0;
	(void)report_write(&r, &out, &err);
	r.values = &(const struct tmpl_value){.kind = TMPL_STRING, .s = "value"};
	r.n_rows = 1;
	r.single = true;
	(void)report_write(&r, &out, &err);
	(void)report_uses(&type, text, "Names");
	buf_reset(&out);
	(void)table_align((struct str){(const char *)data, size}, &out, &err);
	buf_reset(&out);
	report_indent_json((struct str){(const char *)data, size}, 2, &out);
	return 0;
}
