/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/criu_message.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "checkpoint/protobuf.h"

enum option_kind { KIND_BOOL, KIND_UNSIGNED, KIND_TEXT };

struct option_field {
	uint32_t number; /* in criu_opts */
	enum option_kind kind;
	size_t offset;
};

#define FIELD(number, kind, member) { number, kind, offsetof(struct criu_options, member) }

static const struct option_field fields[] = {
	FIELD(2, KIND_UNSIGNED, pid),
	FIELD(3, KIND_BOOL, leave_running),
	FIELD(4, KIND_BOOL, ext_unix_sk),
	FIELD(5, KIND_BOOL, tcp_established),
	FIELD(7, KIND_BOOL, shell_job),
	FIELD(8, KIND_BOOL, file_locks),
	FIELD(10, KIND_TEXT, log_file),
	FIELD(13, KIND_TEXT, root),
	FIELD(14, KIND_TEXT, parent_image),
	FIELD(15, KIND_BOOL, track_memory),
	FIELD(16, KIND_BOOL, auto_dedup),
	FIELD(18, KIND_BOOL, link_remap),
	FIELD(26, KIND_BOOL, restore_sibling),
	FIELD(29, KIND_BOOL, external_sharing),
	FIELD(30, KIND_BOOL, external_masters),
	FIELD(35, KIND_UNSIGNED, ghost_limit),
	FIELD(38, KIND_UNSIGNED, empty_namespaces),
	FIELD(44, KIND_TEXT, freeze_cgroup),
	FIELD(45, KIND_UNSIGNED, timeout),
	FIELD(46, KIND_BOOL, tcp_skip_in_flight),
	FIELD(48, KIND_BOOL, lazy_pages),
	FIELD(49, KIND_UNSIGNED, status_fd),
	FIELD(50, KIND_BOOL, orphan_pts_master),
	FIELD(51, KIND_TEXT, config_file),
	FIELD(52, KIND_BOOL, tcp_close),
	FIELD(53, KIND_TEXT, lsm_profile),
	FIELD(63, KIND_TEXT, lsm_mount_context),
	FIELD(64, KIND_UNSIGNED, network_lock),
	FIELD(66, KIND_BOOL, skip_mode_check),
};

/* Those that are always sent, or are messages of their own. */
enum {
	OPTS_IMAGES_FD = 1,
	OPTS_LOG_LEVEL = 9,
	OPTS_PAGE_SERVER = 11,
	OPTS_NOTIFY_SCRIPTS = 12,
	OPTS_WORK_FD = 17,
	OPTS_EXTERNAL_MOUNT = 23,
	OPTS_MANAGE_CGROUPS = 24,
	OPTS_INHERIT_FD = 27,
	OPTS_CGROUPS_MODE = 34,
	OPTS_EXTERNAL = 37,
	OPTS_JOIN_NAMESPACE = 39,

	REQUEST_TYPE = 1,
	REQUEST_OPTIONS = 2,
	REQUEST_NOTIFY_SUCCESS = 3,
	REQUEST_KEEP_OPEN = 4,
	REQUEST_FEATURES = 5,
};

#define LOG_LEVEL	4 /* all */
#define CGROUPS_IGNORED 0

void criu_pair_add(struct arena *arena, struct criu_pairs *pairs, struct criu_pair pair)
{
	struct criu_pair *items = arena_allocate(arena, (pairs->count + 1) * sizeof(*items));

	if (pairs->count)
		memcpy(items, pairs->items, pairs->count * sizeof(*items));
	items[pairs->count] = pair;
	pairs->items = items;
	pairs->count++;
}

static void put_field(
	struct buffer *buffer, const struct option_field *field, const struct criu_options *options)
{
	const char *place = (const char *)options + field->offset;
	const char *text = field->kind == KIND_TEXT ? *(const char *const *)place : NULL;

	switch (field->kind) {
	case KIND_BOOL:
		if (*(const bool *)place)
			protobuf_put_number(buffer, field->number, 1);
		break;
	case KIND_UNSIGNED:
		if (*(const unsigned int *)place)
			protobuf_put_number(buffer, field->number, *(const unsigned int *)place);
		break;
	case KIND_TEXT:
		if (text)
			protobuf_put_text(buffer, field->number, text);
		break;
	}
}

/* Each pair is a message; its second member a text or a number. */
static void put_pairs(struct buffer *buffer, uint32_t number, const struct criu_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		_cleanup_buffer_ struct buffer pair = { 0 };

		protobuf_put_text(&pair, 1, pairs->items[i].key);
		if (pairs->items[i].value)
			protobuf_put_text(&pair, 2, pairs->items[i].value);
		else
			protobuf_put_number(&pair, 2, pairs->items[i].fd);
		protobuf_put_bytes(buffer, number, pair.data, pair.length);
	}
}

static void put_page_server(struct buffer *buffer, const struct criu_options *options)
{
	_cleanup_buffer_ struct buffer server = { 0 };

	if (!options->page_server)
		return;
	protobuf_put_text(&server, 1, options->page_server);
	protobuf_put_number(&server, 2, options->page_server_port);
	protobuf_put_bytes(buffer, OPTS_PAGE_SERVER, server.data, server.length);
}

static void put_options(struct buffer *buffer, const struct criu_options *options)
{
	protobuf_put_number(buffer, OPTS_IMAGES_FD, options->images_fd);
	protobuf_put_number(buffer, OPTS_WORK_FD, options->work_fd);
	protobuf_put_number(buffer, OPTS_LOG_LEVEL, LOG_LEVEL);
	protobuf_put_number(buffer, OPTS_NOTIFY_SCRIPTS, 1);
	protobuf_put_number(buffer, OPTS_MANAGE_CGROUPS, 1);
	protobuf_put_number(buffer, OPTS_CGROUPS_MODE, CGROUPS_IGNORED);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		put_field(buffer, &fields[i], options);
	put_page_server(buffer, options);
	for (size_t i = 0; i < options->external.count; i++)
		protobuf_put_text(buffer, OPTS_EXTERNAL, options->external.items[i]);
	put_pairs(buffer, OPTS_EXTERNAL_MOUNT, &options->external_mounts);
	put_pairs(buffer, OPTS_INHERIT_FD, &options->inherited);
	put_pairs(buffer, OPTS_JOIN_NAMESPACE, &options->joined);
}

void criu_request_write(struct buffer *buffer, enum criu_request type,
	const struct criu_options *options, bool keep_open)
{
	_cleanup_buffer_ struct buffer inner = { 0 };

	protobuf_put_number(buffer, REQUEST_TYPE, type);
	if (options) {
		put_options(&inner, options);
		protobuf_put_bytes(buffer, REQUEST_OPTIONS, inner.data, inner.length);
	}
	if (keep_open)
		protobuf_put_number(buffer, REQUEST_KEEP_OPEN, 1);
	if (type == CRIU_FEATURE_CHECK) {
		_cleanup_buffer_ struct buffer features = { 0 };

		protobuf_put_number(&features, 1, 1);
		protobuf_put_number(&features, 2, 1);
		protobuf_put_bytes(buffer, REQUEST_FEATURES, features.data, features.length);
	}
}

void criu_answer_write(struct buffer *buffer, bool success)
{
	protobuf_put_number(buffer, REQUEST_TYPE, CRIU_NOTIFY);
	protobuf_put_number(buffer, REQUEST_NOTIFY_SUCCESS, success);
}

/* ---- what CRIU says -------------------------------------------------------------------------- */

static int take_number(const struct protobuf_field *field, int *number)
{
	int64_t value = (int64_t)field->value;

	if (field->bytes || value < INT_MIN || value > INT_MAX)
		return -EBADMSG;
	*number = (int)value;
	return 0;
}

static int read_notify(struct criu_response *response, const struct protobuf_field *field)
{
	if (field->number == 2)
		return take_number(field, &response->pid);
	if (field->number != 1)
		return 0;
	if (!field->bytes || field->length >= sizeof(response->script))
		return -EBADMSG;
	memcpy(response->script, field->bytes, field->length);
	response->script[field->length] = '\0';
	return 0;
}

static int read_restore(struct criu_response *response, const struct protobuf_field *field)
{
	return field->number == 1 ? take_number(field, &response->pid) : 0;
}

static int read_features(struct criu_response *response, const struct protobuf_field *field)
{
	if (field->number == 1)
		response->track_memory = field->value;
	else if (field->number == 2)
		response->lazy_pages = field->value;
	return 0;
}

static int read_version(struct criu_response *response, const struct protobuf_field *field)
{
	static const unsigned int weights[] = { [1] = 10000, [2] = 100, [4] = 1 };

	if (field->number >= ARRAY_SIZE(weights) || !weights[field->number])
		return 0;
	if (field->bytes || field->value > 9999)
		return -EBADMSG;
	response->version += (unsigned int)field->value * weights[field->number];
	return 0;
}

static int read_message(struct criu_response *response, const struct protobuf_field *message,
	int (*read)(struct criu_response *response, const struct protobuf_field *field))
{
	struct protobuf_reader reader = { message->bytes, message->bytes + message->length };
	struct protobuf_field field;
	int r;

	if (!message->bytes)
		return -EBADMSG;
	while ((r = protobuf_next(&reader, &field)) > 0) {
		r = read(response, &field);
		if (r < 0)
			return r;
	}
	return r;
}

static int read_member(struct criu_response *response, const struct protobuf_field *field)
{
	int number = 0, r;

	switch (field->number) {
	case 1:
		r = take_number(field, &number);
		response->type = (enum criu_request)number;
		return r;
	case 2:
		response->success = field->value;
		return 0;
	case 4:
		return read_message(response, field, read_restore);
	case 5:
		return read_message(response, field, read_notify);
	case 7:
		return take_number(field, &response->error);
	case 8:
		return read_message(response, field, read_features);
	case 10:
		return read_message(response, field, read_version);
	default:
		return 0;
	}
}

int criu_response_read(struct criu_response *response, const void *bytes, size_t length)
{
	const struct protobuf_field whole = { .bytes = bytes, .length = length };

	*response = (struct criu_response){ 0 };
	return read_message(response, &whole, read_member);
}
