/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/criu_log.h"
#include "checkpoint/criu_message.h"

#include <errno.h>
#include <string.h>

#include "checkpoint/protobuf.h"
#include "tests/unit/test.h"

static int next_of(const char *bytes, size_t length, struct protobuf_field *field)
{
	struct protobuf_reader reader = { (const unsigned char *)bytes,
		(const unsigned char *)bytes + length };

	return protobuf_next(&reader, field);
}

static void check_numbers(void)
{
	static const int64_t values[] = { 0, 1, 127, 128, 300, 1 << 20, INT64_MAX, -1, INT64_MIN };
	struct protobuf_field field;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_buffer_ struct buffer bytes = { 0 };

		protobuf_put_number(&bytes, 536870911, values[i]);
		CHECK(next_of(bytes.data, bytes.length, &field) == 1 && !field.bytes &&
				field.number == 536870911 && (int64_t)field.value == values[i],
			"a number is read as it was written");
		for (size_t cut = 1; cut < bytes.length; cut++)
			CHECK(next_of(bytes.data, cut, &field) == -EBADMSG, "cut off");
	}
	CHECK(next_of("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, &field) == -EBADMSG,
		"more than 64 bits");
	CHECK(next_of("\x00\x00", 2, &field) == -EBADMSG, "field 0");
	CHECK(next_of("\x0b", 1, &field) == -EBADMSG, "a group");
	CHECK(next_of("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 12, &field) == -EBADMSG,
		"a length beyond all memory");
	CHECK(next_of("\x0d"
		      "1234"
		      "\x10\x05",
		      7, &field) == 1 &&
			field.number == 2 && field.value == 5,
		"a fixed number is skipped");
}

static void check_request(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer packet = { 0 };
	struct criu_options options = { .images_fd = 5, .work_fd = 6, .leave_running = true };

	criu_pair_add(&arena, &options.external_mounts, (struct criu_pair){ "/a", "/b", 0 });
	criu_request_write(&packet, CRIU_DUMP, &options, false);
	CHECK(packet.length > 4 && !memcmp(packet.data, "\x08\x01\x12", 3) &&
			(size_t)packet.data[3] == packet.length - 4,
		"a dump and its options");
	CHECK(memmem(packet.data, packet.length, "\x18\x01", 2), "leave_running");
	CHECK(memmem(packet.data, packet.length, "\xba\x01\x08\x0a\x02/a\x12\x02/b", 11),
		"an external mount");
	CHECK(memmem(packet.data, packet.length, "\x90\x02\x00", 3), "cgroups: ignore");
}

static void check_response(void)
{
	static const char version[] = "\x08\x0a\x10\x01\x52\x06\x08\x04\x10\x01\x20\x01";
	static const char notify[] = "\x08\x06\x10\x01\x2a\x0c\x0a\x08pre-dump\x10\x07";
	struct criu_response response;

	CHECK(criu_response_read(&response, version, sizeof(version) - 1) == 0 &&
			response.type == CRIU_VERSION && response.success &&
			response.version == 40101,
		"4.1.1");
	CHECK(criu_response_read(&response, notify, sizeof(notify) - 1) == 0 &&
			response.type == CRIU_NOTIFY && response.pid == 7,
		"a notification");
	CHECK_TEXT(response.script, "pre-dump", "its name");
	CHECK(criu_response_read(&response, "\x2a\x01", 2) == -EBADMSG, "cut off");
}

static void check_log(void)
{
	static const char log[] =
		"(00.01) Error (criu/cr-service.c:120): Can't setup RLIMIT_NOFILE for self\n"
		"(00.02) Warn  (criu/x.c:1): nothing\n"
		"(00.03) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using "
		"--tcp-established option.\n"
		"(00.03) ----------------------------------------\n"
		"(00.04) Error (criu/cr-dump.c:1788): Dump files (pid: 7) failed with -1\n"
		"(00.05) Error (criu/cr-dump.c:2111): Dumping FAILED.\n";
	_cleanup_buffer_ struct buffer cause = { 0 }, none = { 0 };

	criu_log_find(log, sizeof(log) - 1, &cause);
	CHECK_TEXT(cause.data,
		"inet: Connected TCP socket, consider using --tcp-established option.",
		"the cause, and not its consequences");
	criu_log_find("Error (", 7, &none);
	criu_log_find("\n\n", 2, &none);
	CHECK(none.length == 0, "a log without one");
}

int main(void)
{
	check_numbers();
	check_request();
	check_response();
	check_log();
	return test_end();
}
