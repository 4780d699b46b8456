/* container_row.h - a container as ps shows it. */
#ifndef CMD_CONTAINER_ROW_H
#define CMD_CONTAINER_ROW_H

#include "app.h"
#include "container/container.h"
#include "text/report.h"

struct container_row {
	struct container *c; /* borrowed */
	struct container_status status;
	bool no_trunc;
};

extern const struct report_type container_row_type, container_row_type_sized;

struct row_query {
	const struct strv *filters; /* KEY=VALUE as podman ps --filter */
	bool all;		    /* not only running ones */
	int64_t last;		    /* the newest so many; 0: all */
	const char *sort;	    /* NULL: newest first */
	bool no_trunc;
};

/* Rows of those that match; *ret is to be freed, and lives as long as list. */
int container_rows(struct app *app, const struct container_list *list, const struct row_query *q,
		   struct container_row **ret, size_t *ret_n, struct err *err);

#endif
