/* inspect_shapes.h - the structs of what inspect shows. */
#ifndef CMD_INSPECT_SHAPES_H
#define CMD_INSPECT_SHAPES_H

#include "shape.h"

extern const struct shape inspect_image_shape, inspect_container_shape;

#endif
