/* yaml.h - a JSON value as YAML for people to read (info). */
#ifndef CMD_YAML_H
#define CMD_YAML_H

struct buf;
struct json;

void yaml_write(const struct json *v, unsigned indent, struct buf *out);

#endif
