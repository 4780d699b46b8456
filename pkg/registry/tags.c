#include "session.h"

#include "base/auto.h"
#include "base/str.h"
#include "base/strv.h"
#include "http/field.h"
#include "json/json.h"
#include "spec/ref.h"

#define TAGS_PAGE_MAX (4 * 1024 * 1024)
#define TAGS_PER_PAGE "1000"

/* {"name":..., "tags":[...]}; null for none. The number of tags, or negative. */
static int add_page(struct buf *body, struct strv *tags, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct json *list, *item;
	int r, n = 0;

	r = json_parse(buf_str(body), body->len, JSON_DUPLICATES | JSON_FOREIGN, "list of tags",
		       &doc, err);
	if (r < 0)
		return r;
	list = json_get(json_root(doc), "tags");
	if (json_kind(list) != JSON_ARRAY && json_kind(list) != JSON_NULL)
		return err_set(err, ERR_INVALID, "list of tags: /tags: expected an array");
	JSON_EACH(item, list)
	{
		if (!json_text(item) || !ref_is_tag(json_text(item)))
			return err_set(err, ERR_INVALID, "list of tags: /tags/%d: not a tag", n);
		if (tags->n >= REGISTRY_TAGS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d tags", REGISTRY_TAGS_MAX);
		r = strv_add(tags, json_text(item), err);
		if (r < 0)
			return r;
		n++;
	}
	return n;
}

/* 1 when *url is the address of a further page. */
static int one_page(struct registry_session *s, char **url, struct strv *tags, struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	struct http_request req = {.url = *url, .max_body = TAGS_PAGE_MAX};
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *next = NULL;
	const char *link;
	int n, r;

	r = session_do(s, &req, NULL, &t, err);
	if (r < 0)
		return r;
	if (http_status(t) != 200)
		return reply_error(t, err);
	n = add_page(http_body(t), tags, err);
	if (n < 0)
		return n;
	link = http_header(t, "Link", 0);
	if (!link || n == 0) /* a page without tags could go on for ever */
		return 0;
	r = http_link_next(link, &target, err);
	if (r <= 0)
		return r;
	r = session_own_url(s, *url, target, &next, err);
	if (r < 0)
		return r;
	free(*url);
	*url = TAKE(next);
	return 1;
}

int registry_tags(struct registry_session *s, struct strv *ret, struct err *err)
{
	AUTO_STRV struct strv tags = STRV_INIT;
	AUTO_FREE char *url = session_url(s, "tags", "list?n=" TAGS_PER_PAGE);
	int r;

	if (!url)
		return err_nomem(err);
	while ((r = one_page(s, &url, &tags, err)) > 0)
		;
	if (r < 0)
		return err_wrap(err, "listing tags of %s/%s", s->host, s->repository);
	strv_fini(ret);
	*ret = tags;
	tags = (struct strv)STRV_INIT;
	return 0;
}
