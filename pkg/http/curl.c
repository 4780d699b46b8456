#include "curl.h"

#include "base/err.h"
#include "base/lib.h"

#define SONAME "libcurl.so.4"

struct curl_lib curl;

static const struct lib_sym syms[] = {
    {"curl_global_init", &curl.global_init},
    {"curl_easy_init", &curl.easy_init},
    {"curl_easy_cleanup", &curl.easy_cleanup},
    {"curl_easy_setopt", &curl.easy_setopt},
    {"curl_easy_getinfo", &curl.easy_getinfo},
    {"curl_easy_pause", &curl.easy_pause},
    {"curl_easy_strerror", &curl.easy_strerror},
    {"curl_multi_init", &curl.multi_init},
    {"curl_multi_cleanup", &curl.multi_cleanup},
    {"curl_multi_add_handle", &curl.multi_add},
    {"curl_multi_remove_handle", &curl.multi_remove},
    {"curl_multi_perform", &curl.multi_perform},
    {"curl_multi_poll", &curl.multi_poll},
    {"curl_multi_info_read", &curl.multi_info_read},
    {"curl_multi_strerror", &curl.multi_strerror},
    {"curl_slist_append", &curl.slist_append},
    {"curl_slist_free_all", &curl.slist_free_all},
    {0},
};

LIB_NOTE("http", "pulling and pushing images", "required", SONAME);

int curl_load(struct err *err)
{
	int r = lib_load(SONAME, syms, err);
	CURLcode c;

	if (r < 0)
		return r;
	c = curl.global_init(CURL_GLOBAL_DEFAULT); /* the first call sets TLS up, others count */
	if (c != CURLE_OK)
		return err_set(err, ERR_NETWORK, "setting up libcurl: %s", curl.easy_strerror(c));
	return 0;
}
