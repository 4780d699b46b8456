/*
 * times.h - points in time as nanoseconds since 1970 (UTC), and their text forms.
 */
#ifndef BASE_TIMES_H
#define BASE_TIMES_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define NSEC_PER_SEC 1000000000LL
#define RFC3339_MAX 40
#define TIME_GO_MAX 64

int64_t time_now_ns(void);	 /* wall clock */
int64_t time_monotonic_ns(void); /* for durations */

/* "2026-11-22T06:48:20.123456789Z"; trailing zeros of the fraction are dropped, as Go does. */
const char *time_rfc3339(int64_t ns, char out[RFC3339_MAX]);
/* As Go prints a time: "2026-11-22 06:48:20.123456789 +0000 UTC", or in the local zone. */
const char *time_go(int64_t ns, bool local, char out[TIME_GO_MAX]);
/* Any RFC 3339 time with offset. Go's zero time (year 1) becomes 0. */
int time_parse_rfc3339(const char *s, int64_t *ret, struct err *err);
/* --since and --until: RFC 3339 (also without zone: local time, or only a date), seconds since
 * 1970 with fraction, or a duration before now such as 10m or 1h30m. */
int time_parse_when(const char *s, const char *what, int64_t *ret, struct err *err);
/* Go durations: 300ms, 1.5h, 1h30m; a bare number is seconds. */
int time_parse_duration(const char *s, const char *what, int64_t *ret_ns, struct err *err);

/* docker's words for a length of time: "Less than a second", "About a minute", "3 weeks". */
#define TIME_WORDS_MAX 32
const char *time_words(int64_t duration_ns, char out[TIME_WORDS_MAX]);

#endif
