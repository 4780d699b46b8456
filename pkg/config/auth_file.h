/* auth_file.h - one auth.json or config.json; private to pkg/config. */
#ifndef PKG_CONFIG_AUTH_FILE_H
#define PKG_CONFIG_AUTH_FILE_H

#include "config/auth.h"

struct buf;
struct json_doc;

/* "host" of "host/ns/repo"; new text, NULL when out of memory. */
char *auth_key_host(const char *key);
/* The helper that the file names for a host; borrowed from doc, NULL for none. */
const char *auth_file_helper(const struct json_doc *doc, const char *host);
/* Zeroes and frees. */
void auth_wipe(char *s);
void auth_wipe_buf(struct buf *b);

/* Sets or replaces the entry; the file and its directory are made when missing. */
int auth_file_put(const char *path, const char *key, const char *user, const char *password,
		  struct err *err);
/* Removes the entry (all entries for a NULL key): how many there were. */
int auth_file_remove(const char *path, const char *key, struct err *err);
/* Reads the file: 1, or 0 when there is none. */
int auth_file_read(const char *path, struct json_doc **ret, struct err *err);

#endif
