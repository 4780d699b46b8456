#include "confirm.h"
#include "app.h"
#include "base/err.h"

#include <ctype.h>
#include <unistd.h>

static const char question[] = "Are you sure you want to continue? [y/N] ";

int confirm(const char *warning, struct err *err)
{
	char c, first = '\0';
	ssize_t n;
	int r;

	r = out_text(warning, strlen(warning), err);
	if (r == 0)
		r = out_text(question, sizeof(question) - 1, err);
	if (r < 0)
		return r;
	/* By bytes: what follows the line is not ours. */
	while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
		if (!first && !isspace((unsigned char)c))
			first = c;
	if (n <= 0 && !first)
		return err_set(err, ERR_INVALID,
			       "nobody answered the question: use --force to go ahead without it");
	return first == 'y' || first == 'Y';
}
