/* progress.h - what a user sees of a pull or push, on standard error. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include "image/image.h"

#define PROGRESS_BLOBS_MAX 512

struct progress {
	struct image_events events;
	bool terminal; /* stderr is one: lines are rewritten */
	int64_t drawn_at;
	size_t n, lines;
	struct {
		char digest[16];
		uint64_t have;
		int64_t size;
		bool done, already;
	} blob[PROGRESS_BLOBS_MAX];
};

/* quiet: only choices are asked for, nothing is shown. */
void progress_init(struct progress *p, bool quiet);

#endif
