/*
 * proc.h - asking the kernel about processes.
 *
 * A process is named by its pid and its start time (clock ticks since boot, field 22 of
 * /proc/PID/stat): the pair is never used twice in one boot, so a stale record is recognised.
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

/* Start time of a process that exists, zombie or not. ERR_NOT_FOUND when there is none. */
int proc_start_time(pid_t pid, uint64_t *ret, struct err *err);
/* A pidfd of exactly that process: 1, or 0 when it is gone (or the pid is somebody else's now).
 * A zombie counts as gone. start_time 0 means "whoever has the pid". */
int proc_open(pid_t pid, uint64_t start_time, int *ret_pidfd, struct err *err);
/* True while that process runs (not a zombie). */
bool proc_alive(pid_t pid, uint64_t start_time);
/* Sends sig: 1, or 0 when the process is gone. */
int proc_signal(int pidfd, int sig, struct err *err);
/* Waits for a child and translates its status: exit code, or 128 + signal. */
int proc_wait(pid_t pid, int *ret_code, struct err *err);
/* The value of one "Name:\tvalue" line of /proc/PID/status; 1 found, 0 no such line or process. */
int proc_status_field(pid_t pid, const char *name, struct buf *out, struct err *err);

/* "<pid> <start time>", the line of the state file `pid`. */
#define PROC_ID_MAX 48
const char *proc_id_format(pid_t pid, uint64_t start_time, char out[PROC_ID_MAX]);
int proc_id_parse(const char *s, pid_t *ret_pid, uint64_t *ret_start_time, struct err *err);

#endif
