/* SPDX-License-Identifier: Apache-2.0 */
/* How a registry learns who we are: basic authentication, and tokens (Docker's token protocol). */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "image/challenge.h"
#include "image/registry_session.h"

void registry_authorize(const struct registry_site *site, struct http_request *request)
{
	request->bearer = site->bearer;
	request->user_and_password = site->use_basic ? site->credential.user_and_password : NULL;
}

static int know_credential(struct registry *registry, struct registry_site *site)
{
	const struct registry_settings *settings = &registry->settings;

	if (site->credential_known)
		return 0;
	site->credential_known = true;
	if (settings->credentials && !site->is_mirror) {
		site->credential.user_and_password = settings->credentials;
		return 0;
	}
	return credential_find(&registry->arena, settings->authfile, site->host, site->repository,
		&site->credential);
}

/* Bearer where it is offered: Basic sends the password with each request. */
static const struct challenge *find_challenge(struct arena *arena, const struct http_answer *answer)
{
	const struct challenge *found = NULL;

	for (const char *header = http_header(answer, "WWW-Authenticate", NULL); header;
		header = http_header(answer, "WWW-Authenticate", header)) {
		struct challenge *challenges;
		size_t count;

		if (challenge_parse(arena, header, &challenges, &count) < 0)
			continue;
		for (size_t i = 0; i < count; i++)
			if (challenges[i].scheme == CHALLENGE_BEARER && challenges[i].realm)
				return &challenges[i];
			else if (challenges[i].scheme == CHALLENGE_BASIC)
				found = &challenges[i];
	}
	return found;
}

/* A scope per repository; the registry's own word for what it wants, except when pushing. */
static const char *compose_scope(struct registry *registry, const struct registry_site *site,
	const struct challenge *challenge, const char *extra, char separator)
{
	struct arena *arena = &registry->arena;
	const char *scope = challenge->scope;
	const char *key = separator == '&' ? "&scope=" : "%20";

	if (registry->purpose == REGISTRY_PUSH || !scope)
		scope = arena_format(arena, "repository:%s:pull%s", site->repository,
			registry->purpose == REGISTRY_PUSH ? ",push" : "");
	scope = http_escape(arena, scope);
	return extra ? arena_format(arena, "%s%s%s", scope, key, http_escape(arena, extra)) : scope;
}

static int take_token(struct registry *registry, struct registry_site *site, const char *server,
	const struct http_answer *answer)
{
	const struct json *token = NULL;
	struct json *root;
	int r = json_parse(&registry->arena, "token", answer->body.data ? answer->body.data : "",
		answer->body.length, &root);

	if (r >= 0 && root->type == JSON_OBJECT)
		token = json_get(root, "token") ? json_get(root, "token")
						: json_get(root, "access_token");
	if (!token || token->type != JSON_STRING || !*token->text || strpbrk(token->text, "\r\n"))
		return error_set(EPROTO,
			"registry %s: its token server %s answered without a token", site->host,
			server);
	memory_free_pointer(&site->bearer);
	site->bearer = string_copy(token->text);
	return 0;
}

/* With a password by GET, with an identity token by POST (OAuth 2, refresh_token). */
static void compose_request(struct registry *registry, struct registry_site *site,
	const struct challenge *challenge, const char *extra_scope, struct http_request *request)
{
	const char *identity = site->credential.identity_token;
	struct arena *arena = &registry->arena;
	const char *service = challenge->service ? arena_format(arena, "&service=%s",
							   http_escape(arena, challenge->service))
						 : "";
	const char *scope =
		compose_scope(registry, site, challenge, extra_scope, identity ? ' ' : '&');

	*request = (struct http_request){ .method = "GET", .trust = &site->trust };
	if (!identity) {
		request->url = arena_format(arena, "%s%cscope=%s%s", challenge->realm,
			strchr(challenge->realm, '?') ? '&' : '?', scope, service);
		request->user_and_password = site->credential.user_and_password;
		return;
	}
	request->method = "POST";
	request->url = challenge->realm;
	request->headers[0] = "Content-Type: application/x-www-form-urlencoded";
	request->body = arena_format(arena,
		"grant_type=refresh_token&client_id=hull&refresh_token=%s&scope=%s%s",
		http_escape(arena, identity), scope, service);
	request->body_length = strlen(request->body);
}

static int refuse_token(struct registry *registry, const struct registry_site *site,
	const struct http_answer *answer)
{
	if (!answer->error && (answer->status == 401 || answer->status == 403) &&
		(site->credential.user_and_password || site->credential.identity_token))
		return error_set(EACCES, "registry %s: user or password is wrong (%d)", site->host,
			answer->status);
	return registry_refuse(registry, site, answer, "token");
}

static int fetch_token(struct registry *registry, struct registry_site *site,
	const struct challenge *challenge, const char *extra_scope)
{
	struct http_transfer transfer = { 0 };
	unsigned int try = 0;
	int r;

	if (strncasecmp(challenge->realm, "https://", 8) != 0 &&
		!(site->trust.plain && !strncasecmp(challenge->realm, "http://", 7)))
		return error_set(EPROTO,
			"registry %s: its token server \"%.200s\" does not use HTTPS: refused",
			site->host, challenge->realm);
	log_debug("registry %s: asks %s for a token", site->host, challenge->realm);
	for (;;) {
		compose_request(registry, site, challenge, extra_scope, &transfer.request);
		http_perform(registry->http, &transfer);
		if (!registry_wait_to_retry(registry, site, &transfer.answer, try++))
			break;
		http_end(registry->http, &transfer);
	}
	r = transfer.answer.error || transfer.answer.status != 200
		    ? refuse_token(registry, site, &transfer.answer)
		    : take_token(registry, site, challenge->realm, &transfer.answer);
	http_end(registry->http, &transfer);
	return r;
}

int registry_answer_challenge(struct registry *registry, struct registry_site *site,
	const struct http_answer *answer, const char *extra_scope)
{
	const struct challenge *challenge = find_challenge(&registry->arena, answer);
	int r = know_credential(registry, site);

	if (r < 0)
		return r;
	if (!challenge)
		return registry_refuse(registry, site, answer, registry->name);
	if (challenge->scheme == CHALLENGE_BEARER)
		return fetch_token(registry, site, challenge, extra_scope);
	if (!site->credential.user_and_password)
		return error_set(EACCES,
			"registry %s: wants user and password: log in (hull image "
			"login %s, --creds, --authfile)",
			site->host, site->host);
	if (site->use_basic)
		return error_set(EACCES, "registry %s: user or password is wrong (%d)", site->host,
			answer->status);
	site->use_basic = true;
	return 0;
}
