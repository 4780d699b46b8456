/*
 * seccomp.h - system call filters. The default profile is a table of ours with the system calls
 * that podman's and docker's default profile allow; libseccomp compiles it (loaded on first use),
 * and the compiled program is cached, so that the hot path reads one small file.
 */
#ifndef SYS_SECCOMP_H
#define SYS_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

#define SECCOMP_BPF_MAX (64 * 1024)

/* Appends the compiled default profile for a process with these capabilities (they open groups of
 * calls, as CAP_SYS_ADMIN opens mount) to out. cache_dir: an own directory with files
 * "default-<arch>-<mask>-<version>", or -1. A cache that cannot be written is not an error. */
int seccomp_default(uint64_t caps, int cache_dir, struct buf *out, struct err *err);
/* Installs a compiled program for the calling process and its children. Needs no_new_privs or
 * CAP_SYS_ADMIN. */
int seccomp_install(const void *bpf, size_t len, struct err *err);

#endif
