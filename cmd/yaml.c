#include "yaml.h"
#include "base/buf.h"
#include "base/str.h"
#include "json/json.h"

#define STEP 2U

/* Text that YAML would read as something else is quoted. */
static void scalar(const struct json *v, struct buf *out)
{
	const char *s = json_text(v);

	if (!s)
		json_dump(v, JSON_PLAIN, out);
	else if (!*s || strpbrk(s, ":#{}[],&*!|>'\"%@`\n\\") || s[0] == ' ' || s[0] == '-' ||
		 strspn(s, "0123456789.") == strlen(s) || streq(s, "true") || streq(s, "false") ||
		 streq(s, "null"))
		json_dump_string(s, JSON_PLAIN, out);
	else
		buf_adds(out, s);
}

static void pad(unsigned n, struct buf *out)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

static void member(const struct json *v, unsigned indent, struct buf *out)
{
	if (json_count(v) > 0) {
		buf_addc(out, '\n');
		yaml_write(v, json_kind(v) == JSON_ARRAY ? indent : indent + STEP, out);
		return;
	}
	buf_addc(out, ' ');
	if (json_kind(v) == JSON_ARRAY)
		buf_adds(out, "[]");
	else if (json_kind(v) == JSON_OBJECT)
		buf_adds(out, "{}");
	else
		scalar(v, out);
	buf_addc(out, '\n');
}

void yaml_write(const struct json *v, unsigned indent, struct buf *out)
{
	const struct json *it;

	JSON_EACH(it, v)
	{
		pad(indent, out);
		if (json_name(it))
			buf_addf(out, "%s:", json_name(it));
		else
			buf_addc(out, '-');
		member(it, indent, out);
	}
}
