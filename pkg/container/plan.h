/* plan.h - parts of container_plan. */
#ifndef CONTAINER_PLAN_H
#define CONTAINER_PLAN_H

struct container_def;
struct err;
struct strv;

/* -v SOURCE:TARGET[:OPTIONS] and --tmpfs TARGET[:OPTIONS] as mounts of def. */
int plan_volumes(const struct strv *volumes, const struct strv *tmpfs, struct container_def *def,
		 struct err *err);
/* Names without or with CAP_, any case, and ALL: checked and made CAP_XXX. */
int plan_capabilities(const struct strv *given, const char *what, struct strv *ret,
		      struct err *err);

#endif
