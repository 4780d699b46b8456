/*
 * table.h - columns of text for people, laid out as podman and docker do (Go's text/tabwriter with
 * cells of at least 12 characters and 2 blanks between columns).
 *
 * A cell is ended by a tab; what stands behind the last tab of a line belongs to no column, so that
 * no line gets blanks at its end. A column is as wide as its widest cell among neighbouring lines
 * that have it. Width is counted in characters of UTF-8.
 */
#ifndef TEXT_TABLE_H
#define TEXT_TABLE_H

#include "base/str.h"

struct buf;
struct err;

#define TABLE_MIN_WIDTH 12
#define TABLE_PADDING 2

/* Appends text to out with its tabs replaced by blanks. ERR_LIMIT when out is full. */
int table_align(struct str text, struct buf *out, struct err *err);

#endif
