/* container_row.h - a container as ps shows it. */
#ifndef CMD_CONTAINER_ROW_H
#define CMD_CONTAINER_ROW_H

#include "app.h"
#include "container/container.h"
#include "container_size.h"
#include "text/report.h"

struct container_row {
	struct container *c; /* borrowed */
	struct container_status status;
	bool no_trunc;
	bool external;			   /* another tool's: it has no status (external_list.h) */
	const struct container_size *size; /* borrowed; NULL: nobody asks */
};

extern const struct report_type container_row_type;
/* The columns of ps, with sizes, with pods, with both, and of ps --ns. */
extern const char *const container_row_table, *const container_row_table_sized,
						  *const container_row_table_pods,
						      *const container_row_table_pods_sized,
							  *const container_row_table_ns;
/* As container_state_name, or "storage". */
const char *container_row_state(const struct container_row *row);

struct row_query {
	const struct strv *filters; /* KEY=VALUE as podman ps --filter */
	bool all;		    /* not only running ones */
	bool no_trunc;
	int64_t last; /* the newest so many; 0: all */
};

/* Rows of those that match, oldest first; *ret is to be freed, and lives as long as list. */
int container_rows(struct app *app, const struct container_list *list, const struct row_query *q,
		   struct container_row **ret, size_t *ret_n, struct err *err);
/* Puts rows in the order of "names", "created" and so on; "size" needs sizes. */
void container_rows_sort(struct container_row *rows, size_t n, const char *key);
/* Checks filters; those not known are ERR_INVALID. */
int container_filters_check(struct app *app, const struct strv *filters, struct err *err);

#endif
