/* external_list.h - containers of other tools in the store, as ps --external shows them. */
#ifndef CMD_EXTERNAL_LIST_H
#define CMD_EXTERNAL_LIST_H

#include "app.h"
#include "container/container.h"

/* Adds them; the list is newest first again. Only their def is set, and they have no owner. */
int external_list(struct app *app, struct container_list *list, struct err *err);
/* Is it one of these? */
static inline bool external_is(const struct container *c)
{
	return !c->owner;
}

#endif
