#include "tasks.h"

#include "base/err.h"
#include "http/http.h"

static struct task *task_at(const struct task_ops *ops, void *jobs, size_t i)
{
	return (struct task *)(void *)((char *)jobs + i * ops->size);
}

static struct task *task_of(const struct task_ops *ops, void *jobs, size_t n,
			    const struct http_transfer *t)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (task_at(ops, jobs, i)->t == t)
			return task_at(ops, jobs, i);
	return NULL;
}

/* Waits until some transfer has ended, and takes its job's next step. */
static int step(struct http_client *http, const struct task_ops *ops, void *jobs, size_t n,
		size_t *active, struct err *err)
{
	struct http_transfer *t = NULL;
	struct task *task;
	int r = http_wait_any(http, &t, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_BUG, "no transfer is on its way");
	task = task_of(ops, jobs, n, t);
	if (!task)
		return 0; /* of somebody else, who will ask for it */
	if (ops->ended(task, err) < 0)
		return ops->fail(task, err);
	if (task->complete) {
		ops->fini(task);
		(*active)--;
	}
	return 0;
}

static int run(struct http_client *http, const struct task_ops *ops, void *jobs, size_t n,
	       unsigned parallel, struct err *err)
{
	size_t next = 0, active = 0;
	struct task *task;
	int r;

	while (next < n || active > 0) {
		if (next < n && active < parallel) {
			task = task_at(ops, jobs, next++);
			if (ops->begin(task, err) < 0)
				return ops->fail(task, err);
			if (task->complete)
				ops->fini(task);
			else
				active++;
			continue;
		}
		r = step(http, ops, jobs, n, &active, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int tasks_run(struct http_client *http, const struct task_ops *ops, void *jobs, size_t n,
	      unsigned parallel, struct err *err)
{
	int r = run(http, ops, jobs, n, parallel, err);
	size_t i;

	for (i = 0; i < n; i++)
		ops->fini(task_at(ops, jobs, i));
	return r;
}
