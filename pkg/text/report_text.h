/* report_text.h - between report.c and report_text.c. */
#ifndef PKG_TEXT_REPORT_TEXT_H
#define PKG_TEXT_REPORT_TEXT_H

#include <stdbool.h>

struct buf;

bool report_has_range(const char *format);
/* \t and \n as two characters become one; blanks become tabs in tables. */
void report_unescape(const char *format, bool blanks_too, struct buf *out);

#endif
