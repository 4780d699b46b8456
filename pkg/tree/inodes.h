/* inodes.h - the first name of every inode that has several. */
#ifndef TREE_INODES_H
#define TREE_INODES_H

#include <stddef.h>
#include <sys/stat.h>

struct err;

struct inode {
	dev_t dev;
	ino_t ino;
	char *path; /* NULL: free place */
};

struct inodes {
	struct inode *v;
	size_t n, cap; /* cap is a power of two */
};

void inodes_fini(struct inodes *s);
/* The name under which the inode was noted before, or NULL after noting it as path. */
int inodes_note(struct inodes *s, const struct stat *st, const char *path, const char **ret_first,
		struct err *err);

#endif
