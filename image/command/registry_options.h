/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COMMAND_REGISTRY_OPTIONS_H
#define HULL_IMAGE_COMMAND_REGISTRY_OPTIONS_H

/* The options of every command that talks to a registry. */
#include "base/option.h"
#include "image/platform.h"
#include "image/registry.h"

struct registry_options {
	const char *authfile, *creds, *cert_dir, *tls_verify, *registries_conf, *signature_policy;
	bool plain_http, no_retry;
	unsigned int timeout;
};

#define REGISTRY_OPTION_ROWS(type_, member_)                                                       \
	{ "authfile", 0, OPTION_TEXT, offsetof(type_, member_.authfile), "FILE",                   \
		"credentials (default: Podman's auth.json, then Docker's config.json)" },          \
		{ "creds", 0, OPTION_TEXT, offsetof(type_, member_.creds), "USER:PASSWORD",        \
			"credentials of the registry" },                                           \
		{ "cert-dir", 0, OPTION_TEXT, offsetof(type_, member_.cert_dir), "DIR",            \
			"authorities (*.crt) to believe, certificate and key (*.cert, *.key) to "  \
			"show" },                                                                  \
		{ "tls-verify", 0, OPTION_TEXT, offsetof(type_, member_.tls_verify), "BOOL",       \
			"false: take any certificate", "true false" },                             \
		{ "plain-http", 0, OPTION_FLAG, offsetof(type_, member_.plain_http), NULL,         \
			"speak HTTP without TLS with the registry" },                              \
		{ "registries-conf", 0, OPTION_TEXT, offsetof(type_, member_.registries_conf),     \
			"FILE", "mirrors (default: those of containers-registries.conf)" },        \
		{ "signature-policy", 0, OPTION_TEXT, offsetof(type_, member_.signature_policy),   \
			"FILE",                                                                    \
			"whose signatures images need (default: containers-policy.json)" },        \
		{ "timeout", 0, OPTION_NUMBER, offsetof(type_, member_.timeout), "SECONDS",        \
			"a server that sends nothing for so long has stalled (default: 30)" },     \
		{ "no-retry", 0, OPTION_FLAG, offsetof(type_, member_.no_retry), NULL,             \
			"give up at the first cut or refusal (default: after three more tries)" }

/* -EINVAL with a message. */
int registry_options_read(
	const struct registry_options *options, struct registry_settings *settings);

/* --platform, or NULL for this machine's; into PLATFORM. */
int platform_option_read(struct arena *arena, const char *text, struct platform *platform,
	const struct platform **wanted);

#endif
