#include "keys.h"
#include "base/err.h"
#include "base/str.h"

/* 1 to 31 (and 0 for ctrl-@) for "ctrl-x", the character itself for one; -1. */
static int key_of(struct str name)
{
	static const char prefix[] = "ctrl-";
	char c;

	if (name.len == 1 && (unsigned char)name.ptr[0] < 0x80)
		return name.ptr[0];
	if (name.len != sizeof(prefix) || memcmp(name.ptr, prefix, sizeof(prefix) - 1) != 0)
		return -1;
	c = name.ptr[sizeof(prefix) - 1];
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 1;
	return c == '@' || (c >= '[' && c <= '_') ? c - '@' : -1;
}

int monitor_keys_parse(const char *text, struct monitor_keys *ret, struct err *err)
{
	struct monitor_keys keys = {.n = 0};
	struct str rest = str_of(text), part;
	int key;

	while (*text && rest.ptr) {
		part = str_cut(&rest, ',');
		key = key_of(part);
		if (key < 0)
			return err_set(err, ERR_INVALID,
				       "detach keys \"%s\": \"%.*s\" is neither one character nor "
				       "ctrl- and one of a-z @ [ \\ ] ^ _",
				       text, (int)part.len, part.ptr);
		if (keys.n == MONITOR_DETACH_KEYS_MAX)
			return err_set(err, ERR_INVALID, "detach keys \"%s\": more than %d keys",
				       text, MONITOR_DETACH_KEYS_MAX);
		keys.key[keys.n++] = (unsigned char)key;
	}
	*ret = keys;
	return 0;
}

/* After matched keys another key came than the sequence wants: lets go of the first ones, as few
 * as possible, so that the rest is a beginning of the sequence again. */
static size_t let_go(struct keys_match *m, const struct monitor_keys *keys, char *out)
{
	unsigned drop;

	for (drop = 1; drop < m->matched; drop++)
		if (memcmp(keys->key, keys->key + drop, m->matched - drop) == 0)
			break;
	memcpy(out, keys->key, drop);
	m->matched -= drop;
	return drop;
}

bool keys_feed(struct keys_match *m, const struct monitor_keys *keys, const char *in, size_t n,
	       char *out, size_t *ret_len)
{
	size_t len = 0, i;

	for (i = 0; i < n; i++) {
		while (m->matched > 0 && (unsigned char)in[i] != keys->key[m->matched])
			len += let_go(m, keys, out + len);
		if (keys->n == 0 || (unsigned char)in[i] != keys->key[m->matched]) {
			out[len++] = in[i];
			continue;
		}
		if (++m->matched == keys->n) {
			m->matched = 0;
			*ret_len = len;
			return true;
		}
	}
	*ret_len = len;
	return false;
}

size_t keys_flush(struct keys_match *m, const struct monitor_keys *keys, char *out)
{
	size_t n = m->matched;

	memcpy(out, keys->key, n);
	m->matched = 0;
	return n;
}
