/*
 * str.h - looking at and taking apart text without copying it, and small text helpers.
 *
 * struct str is a view: it owns nothing and is valid as long as what it points into.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct err;

struct str {
	const char *ptr;
	size_t len;
};

static inline struct str str_of(const char *s)
{
	return (struct str){s, strlen(s)};
}

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* NULL counts as "". */
static inline bool str_empty(const char *s)
{
	return !s || !*s;
}

bool str_eq(struct str a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* What follows prefix, or NULL when s does not begin with it. */
const char *str_after(const char *s, const char *prefix);
/* Cuts *rest at the first sep: returns the part before it, moves *rest behind it. Without sep the
 * whole of *rest is returned, *rest becomes empty with ptr NULL; a further call returns ptr NULL.
 */
struct str str_cut(struct str *rest, char sep);
struct str str_trim(struct str s);
/* A decimal number of one to ten digits that fits: user and group IDs in files. */
bool str_u32(struct str s, uint32_t *ret);
/* Caller frees; NULL when out of memory. */
char *str_dup(struct str s);
/* Caller frees; NULL when out of memory. */
char *str_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* *slot = a copy of value (NULL allowed), the old content is freed. ERR_NOMEM. */
int str_set(char **slot, const char *value, struct err *err);
/* False when the bytes are not well-formed UTF-8. */
bool str_is_utf8(const char *s, size_t len);
bool str_is_hex(const char *s, size_t len);

/* Decimal, whole string, no sign, no blanks; min <= value <= max. `what` names it in the error. */
int parse_u64(const char *s, const char *what, uint64_t min, uint64_t max, uint64_t *ret,
	      struct err *err);
int parse_i64(const char *s, const char *what, int64_t min, int64_t max, int64_t *ret,
	      struct err *err);
/* Octal file mode without type bits, 0..07777. */
int parse_mode(const char *s, const char *what, unsigned *ret, struct err *err);
/* docker's memory sizes: number with optional b k m g t (and kb, kib ...), powers of 1024. */
int parse_size(const char *s, const char *what, uint64_t *ret, struct err *err);
/* Decimal with up to 9 digits of fraction ("1.5"), in units of 1e-9. */
int parse_nano(const char *s, const char *what, uint64_t *ret, struct err *err);

/* docker's human sizes, decimal units. human_size: at most four significant figures, "72.51MB";
 * human_size_short: three, and gap ("" or " ") before the unit, "72.5 MB". Both return out. */
#define HUMAN_MAX 32
const char *human_size(uint64_t bytes, char out[HUMAN_MAX]);
const char *human_size_short(uint64_t bytes, const char *gap, char out[HUMAN_MAX]);

/* The name in names[0..n) nearest to s by edits, or NULL when none is near: "did you mean". */
const char *str_nearest(const char *s, const char *const *names, size_t n);

#endif
