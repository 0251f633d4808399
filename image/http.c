/* SPDX-License-Identifier: Apache-2.0 */
#include "image/http.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "image/curl_library.h"

#define NANOSECONDS	  1000000000u
#define REDIRECTS_MOST	  8
#define CONNECT_SECONDS	  20
#define RECEIVE_BYTES	  (256L << 10)
#define CERTIFICATES_MOST ((size_t)8 << 20)
#define SYSTEM_BUNDLE	  "/etc/ssl/certs/ca-certificates.crt"

struct http {
	CURLM *multi;
	unsigned int patience; /* seconds */
};

struct http_work {
	CURL *easy;
	struct curl_slist *headers;
	struct buffer authorities;
	char words[CURL_ERROR_SIZE];
	uint64_t sent; /* of the body */
	/* When bytes moved last, either way, and how many they were by then. */
	uint64_t moved_at, moved;
	uint64_t patience; /* nanoseconds */
	bool stalled;
	int refused;	/* what take() or a limit said */
	char *taken[2]; /* paths of our own certificate and key */
};

int http_open(struct http **http, unsigned int patience_seconds)
{
	int r = curl_library_load();

	*http = memory_allocate_zero(sizeof(**http));
	if (r < 0)
		return r;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(EIO, "curl cannot be used");
	(*http)->multi = curl_multi_init();
	(*http)->patience = patience_seconds;
	return (*http)->multi ? 0 : error_set(EIO, "curl cannot be used");
}

void http_close(struct http **http)
{
	if (!*http)
		return;
	if ((*http)->multi)
		(void)curl_multi_cleanup((*http)->multi);
	memory_free_pointer(http);
}

/* ---- what curl calls ---- */

/* Headers of an answer that is redirected or a "100 Continue" give way to the next answer's. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;
	struct buffer *headers = &transfer->answer.headers;

	size *= count;
	if (size > 5 && !strncmp(bytes, "HTTP/", 5)) {
		headers->length = 0;
		transfer->answer.body.length = 0;
	}
	if (headers->length + size > HTTP_HEADER_MOST) {
		transfer->work->refused = error_set(EPROTO, "more than 64 KiB of headers");
		return 0;
	}
	/* A NUL would end the text of all headers. */
	if (!memchr(bytes, '\0', size))
		buffer_bytes(headers, bytes, size);
	return size;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;
	struct http_answer *answer = &transfer->answer;
	long status = 0;

	size *= count;
	(void)curl_easy_getinfo(transfer->work->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	if (transfer->request.take && (status == 200 || status == 206)) {
		int r = transfer->request.take(transfer->request.context, answer, bytes, size);

		transfer->work->refused = r < 0 ? r : 0;
		return r < 0 ? 0 : size;
	}
	/* The words of an error may be cut, nothing else. */
	if (answer->body.length + size > HTTP_BODY_MOST) {
		transfer->work->refused = error_set(EFBIG, "the answer is longer than 4 MiB");
		return 0;
	}
	buffer_bytes(&answer->body, bytes, size);
	return size;
}

static size_t on_send(char *bytes, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;
	struct http_work *work = transfer->work;
	const struct http_request *request = &transfer->request;
	uint64_t left = request->body_length - work->sent;
	ssize_t n;

	size *= count;
	size = left < size ? (size_t)left : size;
	if (request->body) {
		memcpy(bytes, request->body + work->sent, size);
		n = (ssize_t)size;
	} else {
		n = pread(request->body_fd, bytes, size, (off_t)work->sent);
	}
	if (n < 0 || (n == 0 && size > 0)) {
		work->refused = error_errno(n < 0 ? errno : EIO, "read what is to be sent");
		return CURL_READFUNC_ABORT;
	}
	work->sent += (uint64_t)n;
	return (size_t)n;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct http_transfer *transfer = context;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	transfer->work->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/*
 * curl calls this about once a second. Its own limit of speed is held against the average of
 * several seconds, so it sees a stall late.
 */
static int on_progress(
	void *context, curl_off_t to_come, curl_off_t came, curl_off_t to_go, curl_off_t went)
{
	struct http_work *work = ((struct http_transfer *)context)->work;
	uint64_t moved = (uint64_t)came + (uint64_t)went, now = clock_monotonic();

	(void)to_come;
	(void)to_go;
	if (moved != work->moved || !work->moved_at) {
		work->moved = moved;
		work->moved_at = now;
	}
	work->stalled = now - work->moved_at > work->patience;
	return work->stalled;
}

/* ---- a transfer's options ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && !strcmp(text + length - end_length, end);
}

/* containers-certs.d(5): *.crt are authorities beside the system's, *.cert has its *.key. */
static int read_certificates(struct http_work *work, const char *path)
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	int r = 0;

	if (!folder)
		return error_errno(errno, "certificates: %s", path);
	while (r >= 0 && (entry = readdir(folder))) {
		if (ends_with(entry->d_name, ".crt")) {
			r = file_read_at(dirfd(folder), entry->d_name, &work->authorities,
				CERTIFICATES_MOST);
			buffer_text(&work->authorities, "\n");
		} else if (ends_with(entry->d_name, ".cert") && !work->taken[0]) {
			work->taken[0] = string_format("%s/%s", path, entry->d_name);
			work->taken[1] = string_format(
				"%s/%.*s.key", path, (int)strlen(entry->d_name) - 5, entry->d_name);
		}
		if (r < 0)
			r = error_errno(r, "certificates: %s/%s", path, entry->d_name);
	}
	(void)closedir(folder);
	if (r >= 0 && work->authorities.length)
		(void)file_read_at(AT_FDCWD, SYSTEM_BUNDLE, &work->authorities, CERTIFICATES_MOST);
	return r;
}

static int set_trust(struct http_work *work, const struct http_trust *trust)
{
	/* What begins with TLS stays with TLS. */
	const char *protocols = trust->plain ? "http,https" : "https";
	int r;

	(void)curl_easy_setopt(work->easy, CURLOPT_PROTOCOLS_STR, protocols);
	(void)curl_easy_setopt(work->easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	(void)curl_easy_setopt(work->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(work->easy, CURLOPT_SSL_VERIFYPEER, trust->unverified ? 0L : 1L);
	(void)curl_easy_setopt(work->easy, CURLOPT_SSL_VERIFYHOST, trust->unverified ? 0L : 2L);
	if (!trust->certificates)
		return 0;
	r = read_certificates(work, trust->certificates);
	if (r < 0)
		return r;
	if (work->authorities.length) {
		struct curl_blob blob = { work->authorities.data, work->authorities.length,
			CURL_BLOB_NOCOPY };

		(void)curl_easy_setopt(work->easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (work->taken[0]) {
		(void)curl_easy_setopt(work->easy, CURLOPT_SSLCERT, work->taken[0]);
		(void)curl_easy_setopt(work->easy, CURLOPT_SSLKEY, work->taken[1]);
	}
	return 0;
}

static void set_credentials(struct http_work *work, const struct http_request *request)
{
	if (request->bearer) {
		(void)curl_easy_setopt(work->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)curl_easy_setopt(work->easy, CURLOPT_XOAUTH2_BEARER, request->bearer);
	} else if (request->user_and_password) {
		const char *colon = strchrnul(request->user_and_password, ':');
		_cleanup_free_ char *user = string_format("%.*s",
			(int)(colon - request->user_and_password), request->user_and_password);

		(void)curl_easy_setopt(work->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		(void)curl_easy_setopt(work->easy, CURLOPT_USERNAME, user);
		(void)curl_easy_setopt(work->easy, CURLOPT_PASSWORD, *colon ? colon + 1 : "");
	}
}

static void set_method(struct http_work *work, struct http_transfer *transfer)
{
	const struct http_request *request = &transfer->request;

	if (!strcmp(request->method, "HEAD")) {
		(void)curl_easy_setopt(work->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (!strcmp(request->method, "GET"))
		return;
	/* An upload with another name, so that POST and PUT are the same for us. */
	(void)curl_easy_setopt(work->easy, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(work->easy, CURLOPT_CUSTOMREQUEST, request->method);
	(void)curl_easy_setopt(
		work->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_length);
	(void)curl_easy_setopt(work->easy, CURLOPT_READFUNCTION, on_send);
	(void)curl_easy_setopt(work->easy, CURLOPT_READDATA, transfer);
	(void)curl_easy_setopt(work->easy, CURLOPT_SEEKFUNCTION, on_seek);
	(void)curl_easy_setopt(work->easy, CURLOPT_SEEKDATA, transfer);
}

static void set_headers(struct http_work *work, const struct http_request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(request->headers) && request->headers[i]; i++)
		work->headers = curl_slist_append(work->headers, request->headers[i]);
	/* No second round trip before an upload. */
	work->headers = curl_slist_append(work->headers, "Expect:");
	(void)curl_easy_setopt(work->easy, CURLOPT_HTTPHEADER, work->headers);
	if (request->from) {
		_cleanup_free_ char *range =
			string_format("%llu-", (unsigned long long)request->from);

		(void)curl_easy_setopt(work->easy, CURLOPT_RANGE, range);
	}
}

static void set_reception(struct http *http, struct http_work *work, struct http_transfer *transfer)
{
	(void)curl_easy_setopt(work->easy, CURLOPT_URL, transfer->request.url);
	(void)curl_easy_setopt(work->easy, CURLOPT_PRIVATE, transfer);
	(void)curl_easy_setopt(work->easy, CURLOPT_ERRORBUFFER, work->words);
	(void)curl_easy_setopt(work->easy, CURLOPT_USERAGENT, "hull/" HULL_VERSION);
	(void)curl_easy_setopt(work->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(work->easy, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(work->easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MOST);
	(void)curl_easy_setopt(work->easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(work->easy, CURLOPT_HEADERDATA, transfer);
	(void)curl_easy_setopt(work->easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(work->easy, CURLOPT_WRITEDATA, transfer);
	(void)curl_easy_setopt(work->easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
	work->patience = (uint64_t)http->patience * NANOSECONDS;
	(void)curl_easy_setopt(work->easy, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(work->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(work->easy, CURLOPT_XFERINFODATA, transfer);
	(void)curl_easy_setopt(work->easy, CURLOPT_CONNECTTIMEOUT,
		http->patience < CONNECT_SECONDS ? (long)http->patience : (long)CONNECT_SECONDS);
}

/* ---- the life of a transfer ---- */

static void fail_transfer(struct http_transfer *transfer, int error, const char *words)
{
	transfer->answer.error = error;
	(void)snprintf(transfer->answer.words, sizeof(transfer->answer.words), "%s", words);
	transfer->done = true;
}

void http_begin(struct http *http, struct http_transfer *transfer)
{
	struct http_work *work = memory_allocate_zero(sizeof(*work));
	int r;

	transfer->work = work;
	transfer->done = false;
	transfer->answer = (struct http_answer){ 0 };
	work->easy = curl_easy_init();
	if (!work->easy) {
		fail_transfer(transfer, -EIO, "curl cannot be used");
		return;
	}
	set_reception(http, work, transfer);
	set_method(work, transfer);
	set_headers(work, &transfer->request);
	set_credentials(work, &transfer->request);
	r = set_trust(work, transfer->request.trust);
	if (r < 0)
		fail_transfer(transfer, r, error_text(r));
	else if (curl_multi_add_handle(http->multi, work->easy) != CURLM_OK)
		fail_transfer(transfer, -EIO, "curl cannot be used");
}

void http_end(struct http *http, struct http_transfer *transfer)
{
	struct http_work *work = transfer->work;

	if (!work)
		return;
	if (work->easy) {
		(void)curl_multi_remove_handle(http->multi, work->easy);
		curl_easy_cleanup(work->easy);
	}
	curl_slist_free_all(work->headers);
	buffer_free(&work->authorities);
	memory_free_pointer(&work->taken[0]);
	memory_free_pointer(&work->taken[1]);
	memory_free_pointer(&work);
	/* Not before: curl calls on_progress until it is cleaned up. */
	transfer->work = NULL;
	buffer_free(&transfer->answer.headers);
	buffer_free(&transfer->answer.body);
}

/* curl's codes as errnos; words of ours where curl's own do not tell what to do. */
static const struct {
	CURLcode code;
	int error;
	bool again;
	const char *words;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH, false, NULL },
	{ CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH, false, NULL },
	{ CURLE_COULDNT_CONNECT, ECONNREFUSED, false, NULL },
	{ CURLE_OPERATION_TIMEDOUT, ETIMEDOUT, true, "it stalled" },
	{ CURLE_PARTIAL_FILE, EPIPE, true, "the connection was cut" },
	{ CURLE_RECV_ERROR, ECONNRESET, true, "the connection was cut" },
	{ CURLE_SEND_ERROR, ECONNRESET, true, "the connection was cut" },
	{ CURLE_GOT_NOTHING, ECONNRESET, true, "it closed the connection without an answer" },
	{ CURLE_HTTP2, EPROTO, true, NULL },
	{ CURLE_HTTP2_STREAM, EPROTO, true, NULL },
	{ CURLE_TOO_MANY_REDIRECTS, ELOOP, false, "it redirects in a circle" },
	{ CURLE_UNSUPPORTED_PROTOCOL, EPROTO, false,
		"it redirects to another protocol than HTTPS" },
	{ CURLE_PEER_FAILED_VERIFICATION, EKEYREJECTED, false, NULL },
	{ CURLE_SSL_CONNECT_ERROR, EPROTO, false, NULL },
	{ CURLE_WEIRD_SERVER_REPLY, EPROTO, false, "it does not speak HTTP" },
	{ CURLE_URL_MALFORMAT, EINVAL, false, NULL },
};

/* A proxy that was asked for a tunnel has said no; curl calls it a connection that broke. */
static bool refused_by_proxy(struct http_transfer *transfer)
{
	long status = 0;
	char words[96];

	(void)curl_easy_getinfo(transfer->work->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status < 300)
		return false;
	(void)snprintf(words, sizeof(words), "the proxy refuses it (%ld%s)", status,
		status == 407 ? ", it wants user and password" : "");
	fail_transfer(transfer, -EACCES, words);
	return true;
}

static void finish_transfer(struct http_transfer *transfer, CURLcode code)
{
	struct http_work *work = transfer->work;
	struct http_answer *answer = &transfer->answer;
	const char *words = *work->words ? work->words : curl_easy_strerror(code);
	int error = EIO;
	long status = 0;

	(void)curl_easy_getinfo(work->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	transfer->done = true;
	if (work->refused) {
		fail_transfer(transfer, work->refused, error_text(work->refused));
		return;
	}
	if (code == CURLE_OK || refused_by_proxy(transfer))
		return;
	if (work->stalled)
		code = CURLE_OPERATION_TIMEDOUT;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		if (failures[i].code != code)
			continue;
		error = failures[i].error;
		answer->may_be_tried_again = failures[i].again;
		words = failures[i].words ? failures[i].words : words;
		break;
	}
	fail_transfer(transfer, -error, words);
}

void http_pump(struct http *http, int milliseconds)
{
	int running = 0, left;
	CURLMsg *message;
	bool done = false;

	(void)curl_multi_perform(http->multi, &running);
	for (;;) {
		while ((message = curl_multi_info_read(http->multi, &left))) {
			struct http_transfer *transfer = NULL;

			if (message->msg != CURLMSG_DONE)
				continue;
			(void)curl_easy_getinfo(
				message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
			finish_transfer(transfer, message->data.result);
			done = true;
		}
		if (done || milliseconds <= 0)
			return;
		(void)curl_multi_poll(http->multi, NULL, 0, milliseconds, NULL);
		(void)curl_multi_perform(http->multi, &running);
		milliseconds = 0;
	}
}

void http_perform(struct http *http, struct http_transfer *transfer)
{
	http_begin(http, transfer);
	while (!transfer->done)
		http_pump(http, 1000);
}

/* ---- headers and URLs ---- */

/*
 * The headers are one text of lines; a value ends at its line's CR, so callers get
 * it cut off there once and for all.
 */
const char *http_header(const struct http_answer *answer, const char *name, const char *after)
{
	char *line = answer->headers.data;
	size_t length = strlen(name);

	if (after)
		line = (char *)after + strlen(after) + 1;
	while (line && line < answer->headers.data + answer->headers.length) {
		char *end = line + strcspn(line, "\r\n");

		if (!strncasecmp(line, name, length) && line[length] == ':') {
			char *value = line + length + 1;

			while (*value == ' ' || *value == '\t')
				value++;
			*end = '\0';
			return value;
		}
		line = end + 1;
	}
	return NULL;
}

const char *http_escape(struct arena *arena, const char *text)
{
	char *escaped = arena_allocate(arena, 3 * strlen(text) + 1), *to = escaped;

	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			*to++ = *text;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*text);
	}
	return escaped;
}

const char *http_resolve(struct arena *arena, const char *base, const char *target)
{
	const char *result = NULL;
	CURLU *url = curl_url();
	char *whole = NULL;

	if (url && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
		curl_url_set(url, CURLUPART_URL, target, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK)
		result = arena_copy(arena, whole, strlen(whole));
	curl_free(whole);
	curl_url_cleanup(url);
	return result;
}
