/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes from a bus: refused, or a message whose parts all lie inside of it. */
#include "base/dbus_message.h"
#include "base/memory.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const char *text, const uint8_t *bytes, size_t length)
{
	const uint8_t *at = (const uint8_t *)text;

	if (text && *text)
		FUZZ_NEED(at >= bytes && at + strlen(text) < bytes + length);
}

/* Read as the signature says; whatever is in the body, reading ends inside of it. */
static void check_body(const struct dbus_message *message)
{
	struct dbus_reader reader = dbus_reader_of(message, "");

	for (const char *type = message->signature; *type && !reader.bad; type++) {
		if (*type == 's' || *type == 'o')
			check_text(dbus_get_string(&reader), message->body, message->body_length);
		else if (*type == 'g' || *type == 'v')
			check_text(
				dbus_get_signature(&reader), message->body, message->body_length);
		else if (*type == 't' || *type == 'x')
			(void)dbus_get_uint64(&reader);
		else if (*type == 'y')
			(void)dbus_get_byte(&reader);
		else
			(void)dbus_get_uint32(&reader);
	}
	FUZZ_NEED(reader.at <= reader.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_buffer_ struct buffer again = { 0 };
	struct dbus_message message, copy;
	size_t size;

	if (dbus_message_size(bytes, length, &size) < 0) {
		FUZZ_NEED(dbus_message_parse(bytes, length, &message) < 0);
		return 0;
	}
	FUZZ_NEED(size <= 16 + 2 * (size_t)DBUS_MESSAGE_BYTES_MOST + 8);
	if (dbus_message_parse(bytes, length, &message) < 0)
		return 0;
	FUZZ_NEED(size && size <= length && message.serial);
	check_text(message.path, bytes, length);
	check_text(message.interface, bytes, length);
	check_text(message.member, bytes, length);
	check_text(message.error_name, bytes, length);
	check_text(message.destination, bytes, length);
	check_text(message.sender, bytes, length);
	check_text(message.signature, bytes, length);
	FUZZ_NEED(message.body >= bytes && message.body + message.body_length == bytes + size);
	check_body(&message);
	/* What we write of it is read as the same. */
	dbus_message_write(&again, &message);
	FUZZ_NEED(dbus_message_parse(again.data, again.length, &copy) == 0);
	FUZZ_NEED(copy.serial == message.serial && copy.reply_serial == message.reply_serial);
	FUZZ_NEED(copy.body_length == message.body_length &&
		  !strcmp(copy.signature, message.signature));
	return 0;
}
