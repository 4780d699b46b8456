#include "human.h"

#include <stdio.h>

const char *human_apart(uint64_t bytes, char out[HUMAN_MAX])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1000.0 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1000.0;
		i++;
	}
	(void)snprintf(out, HUMAN_MAX, "%.3g %s", v, units[i]);
	return out;
}
