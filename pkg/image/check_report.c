#include "base/err.h"
#include "image/check.h"

#include <stdlib.h>
#include <string.h>

void check_report_fini(struct check_report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->v[i].id);
		free(r->v[i].problem);
		free(r->v[i].note);
	}
	free(r->v);
	*r = (struct check_report){0};
}

int check_add(struct check_report *r, const char *what, const char *id, const char *text,
	      struct err *err)
{
	struct check_finding *v = reallocarray(r->v, r->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(err);
	r->v = v;
	v = &r->v[r->n];
	*v = (struct check_finding){.what = what, .id = strdup(id), .problem = strdup(text)};
	r->n++;
	return v->id && v->problem ? 0 : err_nomem(err);
}

bool check_is_damaged(const struct check_report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->v[i].state == CHECK_DAMAGED)
			return true;
	return false;
}
