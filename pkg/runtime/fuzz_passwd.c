#include "base/err.h"
#include "base/str.h"
#include "user.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is "<user spec>\n<passwd>\0<group>". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct user u;
	static const char *const more[] = {"wheel", "7", NULL};
	struct str all = {(const char *)data, size}, spec = str_cut(&all, '\n');
	struct str passwd = str_cut(&all, '\0');
	struct err err = ERR_INIT;
	char *text;

	if (!all.ptr)
		all = (struct str){"", 0};
	if (!passwd.ptr)
		passwd = (struct str){"", 0};
	text = str_dup(spec);
	if (!text)
		return 0;
	if (user_resolve(text, NULL, passwd.ptr, passwd.len, all.ptr, all.len, &u, &err) == 0 &&
	    (u.uid > 0x7fffffffU || u.gid > 0x7fffffffU || u.n_groups > USER_GROUPS_MAX ||
	     !memchr(u.home, '\0', sizeof(u.home))))
		abort();
	(void)user_resolve(text, more, passwd.ptr, passwd.len, all.ptr, all.len, &u, &err);
	free(text);
	return 0;
}
