/* Private to the container module: are the state directories ours? Another user could have made
 * them. */
#ifndef PKG_CONTAINER_OWN_H
#define PKG_CONTAINER_OWN_H

struct err;

/* ERR_DENIED unless the directory belongs to this user, and nobody else may write to it. */
int own_check(int fd, const char *path, struct err *err);
/* The two directories above fd, by ".." of it: root's or this user's, and for nobody else to write
 * to (unless sticky, as /tmp). root is for errors. */
int own_check_above(int fd, const char *root, struct err *err);

#endif
