/* outfile.h - the file or stream that save and export write to. */
#ifndef CMD_OUTFILE_H
#define CMD_OUTFILE_H

struct err;

struct outfile {
	int fd;
	char *path, *temporary; /* renamed to path at the end; NULL: written as it is */
};

#define OUTFILE_INIT                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* path: NULL is standard output, which must not be a terminal. What is at path stays as it is until
 * outfile_commit, also when a link leads there. */
int outfile_open(const char *path, struct outfile *ret, struct err *err);
int outfile_commit(struct outfile *f, struct err *err);
/* Closes; what was not committed is removed. */
void outfile_close(struct outfile *f);
#define AUTO_OUTFILE __attribute__((cleanup(outfile_close)))

#endif
