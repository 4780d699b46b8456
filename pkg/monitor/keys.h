/*
 * keys.h - finding the detach keys in what the user types.
 */
#ifndef MONITOR_KEYS_H
#define MONITOR_KEYS_H

#include "monitor/user.h"

#include <stddef.h>

/* Zero at the start; `matched` bytes of the sequence are held back. */
struct keys_match {
	unsigned matched;
};

/* Passes n typed bytes to out (room for n + MONITOR_DETACH_KEYS_MAX), *ret_len of them; true when
 * the sequence was completed: what was typed before it is in out, what came after is dropped. */
bool keys_feed(struct keys_match *m, const struct monitor_keys *keys, const char *in, size_t n,
	       char *out, size_t *ret_len);
/* At the end of input: what was held back goes to out. */
size_t keys_flush(struct keys_match *m, const struct monitor_keys *keys, char *out);

#endif
