/* SPDX-License-Identifier: Apache-2.0 */
#include "image/command/registry_options.h"

#include <string.h>

#include "base/error.h"
#include "image/pull.h"

int registry_options_read(
	const struct registry_options *options, struct registry_settings *settings)
{
	*settings = PULL_SETTINGS_DEFAULT.registry;
	settings->authfile = options->authfile;
	settings->credentials = options->creds;
	settings->certificates = options->cert_dir;
	settings->registries_file = options->registries_conf;
	settings->policy_file = options->signature_policy;
	settings->plain = options->plain_http;
	if (options->no_retry)
		settings->retries = 0;
	if (options->timeout)
		settings->patience = options->timeout;
	if (options->creds && !strchr(options->creds, ':'))
		return error_set(EINVAL, "option --creds: must be USER:PASSWORD");
	if (!options->tls_verify || !strcmp(options->tls_verify, "true"))
		return 0;
	settings->unverified = true;
	return strcmp(options->tls_verify, "false") != 0
		       ? error_set(EINVAL, "option --tls-verify: must be true or false, got \"%s\"",
				 options->tls_verify)
		       : 0;
}

int platform_option_read(struct arena *arena, const char *text, struct platform *platform,
	const struct platform **wanted)
{
	*wanted = text ? platform : NULL;
	return text ? platform_parse(arena, text, platform) : 0;
}
