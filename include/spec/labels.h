/* labels.h - what --filter label=... says about labels. */
#ifndef SPEC_LABELS_H
#define SPEC_LABELS_H

#include <stdbool.h>

struct strv;

/* labels: "key=value". wanted: "key", "key=value" (an empty value: any), "*" in the key stands for
 * any text. */
bool labels_match(const struct strv *labels, const char *wanted);

#endif
