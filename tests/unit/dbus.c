/* SPDX-License-Identifier: Apache-2.0 */
/* The D-Bus client: messages as bytes, and talks with a bus that a child plays. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/dbus.h"
#include "base/error.h"
#include "base/memory.h"
#include "tests/unit/test.h"

/* ---- bytes ----------------------------------------------------------------------------------- */

static void test_writing(void)
{
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	size_t array;

	dbus_put_string(&body, "x");
	array = dbus_begin_array(&body, 8);
	CHECK(body.bytes.length == 16, "the first element of an array of structs is aligned");
	dbus_put_struct(&body);
	dbus_put_string(&body, "ab");
	dbus_put_signature(&body, "t");
	dbus_put_uint64(&body, 0x0102030405060708);
	dbus_end_array(&body, array, 8);
	CHECK(body.bytes.length == 40 && !memcmp(body.bytes.data + 8, "\30\0\0\0", 4),
		"an array's length counts no padding in front of it");
	CHECK(!memcmp(body.bytes.data + 32, "\10\7\6\5\4\3\2\1", 8), "numbers are little endian");
}

/* A signal: a body of 24 bytes, serial 9, fields of 25 bytes and what pads them to 32. */
static const char signal_bytes[] = "B\4\0\1\0\0\0\30\0\0\0\11\0\0\0\31"
				   "\1\1o\0\0\0\0\2/a\0\0\0\0\0\0"
				   "\10\1g\0\3uot\0\0\0\0\0\0\0\0"
				   "\0\0\1\2\0\0\0\3/bc\0\0\0\0\0"
				   "\0\0\0\0\0\0\0\5";

static void test_big_endian(void)
{
	const size_t length = sizeof(signal_bytes) - 1;
	struct dbus_message message;
	struct dbus_reader reader;
	size_t size;

	NEED(dbus_message_size(signal_bytes, 16, &size) == 0);
	CHECK(size == length, "size of a message: %zu", size);
	NEED(dbus_message_parse(signal_bytes, length, &message) == 0);
	CHECK(message.type == DBUS_SIGNAL && message.serial == 9, "type and serial");
	CHECK_TEXT(message.path, "/a", "path");
	CHECK_TEXT(message.signature, "uot", "signature");
	reader = dbus_reader_of(&message, "uot");
	CHECK(dbus_get_uint32(&reader) == 0x102, "a number in big endian");
	CHECK_TEXT(dbus_get_string(&reader), "/bc", "a string behind it");
	CHECK(dbus_get_uint64(&reader) == 5 && !reader.bad, "64 bits are aligned");
	(void)dbus_get_byte(&reader);
	CHECK(reader.bad, "nothing is read behind the end");
	reader = dbus_reader_of(&message, "us");
	CHECK(dbus_get_uint32(&reader) == 0 && reader.bad, "another signature is refused");
}

static void test_round(void)
{
	struct dbus_message message = { .type = DBUS_CALL,
		.serial = 7,
		.reply_serial = 3,
		.path = "/a",
		.interface = "i",
		.member = "m",
		.error_name = "e",
		.destination = "d",
		.sender = "s",
		.signature = "s" };
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	_cleanup_buffer_ struct buffer bytes = { 0 };
	struct dbus_message again;
	unsigned int refused = 0;
	size_t size;

	dbus_put_string(&body, "text");
	message.body = (const uint8_t *)body.bytes.data;
	message.body_length = body.bytes.length;
	dbus_message_write(&bytes, &message);
	NEED(dbus_message_parse(bytes.data, bytes.length, &again) == 0);
	CHECK(again.serial == 7 && again.reply_serial == 3, "serials come back");
	CHECK_TEXT(again.interface, "i", "interface");
	CHECK_TEXT(again.member, "m", "member");
	CHECK_TEXT(again.error_name, "e", "name of an error");
	CHECK_TEXT(again.destination, "d", "destination");
	CHECK_TEXT(again.sender, "s", "sender");
	CHECK(again.body_length == message.body_length &&
			!memcmp(again.body, message.body, message.body_length),
		"the body comes back");
	for (size_t have = 0; have < bytes.length; have++)
		refused += dbus_message_parse(bytes.data, have, &again) == -EBADMSG;
	CHECK(refused == bytes.length, "no part of a message is taken for one");
	bytes.data[4 + 3] = 1;
	CHECK(dbus_message_size(bytes.data, bytes.length, &size) == -EBADMSG,
		"a message of 16 MiB is refused");
	bytes.data[4 + 3] = 0;
	bytes.data[3] = 2;
	CHECK(dbus_message_size(bytes.data, bytes.length, &size) == -EBADMSG,
		"another version of the protocol is refused");
}

/* ---- a bus ----------------------------------------------------------------------------------- */

#define ADDRESS_ABSTRACT "hull-unit-dbus-%d"

static char *receive_until(int fd, struct buffer *in, const char *end)
{
	for (;;) {
		char *found = in->length ? memmem(in->data, in->length, end, strlen(end)) : NULL;
		ssize_t n;

		if (found)
			return found + strlen(end);
		n = read(fd, buffer_reserve(in, 4096), 4096);
		if (n <= 0)
			_exit(0);
		in->length += (size_t)n;
	}
}

static void answer(int fd, const struct dbus_message *call, enum dbus_message_type type,
	const char *member, const char *error_name, const char *text)
{
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	_cleanup_buffer_ struct buffer bytes = { 0 };
	struct dbus_message message = { .type = type,
		.serial = 1,
		.reply_serial = type == DBUS_SIGNAL ? 0 : call->serial,
		.member = member,
		.error_name = error_name,
		.sender = ":1.1",
		.signature = "s" };

	dbus_put_string(&body, text);
	message.body = (const uint8_t *)body.bytes.data;
	message.body_length = body.bytes.length;
	dbus_message_write(&bytes, &message);
	/* In two parts: nobody may think that what comes at once is a whole message. */
	(void)!write(fd, bytes.data, 21);
	usleep(1000);
	(void)!write(fd, bytes.data + 21, bytes.length - 21);
}

/* Answers by the member that is called. */
static void bus_answer(int fd, const struct dbus_message *call)
{
	if (!strcmp(call->member, "Bad")) {
		answer(fd, call, DBUS_ERROR, NULL, "org.x.Bad", "it is\nbad");
	} else if (!strcmp(call->member, "Words")) {
		answer(fd, call, DBUS_ERROR, NULL, "org.x.Gone", "No such file or directory");
	} else if (!strcmp(call->member, "Close")) {
		_exit(0);
	} else if (!strcmp(call->member, "Noise")) {
		(void)!write(fd, "this is no message, and never was one", 37);
	} else {
		if (!strcmp(call->member, "Early"))
			answer(fd, call, DBUS_SIGNAL, "Done", NULL, "early");
		answer(fd, call, DBUS_RETURN, NULL, NULL, call->member);
		if (!strcmp(call->member, "Late"))
			answer(fd, call, DBUS_SIGNAL, "Done", NULL, "late");
	}
}

static void __attribute__((noreturn)) bus_play(int listen_fd, const char *welcome)
{
	struct buffer in = { 0 };
	int fd = accept(listen_fd, NULL, NULL);
	size_t used = (size_t)(receive_until(fd, &in, "BEGIN\r\n") - in.data);

	(void)!write(fd, welcome, strlen(welcome));
	for (;;) {
		struct dbus_message call;
		size_t size;

		NEED(dbus_message_size(in.data + used, in.length - used, &size) == 0);
		if (size && size <= in.length - used) {
			NEED(dbus_message_parse(in.data + used, size, &call) == 0);
			bus_answer(fd, &call);
			used += size;
		} else {
			ssize_t n = read(fd, buffer_reserve(&in, 4096), 4096);

			if (n <= 0)
				_exit(0);
			in.length += (size_t)n;
		}
	}
}

/* A bus that answers one client; its address. */
static char *bus_begin(const char *welcome, pid_t *pid)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int length = snprintf(where.sun_path + 1, 64, ADDRESS_ABSTRACT, getpid());

	NEED(fd >= 0 &&
		bind(fd, (struct sockaddr *)&where,
			(socklen_t)(sizeof(sa_family_t) + 1 + (size_t)length)) == 0 &&
		listen(fd, 1) == 0);
	*pid = fork();
	NEED(*pid >= 0);
	if (!*pid)
		bus_play(fd, welcome);
	(void)close(fd);
	return string_format(
		"unix:path=/nowhere%%2fat%%20all;unix:guid=0,abstract=" ADDRESS_ABSTRACT, getpid());
}

static void bus_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static int call(struct dbus *bus, const char *member, struct dbus_message *message)
{
	const struct dbus_message wanted = {
		.destination = "org.x", .path = "/x", .interface = "org.x", .member = member
	};

	return dbus_call(bus, &wanted, NULL, message);
}

static bool is_done(const struct dbus_message *signal, void *context)
{
	struct dbus_reader reader = dbus_reader_of(signal, "s");

	return !strcmp(signal->member, "Done") && !strcmp(dbus_get_string(&reader), context);
}

static void test_talk(void)
{
	_cleanup_dbus_ struct dbus *bus = NULL;
	struct dbus_message message;
	struct dbus_reader reader;
	pid_t pid;
	_cleanup_free_ char *address = bus_begin("DATA\r\nOK 0123456789abcdef\r\n", &pid);
	int r = dbus_open(&bus, address);

	CHECK(r == 0, "connects to the second address: %s", error_text(r));
	NEED(r == 0);
	CHECK(call(bus, "Plain", &message) == 0, "a call is answered");
	reader = dbus_reader_of(&message, "s");
	CHECK_TEXT(dbus_get_string(&reader), "Plain", "the answer");
	r = call(bus, "Bad", NULL);
	CHECK(r == -EREMOTEIO && dbus_error_is(bus, "org.x.Bad"), "an error has a name");
	CHECK_TEXT(error_text(r), "Bad: it is bad", "and a text, in one line");
	r = call(bus, "Words", NULL);
	CHECK_TEXT(error_text(r), "Words: org.x.Gone", "words that engines misunderstand");
	CHECK(call(bus, "Early", NULL) == 0 && dbus_wait(bus, is_done, "early") == 0,
		"a signal in front of the answer is kept");
	CHECK(call(bus, "Late", NULL) == 0 && dbus_wait(bus, is_done, "late") == 0,
		"a signal behind the answer is waited for");
	r = call(bus, "Noise", NULL);
	CHECK(r == -EBADMSG, "noise is no answer: %s", error_text(r));
	dbus_close(&bus);
	bus_end(pid);
}

static void test_ends(void)
{
	_cleanup_dbus_ struct dbus *bus = NULL;
	pid_t pid;
	_cleanup_free_ char *address = bus_begin("DATA\r\nOK 0\r\n", &pid);
	int r = dbus_open(&bus, address);

	NEED(r == 0);
	r = call(bus, "Close", NULL);
	CHECK(r == -ECONNRESET, "a bus that goes away: %s", error_text(r));
	bus_end(pid);
}

static void test_refused(const char *welcome, int error)
{
	_cleanup_dbus_ struct dbus *bus = NULL;
	pid_t pid;
	_cleanup_free_ char *address = bus_begin(welcome, &pid);
	int r = dbus_open(&bus, address);

	CHECK(r == error && !bus, "\"%s\": %s", welcome, error_text(r));
	bus_end(pid);
}

static void test_address(const char *addresses, const char *words)
{
	_cleanup_dbus_ struct dbus *bus = NULL;
	int r = dbus_open(&bus, addresses);

	CHECK(r < 0 && strstr(error_text(r), words), "%s: %s", addresses, error_text(r));
}

int main(void)
{
	test_writing();
	test_big_endian();
	test_round();
	test_talk();
	test_ends();
	test_refused("REJECTED ANONYMOUS\r\n", -EACCES);
	test_refused("HTTP/1.1 400 Bad Request\r\n", -EACCES);
	test_address("", "must be unix:");
	test_address("tcp:host=localhost,port=1", "must be unix:");
	test_address("unix:", "must be unix:");
	test_address("unix:path", "must be unix:");
	test_address("unix:path=", "too long");
	test_address("unix:path=/nowhere%20at%20all/x", "/nowhere at all/x: does not exist");
	test_address("unix:paths=/nowhere,path=/else", "/else");
	return test_end();
}
