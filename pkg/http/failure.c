/* What went wrong, in words for the user and as a kind for the caller. */
#include "client.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL's X509_V_ERR_*, as CURLINFO_SSL_VERIFYRESULT gives them. */
enum {
	X509_NOT_YET_VALID = 9,
	X509_EXPIRED = 10,
	X509_SELF_SIGNED = 18,
	X509_SELF_SIGNED_IN_CHAIN = 19,
	X509_NO_ISSUER = 20,
	X509_NO_LEAF_SIGNATURE = 21,
};

static int set(struct http_transfer *t, enum http_failure kind, const char *host, const char *what)
{
	t->failure = kind;
	(void)err_set(&t->result, ERR_NETWORK, "%s: %s", host, what);
	return 0;
}

static const char *curl_says(const struct http_transfer *t, CURLcode code)
{
	return t->curl_text[0] ? t->curl_text : curl.easy_strerror(code);
}

static void set_connect(struct http_transfer *t, const char *host, CURLcode code)
{
	char reason[128];
	const char *text = curl_says(t, code);
	long errnum = 0;

	(void)curl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &errnum);
	if (errnum != 0)
		text = strerror_r((int)errnum, reason, sizeof(reason));
	t->failure = HTTP_FAIL_CONNECT;
	(void)err_set(&t->result, ERR_NETWORK, "connecting to %s: %c%s", host,
		      tolower((unsigned char)text[0]), text[0] ? text + 1 : "");
	t->result.sys_errno = (int)errnum;
}

static void set_timeout(struct http_transfer *t, const char *host, CURLcode code)
{
	curl_off_t ready = 0;

	(void)curl.easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	if (ready == 0) {
		t->failure = HTTP_FAIL_CONNECT;
		(void)err_set(&t->result, ERR_NETWORK, "connecting to %s: timed out", host);
		return;
	}
	(void)set(t, HTTP_FAIL_BROKEN, host, curl_says(t, code));
	(void)err_set(&t->result, ERR_NETWORK, "%s: nothing came for %u seconds", host,
		      t->req.stall_seconds ? t->req.stall_seconds : HTTP_STALL_SECONDS);
}

static void set_certificate(struct http_transfer *t, const char *host, CURLcode code)
{
	long verify = 0;

	(void)curl.easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
	switch (verify) {
	case X509_SELF_SIGNED:
	case X509_SELF_SIGNED_IN_CHAIN:
	case X509_NO_ISSUER:
	case X509_NO_LEAF_SIGNATURE:
		(void)set(t, HTTP_FAIL_TLS_AUTHORITY, host,
			  "certificate signed by an unknown authority");
		break;
	case X509_EXPIRED:
		(void)set(t, HTTP_FAIL_TLS_CERT, host, "certificate has expired");
		break;
	case X509_NOT_YET_VALID:
		(void)set(t, HTTP_FAIL_TLS_CERT, host, "certificate is not valid yet");
		break;
	default:
		(void)set(t, HTTP_FAIL_TLS_CERT, host, curl_says(t, code));
	}
}

/* The texts of OpenSSL and GnuTLS for an answer that is not TLS. */
static bool is_plain_answer(const char *text)
{
	return strstr(text, "wrong version number") || strstr(text, "http request") ||
	       strstr(text, "packet length too long") || strstr(text, "unexpected TLS packet");
}

static void set_tls(struct http_transfer *t, const char *host, CURLcode code)
{
	const char *text = curl_says(t, code);

	if (is_plain_answer(text))
		(void)set(t, HTTP_FAIL_TLS_PLAIN, host, "server speaks http, not https");
	else
		(void)set(t, HTTP_FAIL_TLS, host, text);
}

static bool answered_before(const struct http_transfer *t, const char *host)
{
	return strv_find(&t->client->answered, host) >= 0;
}

static void set_broken(struct http_transfer *t, const char *host, CURLcode code)
{
	t->failure = HTTP_FAIL_BROKEN;
	(void)err_set(&t->result, ERR_NETWORK, "%s: connection broke off: %s", host,
		      curl_says(t, code));
}

void failure_set(struct http_transfer *t, CURLcode code)
{
	char host[URL_HOSTPORT_MAX];

	(void)url_hostport(&t->url, host);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		(void)set(t, HTTP_FAIL_RESOLVE, t->url.host, "no such host, or no name service");
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		(void)set(t, HTTP_FAIL_CONNECT, host, curl_says(t, code));
		break;
	case CURLE_COULDNT_CONNECT:
		set_connect(t, host, code);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		set_timeout(t, host, code);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		set_certificate(t, host, code);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		set_tls(t, host, code);
		break;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		(void)set(t, HTTP_FAIL_TLS, host, curl_says(t, code));
		break;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
		set_broken(t, host, code);
		break;
	case CURLE_OUT_OF_MEMORY:
		/* What older versions of libcurl say of a header line that is too long for them. */
		if (t->status > 0 && !t->begun) {
			(void)set(t, HTTP_FAIL_LOCAL, host,
				  "a line of the answer's header is too long");
			t->result.code = ERR_LIMIT;
			break;
		}
		/* fall through */
	default:
		(void)set(t, HTTP_FAIL_LOCAL, host, curl_says(t, code));
	}
	t->may_pass = t->failure == HTTP_FAIL_BROKEN ||
		      (answered_before(t, host) &&
		       (t->failure == HTTP_FAIL_CONNECT || t->failure == HTTP_FAIL_RESOLVE ||
			t->failure == HTTP_FAIL_TLS));
}
