/* tasks.h - several jobs of one request after another each, some of them at once. */
#ifndef REGISTRY_TASKS_H
#define REGISTRY_TASKS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct http_client;
struct http_transfer;

/* The first member of a job. */
struct task {
	struct http_transfer *t; /* its request that is on its way */
	bool complete;
};

struct task_ops {
	size_t size;				       /* of a job */
	int (*begin)(struct task *t, struct err *err); /* starts t->t, or is complete at once */
	int (*ended)(struct task *t, struct err *err); /* t->t has ended: the next step */
	void (*fini)(struct task *t);		       /* also frees t->t; may be called twice */
	int (*fail)(const struct task *t, struct err *err); /* says which job it is */
};

/* Runs jobs[0..n), beginning in this order, `parallel` at once. The first error ends all of them;
 * fini was called for each when this returns. */
int tasks_run(struct http_client *http, const struct task_ops *ops, void *jobs, size_t n,
	      unsigned parallel, struct err *err);

#endif
