/*
 * platform.h - operating system, architecture and variant as images name them (Go's names).
 */
#ifndef SPEC_PLATFORM_H
#define SPEC_PLATFORM_H

#include <stdbool.h>

struct err;

#define PLATFORM_MAX 64

struct platform {
	char os[PLATFORM_MAX];	    /* "linux" */
	char arch[PLATFORM_MAX];    /* "amd64" */
	char variant[PLATFORM_MAX]; /* "v8" or "" */
};

/* What this program was built for: "linux", "amd64"... (arm: the machine from uname decides the
 * variant, passed as text by the caller who may look; "" for the safest one). */
void platform_host(const char *uname_machine, struct platform *ret);
/* "os/arch[/variant]", "arch" or "arch/variant" of --platform; aliases (x86_64, aarch64) become
 * Go's names. Missing parts are taken from def. */
int platform_parse(const char *text, const struct platform *def, struct platform *ret,
		   struct err *err);
/* "linux/amd64" or "linux/arm64/v8". */
const char *platform_string(const struct platform *p, char out[3 * PLATFORM_MAX]);
/* How well an image for `have` runs where `want` is asked: 0 not at all, else higher is better. */
int platform_match(const struct platform *want, const struct platform *have);

#endif
