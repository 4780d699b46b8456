/* image_dir.h - a directory of the format "dir": one image, its files named by digest. */
#ifndef IMAGE_IMAGE_DIR_H
#define IMAGE_IMAGE_DIR_H

#include "spec/image.h"

#define IMAGE_DIR_VERSION "Directory Transport Version: 1.1\n"

/* ERR_EXISTS when there is something in the directory, but not such an image. */
int image_dir_check(int dir, struct err *err);
/* Removes the blobs and signatures of an image that was there before. */
int image_dir_sweep(int dir, const struct manifest *m, struct err *err);

#endif
