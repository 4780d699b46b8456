#include "sys/proc.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAT_MAX 2048
#define STATUS_MAX (64 * 1024)
/* Counted from the state, which is the first field behind the command's closing parenthesis. */
#define FIELDS_STATE_TO_START 19

/* Reads /proc/PID/NAME: its length, or -1 with errno. */
static ssize_t read_proc(pid_t pid, const char *name, char *out, size_t size)
{
	AUTO_CLOSE int fd = -1;
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	do
		n = read(fd, out, size - 1);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

/* State letter and start time from the text of /proc/PID/stat. The command's name may contain
 * blanks and parentheses: what counts begins behind the last one. */
static bool parse_stat(const char *text, char *ret_state, uint64_t *ret_start)
{
	const char *p = strrchr(text, ')');
	struct err ignored = ERR_INIT;
	struct str rest, field = {0};
	char number[24];
	int i;

	if (!p || p[1] != ' ' || !p[2])
		return false;
	rest = str_of(p + 2);
	*ret_state = p[2];
	for (i = 0; i <= FIELDS_STATE_TO_START; i++)
		field = str_cut(&rest, ' ');
	if (!field.ptr || field.len == 0 || field.len >= sizeof(number))
		return false;
	memcpy(number, field.ptr, field.len);
	number[field.len] = '\0';
	return parse_u64(number, "start time", 0, UINT64_MAX, ret_start, &ignored) == 0;
}

/* 1, or 0 when there is no such process. */
static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_start, struct err *err)
{
	char text[STAT_MAX];

	if (read_proc(pid, "stat", text, sizeof(text)) < 0) {
		if (errno == ENOENT || errno == ESRCH)
			return 0;
		return err_sys(err, errno, "reading /proc/%d/stat", (int)pid);
	}
	if (!parse_stat(text, ret_state, ret_start))
		return err_set(err, ERR_CORRUPT, "/proc/%d/stat has an unknown form", (int)pid);
	return 1;
}

int proc_start_time(pid_t pid, uint64_t *ret, struct err *err)
{
	char state;
	int r;

	r = read_stat(pid, &state, ret, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "no process has pid %d", (int)pid);
	return r < 0 ? r : 0;
}

int proc_open(pid_t pid, uint64_t start_time, int *ret_pidfd, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t start;
	char state;
	int r;

	if (pid <= 0)
		return 0;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0) {
		if (errno == ESRCH)
			return 0;
		return err_sys(err, errno, "opening process %d", (int)pid);
	}
	/* Looked at after the pidfd was opened: from then on it cannot change its identity. */
	r = read_stat(pid, &state, &start, err);
	if (r <= 0)
		return r;
	if (state == 'Z' || state == 'X' || (start_time && start != start_time))
		return 0;
	*ret_pidfd = TAKE_FD(fd);
	return 1;
}

bool proc_alive(pid_t pid, uint64_t start_time)
{
	struct err ignored = ERR_INIT;
	uint64_t start;
	char state;

	return pid > 0 && read_stat(pid, &state, &start, &ignored) > 0 && state != 'Z' &&
	       state != 'X' && (!start_time || start == start_time);
}

int proc_signal(int pidfd, int sig, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0)
		return 1;
	if (errno == ESRCH)
		return 0;
	return err_sys(err, errno, "sending signal %d", sig);
}

int proc_wait(pid_t pid, int *ret_code, struct err *err)
{
	int status;
	pid_t r;

	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, errno, "waiting for process %d", (int)pid);
	*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

int proc_status_field(pid_t pid, const char *name, struct buf *out, struct err *err)
{
	AUTO_FREE char *text = malloc(STATUS_MAX);
	struct str rest, line, value;
	size_t n = strlen(name);

	if (!text)
		return err_nomem(err);
	if (read_proc(pid, "status", text, STATUS_MAX) < 0) {
		if (errno == ENOENT || errno == ESRCH)
			return 0;
		return err_sys(err, errno, "reading /proc/%d/status", (int)pid);
	}
	for (rest = str_of(text); (line = str_cut(&rest, '\n')).ptr;) {
		if (line.len <= n || memcmp(line.ptr, name, n) != 0 || line.ptr[n] != ':')
			continue;
		value = str_trim((struct str){line.ptr + n + 1, line.len - n - 1});
		buf_add(out, value.ptr, value.len);
		return buf_check(out, name, err) < 0 ? -(int)err->code : 1;
	}
	return 0;
}

const char *proc_id_format(pid_t pid, uint64_t start_time, char out[PROC_ID_MAX])
{
	(void)snprintf(out, PROC_ID_MAX, "%d %llu", (int)pid, (unsigned long long)start_time);
	return out;
}

int proc_id_parse(const char *s, pid_t *ret_pid, uint64_t *ret_start_time, struct err *err)
{
	const char *blank = strchr(s, ' ');
	char number[24];
	uint64_t pid, start;
	int r;

	if (!blank || (size_t)(blank - s) >= sizeof(number))
		return err_set(err, ERR_CORRUPT, "\"%.40s\" does not name a process", s);
	memcpy(number, s, (size_t)(blank - s));
	number[blank - s] = '\0';
	r = parse_u64(number, "pid", 1, INT32_MAX, &pid, err);
	if (r < 0)
		return r;
	r = parse_u64(blank + 1, "start time", 0, UINT64_MAX, &start, err);
	if (r < 0)
		return r;
	*ret_pid = (pid_t)pid;
	*ret_start_time = start;
	return 0;
}
