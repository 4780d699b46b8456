/* What registries and token servers say when they refuse. */
#include "session.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/str.h"
#include "json/json.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define REPLY_ERRORS_MAX 3
#define REPLY_WORD_MAX 256

void reply_clean(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = isprint((unsigned char)*text) ? *text : ' ';
	out[n] = '\0';
}

/* "MANIFEST_UNKNOWN" to "manifest unknown" */
static void code_words(const char *code, char out[REPLY_WORD_MAX])
{
	char *p;

	reply_clean(code, out, REPLY_WORD_MAX);
	for (p = out; *p; p++)
		*p = *p == '_' ? ' ' : (char)tolower((unsigned char)*p);
}

static enum err_code code_meaning(const char *code)
{
	static const struct {
		const char *code;
		enum err_code meaning;
	} known[] = {
	    {"UNAUTHORIZED", ERR_DENIED},	 {"DENIED", ERR_DENIED},
	    {"MANIFEST_UNKNOWN", ERR_NOT_FOUND}, {"MANIFEST_BLOB_UNKNOWN", ERR_NOT_FOUND},
	    {"BLOB_UNKNOWN", ERR_NOT_FOUND},	 {"NAME_UNKNOWN", ERR_NOT_FOUND},
	    {"DIGEST_INVALID", ERR_CORRUPT},	 {"SIZE_INVALID", ERR_CORRUPT},
	    {"UNSUPPORTED", ERR_UNSUPPORTED},	 {"TOOMANYREQUESTS", ERR_NETWORK},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (streq(code, known[i].code))
			return known[i].meaning;
	return ERR_NONE;
}

static void add_text(char out[REPLY_TEXT_MAX], const char *text)
{
	size_t len = strlen(out);

	(void)snprintf(out + len, REPLY_TEXT_MAX - len, "%s%s", len ? ", " : "", text);
}

/* One of "errors": "manifest unknown: no such tag", once when code and message say the same. */
static enum err_code add_error(const struct json *e, char out[REPLY_TEXT_MAX])
{
	const char *code = json_text(json_get(e, "code"));
	const char *message = json_text(json_get(e, "message"));
	char words[REPLY_WORD_MAX] = "", said[REPLY_WORD_MAX] = "", both[2 * REPLY_WORD_MAX + 2];

	code_words(code ? code : "", words);
	reply_clean(message ? message : "", said, sizeof(said));
	(void)snprintf(both, sizeof(both), "%s: %s", words, said);
	if (!words[0] || strcasecmp(words, said) == 0)
		add_text(out, said);
	else
		add_text(out, said[0] ? both : words);
	return code ? code_meaning(code) : ERR_NONE;
}

static enum err_code add_errors(const struct json *errors, char out[REPLY_TEXT_MAX])
{
	enum err_code first = ERR_NONE, c;
	const struct json *e;
	size_t n = 0;

	JSON_EACH(e, errors)
	{
		if (n++ == REPLY_ERRORS_MAX)
			break;
		c = add_error(e, out);
		if (first == ERR_NONE)
			first = c;
	}
	return first;
}

enum err_code reply_parse(const char *body, size_t len, char out[REPLY_TEXT_MAX])
{
	/* Token servers use one of these. */
	static const char *const plain[] = {"error_description", "details", "message", "error"};
	AUTO_JSON struct json_doc *doc = NULL;
	struct err ignored = ERR_INIT;
	char said[REPLY_WORD_MAX];
	enum err_code code;
	const char *text;
	size_t i;

	out[0] = '\0';
	if (json_parse(body, len, JSON_DUPLICATES | JSON_FOREIGN, "error", &doc, &ignored) < 0)
		return ERR_NONE;
	code = add_errors(json_get(json_root(doc), "errors"), out);
	for (i = 0; i < ARRAY_LEN(plain) && !out[0]; i++) {
		text = json_text(json_get(json_root(doc), plain[i]));
		reply_clean(text ? text : "", said, sizeof(said));
		add_text(out, said);
	}
	return code;
}

static enum err_code status_meaning(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 429:
		return ERR_NETWORK;
	default:
		return status >= 500 ? ERR_NETWORK : ERR_INVALID;
	}
}

static const char *status_words(int status)
{
	switch (status) {
	case 401:
		return "authentication required";
	case 403:
		return "access denied";
	case 404:
		return "not found";
	case 429:
		return "too many requests";
	default:
		return NULL;
	}
}

int reply_error(struct http_transfer *t, struct err *err)
{
	const struct buf *body = http_body(t);
	int status = http_status(t);
	char text[REPLY_TEXT_MAX];
	enum err_code code = reply_parse(buf_str(body), body->len, text);

	if (code == ERR_NONE || (status_meaning(status) == ERR_DENIED && code != ERR_DENIED))
		code = status_meaning(status);
	if (text[0] && status < 500)
		return err_set(err, code, "%s", text);
	if (status_words(status))
		return err_set(err, code, "%s (status %d)", status_words(status), status);
	return err_set(err, code, "unexpected answer of the registry: status %d%s%s", status,
		       text[0] ? ": " : "", text);
}
