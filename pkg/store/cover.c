/*
 * The mount of overlay/ over itself. podman and its like make it, private, before they look at the
 * store as root, unless it is there; what was mounted below overlay/ before is hidden then. They
 * take it away when they end and no layer is counted as mounted. So layers are mounted for people
 * only below such a mount. layers.lock is held, as the others hold it for the end.
 */
#include "priv.h"
#include "base/err.h"
#include "sys/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Two processes at once may each make one. */
#define COVERS_MAX 8

int overlay_cover(struct store *s, struct err *err)
{
	const char *path = own(s)->overlay_path;

	if (mount_is_at(AT_FDCWD, path))
		return 0;
	if (mount(path, path, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "mounting %s", path);
	return 0;
}

/* A file system that somebody keeps overlay/ on is another one than that of the graphroot. */
static bool is_covered(const struct store *s)
{
	struct stat above, home;

	return mount_is_at(AT_FDCWD, s->roots[0].overlay_path) &&
	       stat(s->roots[0].overlay_path, &home) == 0 && fstat(s->roots[0].fd, &above) == 0 &&
	       home.st_dev == above.st_dev;
}

bool overlay_uncover(struct store *s)
{
	return is_covered(s) && umount2(own(s)->overlay_path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
}

bool overlay_uncover_to(struct store *s, const char *path)
{
	int i;

	for (i = 0; i < COVERS_MAX && !mount_is_at(AT_FDCWD, path); i++)
		if (!overlay_uncover(s))
			return false;
	return mount_is_at(AT_FDCWD, path);
}
