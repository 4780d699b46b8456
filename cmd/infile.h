/* infile.h - the archive that load and import read. */
#ifndef CMD_INFILE_H
#define CMD_INFILE_H

struct err;
struct store;

/* path: a file, a directory, an http or https address, or NULL for standard input, which must not
 * be a terminal. Returns a descriptor that the caller closes. */
int infile_open(struct store *store, const char *path, struct err *err);

#endif
