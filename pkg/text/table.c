#include "text/table.h"
#include "utf8.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>

/* A line as its tab-ended cells; what is behind the last tab is not counted among them. */
struct line {
	struct str *cells;
	size_t n;
	struct str rest;
	size_t *widths; /* of the columns, once they are known */
};

struct layout {
	struct line *lines;
	size_t n;
	struct str *cells; /* of all lines */
	size_t *widths;
};

static void layout_free(struct layout *l)
{
	free(l->lines);
	free(l->cells);
	free(l->widths);
}

static size_t count_char(struct str s, char c)
{
	size_t n = 0, i;

	for (i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

static int split(struct layout *l, struct str text, struct err *err)
{
	size_t n_cells = count_char(text, '\t'), used = 0;
	struct str line;

	l->lines = calloc(count_char(text, '\n') + 1, sizeof(*l->lines));
	l->cells = calloc(n_cells + 1, sizeof(*l->cells));
	l->widths = calloc(n_cells + 1, sizeof(*l->widths));
	if (!l->lines || !l->cells || !l->widths)
		return err_nomem(err);
	for (line = str_cut(&text, '\n'); line.ptr; line = str_cut(&text, '\n')) {
		struct line *to = &l->lines[l->n++];
		size_t n = count_char(line, '\t'), i;

		to->cells = l->cells + used;
		to->widths = l->widths + used;
		to->n = n;
		for (i = 0; i < n; i++)
			to->cells[i] = str_cut(&line, '\t');
		to->rest = line;
		used += n;
	}
	return 0;
}

/* The width of a column in the block of lines that have it, from line `first` on. */
static void measure_block(struct layout *l, size_t first, size_t column)
{
	size_t width = TABLE_MIN_WIDTH, end, w, i;

	for (end = first; end < l->n && l->lines[end].n > column; end++) {
		w = utf8_count(l->lines[end].cells[column].ptr, l->lines[end].cells[column].len) +
		    TABLE_PADDING;
		if (w > width)
			width = w;
	}
	for (i = first; i < end; i++)
		l->lines[i].widths[column] = width;
}

static void measure(struct layout *l)
{
	size_t i, column;

	/* A line begins a block of each column that the line before it does not have. */
	for (i = 0; i < l->n; i++)
		for (column = i > 0 ? l->lines[i - 1].n : 0; column < l->lines[i].n; column++)
			measure_block(l, i, column);
}

static void print_line(const struct line *line, struct buf *out)
{
	size_t i, n;

	for (i = 0; i < line->n; i++) {
		n = utf8_count(line->cells[i].ptr, line->cells[i].len);
		buf_add(out, line->cells[i].ptr, line->cells[i].len);
		for (; n < line->widths[i]; n++)
			buf_addc(out, ' ');
	}
	if (line->rest.len > 0)
		buf_add(out, line->rest.ptr, line->rest.len);
}

int table_align(struct str text, struct buf *out, struct err *err)
{
	AUTO(layout_free) struct layout l = {0};
	size_t i;
	int r;

	r = split(&l, text, err);
	if (r < 0)
		return r;
	measure(&l);
	for (i = 0; i < l.n; i++) {
		if (i > 0)
			buf_addc(out, '\n');
		print_line(&l.lines[i], out);
	}
	return buf_check(out, "the table", err);
}
