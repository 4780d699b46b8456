/* session.h - a user attached to a container, until it ends or the user detaches. */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "app.h"
#include "container/container.h"

struct preserved;

struct session {
	struct container *c;
	int sock; /* borrowed */
	bool want_stdin, want_stdout, want_stderr;
	bool first;	  /* of the command that started it */
	bool will_remove; /* we remove it at its end */
	bool sig_proxy;
	const char *detach_keys;     /* NULL: as configured */
	const char *pidfile;	     /* gets the ID of the first process; NULL: none */
	struct preserved *preserved; /* closed when it is started; NULL: none */
	bool detached;		     /* set by session_run */
};

/* The container's exit code, 0 after detaching. */
int session_run(struct app *app, struct session *s, struct err *err);
/* Starts a container and attaches to it. With auto-remove it is removed at its end. */
int session_start(struct app *app, struct session *s, struct err *err);
/* Starts a container and leaves it. */
int session_start_detached(struct app *app, struct container *c, struct preserved *preserved,
			   const char *pidfile, struct err *err);

#endif
