/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command/checkpoint_options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "checkpoint/criu_message.h"

#define PORT_MOST	  65535
#define DESCRIPTOR_MOST	  1048576
#define BYTES_OF_KIBIBYTE 1024u

static int find_word(const char *option, const char *word, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(word, words[i]))
			return i;
	return error_set(EINVAL, "%s: \"%s\" is not known", option, word);
}

static int read_number(
	const char *option, const char *text, unsigned long most, unsigned int *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value > most)
		return error_set(
			EINVAL, "%s: must be a number up to %lu, got \"%s\"", option, most, text);
	*number = (unsigned int)value;
	return 0;
}

/* ADDRESS:PORT; the address may be IPv6. */
static int read_page_server(
	struct arena *arena, const char *text, struct checkpoint_request *request)
{
	const char *colon = strrchr(text, ':');

	if (!colon || colon == text)
		return error_set(EINVAL, "--page-server: must be ADDRESS:PORT, got \"%s\"", text);
	request->page_server = arena_copy(arena, text, (size_t)(colon - text));
	return read_number("--page-server", colon + 1, PORT_MOST, &request->page_server_port);
}

/* A number of bytes, or with K, M. */
static int read_ghost_limit(struct arena *arena, const char *text, unsigned int *bytes)
{
	size_t digits = strspn(text, "0123456789");
	unsigned int factor = 1;
	int r;

	if (!strcmp(text + digits, "K") || !strcmp(text + digits, "k"))
		factor = BYTES_OF_KIBIBYTE;
	else if (!strcmp(text + digits, "M") || !strcmp(text + digits, "m"))
		factor = BYTES_OF_KIBIBYTE * BYTES_OF_KIBIBYTE;
	else if (text[digits])
		return error_set(EINVAL,
			"--ghost-limit: must be bytes, or a number with K or M, got \"%s\"", text);
	r = read_number("--ghost-limit", arena_copy(arena, text, digits), UINT_MAX / factor, bytes);
	*bytes *= factor;
	return r;
}

static int read_namespaces(const struct string_list *names, struct checkpoint_request *request)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], "network") != 0)
			return error_set(
				EINVAL, "--empty-ns: must be network, got \"%s\"", names->items[i]);
	request->empty_network = names->count > 0;
	return 0;
}

/* A chain of images is moved as one: CRIU finds the older ones by a link beside the newer. */
static int check_parent(const struct checkpoint_request *request)
{
	if (request->parent_path && request->parent_path[0] == '/')
		return error_set(EINVAL,
			"--parent-path: must be relative to the folder of the images, got \"%s\"",
			request->parent_path);
	if (request->pre_dump && request->leave_running)
		return error_set(EINVAL, "--pre-dump: always leaves the container running");
	return 0;
}

int checkpoint_options_read(const struct invocation *invocation, struct checkpoint_request *request)
{
	static const char *const locks[] = { [CRIU_LOCK_DEFAULT] = "",
		[CRIU_LOCK_IPTABLES] = "iptables",
		[CRIU_LOCK_NFTABLES] = "nftables",
		[CRIU_LOCK_SKIP] = "skip",
		NULL };
	static const char *const modes[] = { "soft", "full", "strict", "ignore", NULL };
	const struct checkpoint_options *options = invocation->options;
	unsigned int status_fd = 0;
	int r = 0;

	*request = options->request;
	request->criu = invocation->global->criu;
	if (!request->image_path)
		request->image_path = "checkpoint";
	if (options->network_lock) {
		r = find_word("--network-lock", options->network_lock, locks);
		request->network_lock = r < 0 ? 0 : (unsigned int)r;
	}
	if (r >= 0 && options->cgroups_mode)
		r = find_word("--manage-cgroups-mode", options->cgroups_mode, modes);
	if (r >= 0 && options->page_server)
		r = read_page_server(invocation->arena, options->page_server, request);
	if (r >= 0 && options->ghost_limit)
		r = read_ghost_limit(
			invocation->arena, options->ghost_limit, &request->ghost_limit);
	if (r >= 0 && options->status_fd)
		r = read_number("--status-fd", options->status_fd, DESCRIPTOR_MOST, &status_fd);
	request->status_fd = (int)status_fd;
	if (r >= 0)
		r = read_namespaces(&options->empty_namespaces, request);
	return r < 0 ? r : check_parent(request);
}
