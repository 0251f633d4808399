/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dbus.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#define BUS_NAME      "org.freedesktop.DBus"
#define BUS_PATH      "/org/freedesktop/DBus"
#define BUS_INTERFACE "org.freedesktop.DBus"

#define SIGNALS_BYTES_MOST (1u << 20) /* what is kept for dbus_wait; more is dropped */

struct dbus {
	int fd;
	uint32_t serial;       /* of the last message that we sent */
	struct buffer in;      /* what was received */
	size_t taken;	       /* bytes at its front that were handed out already */
	struct buffer signals; /* that came while we waited for an answer, one behind the other */
	char *error_name;
};

/* ---- bytes ----------------------------------------------------------------------------------- */

static uint64_t deadline_begin(void)
{
	return clock_monotonic() + DBUS_PATIENCE_SECONDS * 1000000000ull;
}

static int bus_wait_for(struct dbus *bus, short events, uint64_t deadline)
{
	struct pollfd end = { .fd = bus->fd, .events = events };

	for (;;) {
		uint64_t now = clock_monotonic();
		int r = now < deadline ? poll(&end, 1, (int)((deadline - now) / 1000000 + 1)) : 0;

		if (r > 0)
			return 0;
		if (r == 0)
			return error_set(ETIMEDOUT, "D-Bus: no answer for %d seconds",
				DBUS_PATIENCE_SECONDS);
		if (errno != EINTR)
			return error_errno(errno, "D-Bus: wait");
	}
}

static int bus_send(struct dbus *bus, const void *bytes, size_t length, uint64_t deadline)
{
	for (const char *next = bytes; length;) {
		ssize_t n = send(bus->fd, next, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			int r = bus_wait_for(bus, POLLOUT, deadline);

			if (r < 0)
				return r;
		} else if (n < 0 && errno != EINTR) {
			return error_errno(errno, "D-Bus: send");
		} else if (n > 0) {
			next += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

/* At least one byte more in bus->in. */
static int bus_receive(struct dbus *bus, uint64_t deadline)
{
	for (;;) {
		ssize_t n = recv(bus->fd, buffer_reserve(&bus->in, 4096), 4096, MSG_DONTWAIT);
		int r;

		if (n > 0) {
			bus->in.length += (size_t)n;
			return 0;
		}
		if (n == 0)
			return error_set(ECONNRESET, "D-Bus: the bus has closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return error_errno(errno, "D-Bus: receive");
		r = errno == EAGAIN ? bus_wait_for(bus, POLLIN, deadline) : 0;
		if (r < 0)
			return r;
	}
}

/* Forget what was handed out: what the last message pointed into. */
static void bus_drop_taken(struct dbus *bus)
{
	if (!bus->taken)
		return;
	bus->in.length -= bus->taken;
	memmove(bus->in.data, bus->in.data + bus->taken, bus->in.length);
	bus->taken = 0;
}

/* The next message, which lies in bus->in until the next one is asked for; *SIZE in bytes. */
static int bus_next(struct dbus *bus, struct dbus_message *message, size_t *size, uint64_t deadline)
{
	int r;

	bus_drop_taken(bus);
	for (;;) {
		r = dbus_message_size(bus->in.data, bus->in.length, size);
		if (r >= 0 && *size && *size <= bus->in.length)
			break;
		if (r >= 0)
			r = bus_receive(bus, deadline);
		if (r < 0)
			return r == -EBADMSG ? error_set(r, "D-Bus: a broken message") : r;
	}
	bus->taken = *size;
	r = dbus_message_parse(bus->in.data, *size, message);
	return r < 0 ? error_set(r, "D-Bus: a broken message") : 0;
}

/* ---- connecting ------------------------------------------------------------------------------ */

/*
 * "Authentication Protocol": EXTERNAL without a name, which says: I am who the
 * socket says. In a user namespace we do not know our own name outside.
 */
static int bus_authenticate(struct dbus *bus)
{
	static const char ask[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	uint64_t deadline = deadline_begin();
	int r = bus_send(bus, ask, sizeof(ask) - 1, deadline);

	while (r >= 0) {
		const char *line = bus->in.data ? bus->in.data + bus->taken : "";
		const char *end = strstr(line, "\r\n");

		if (!end && bus->in.length > 4096)
			return error_set(EPROTO, "D-Bus: no message bus answers");
		if (!end) {
			r = bus_receive(bus, deadline);
			if (r >= 0)
				bus->in.data[bus->in.length] = '\0';
			continue;
		}
		bus->taken += (size_t)(end + 2 - line);
		if (!strncmp(line, "OK", 2))
			return 0;
		if (strncmp(line, "DATA", 4) != 0)
			return error_set(EACCES, "D-Bus: the bus does not accept uid %u: %.*s",
				geteuid(), (int)(end - line), line);
	}
	return r;
}

static int bus_hello(struct dbus *bus)
{
	const struct dbus_message call = { .destination = BUS_NAME,
		.path = BUS_PATH,
		.interface = BUS_INTERFACE,
		.member = "Hello" };

	return dbus_call(bus, &call, NULL, NULL);
}

/* The value of KEY in an address such as "unix:path=/a%20b,guid=1"; NULL when it has none. */
static char *address_value(const char *address, size_t length, const char *key)
{
	const char *end = address + length, *at = memchr(address, ':', length);
	size_t key_length = strlen(key);

	while (at && at + 1 < end) {
		const char *next = ++at;
		_cleanup_buffer_ struct buffer value = { 0 };

		while (next < end && *next != ',')
			next++;
		if ((size_t)(next - at) <= key_length || strncmp(at, key, key_length) != 0 ||
			at[key_length] != '=') {
			at = next;
			continue;
		}
		for (at += key_length + 1; at < next; at++) {
			char hex[3] = { 0 }, byte = *at;

			if (*at == '%' && next - at > 2) {
				memcpy(hex, at + 1, 2);
				byte = (char)strtoul(hex, NULL, 16);
				at += 2;
			}
			buffer_bytes(&value, &byte, 1);
		}
		buffer_text(&value, "");
		return TAKE_PTR(value.data);
	}
	return NULL;
}

/* A socket that is connected to one address. */
static int address_connect(const char *address, size_t length)
{
	_cleanup_free_ char *path = address_value(address, length, "path");
	_cleanup_free_ char *abstract = address_value(address, length, "abstract");
	const char *name = path ? path : abstract;
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = DBUS_PATIENCE_SECONDS };
	_cleanup_close_ int fd = -EBADF;
	size_t shift =
		path ? 0 : 1; /* an abstract name begins with a NUL and ends with its length */

	if (length < 5 || strncmp(address, "unix:", 5) != 0 || !name)
		return error_set(EINVAL,
			"D-Bus: address \"%.*s\": must be unix:path=… or unix:abstract=…",
			(int)length, address);
	if (!*name || strlen(name) + shift >= sizeof(where.sun_path))
		return error_set(
			ENAMETOOLONG, "D-Bus: address \"%.*s\": is too long", (int)length, address);
	memcpy(where.sun_path + shift, name, strlen(name));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* A bus that accepts nobody keeps connect(2) waiting once its queue is full. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return error_errno(errno, "D-Bus: socket");
	if (connect(fd, (struct sockaddr *)&where,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + shift + strlen(name))) < 0)
		return error_errno(
			errno == EAGAIN ? ETIMEDOUT : errno, "D-Bus: cannot connect to %s", name);
	return TAKE_FD(fd);
}

int dbus_open(struct dbus **opened, const char *addresses)
{
	_cleanup_dbus_ struct dbus *bus = memory_allocate_zero(sizeof(*bus));
	int r;

	bus->fd = -EBADF;
	for (const char *address = addresses; bus->fd < 0; address++) {
		size_t length = strcspn(address, ";");

		bus->fd = address_connect(address, length);
		address += length;
		if (!*address)
			break;
	}
	if (bus->fd < 0)
		return bus->fd;
	error_clear();
	r = bus_authenticate(bus);
	if (r >= 0)
		r = bus_hello(bus);
	if (r >= 0)
		*opened = TAKE_PTR(bus);
	return r;
}

int dbus_open_system(struct dbus **bus)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	return dbus_open(
		bus, address && *address ? address : "unix:path=/run/dbus/system_bus_socket");
}

int dbus_open_user(struct dbus **bus)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *path = NULL;

	if (address && *address)
		return dbus_open(bus, address);
	if (!runtime || !*runtime)
		return error_set(ENOTCONN, "D-Bus: the user's bus is not known: neither "
					   "DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set");
	path = string_format("unix:path=%s/bus", runtime);
	return dbus_open(bus, path);
}

void dbus_close(struct dbus **address)
{
	struct dbus *bus = *address;

	if (!bus)
		return;
	file_close(&bus->fd);
	buffer_free(&bus->in);
	buffer_free(&bus->signals);
	free(bus->error_name);
	free(bus);
	*address = NULL;
}

/* ---- calls and signals ----------------------------------------------------------------------- */

/*
 * What the other side says. Engines take two phrases for the failure of the
 * container's command (base/error.h): instead of those, the error's name.
 */
static int answer_error(struct dbus *bus, const char *member, const struct dbus_message *answer)
{
	const char *name = answer->error_name ? answer->error_name : "an error without a name";
	struct dbus_reader reader = dbus_reader_of(answer, "s");
	const char *text = dbus_get_string(&reader);

	bus->error_name = string_copy(name);
	if (!*text || strcasestr(text, "no such file or directory") ||
		strcasestr(text, "permission denied"))
		text = name;
	return error_set(EREMOTEIO, "%s: %s", member, text);
}

static void signal_keep(struct dbus *bus, size_t size)
{
	if (bus->signals.length + size <= SIGNALS_BYTES_MOST)
		buffer_bytes(&bus->signals, bus->in.data, size);
}

int dbus_call(struct dbus *bus, const struct dbus_message *call, const struct dbus_writer *body,
	struct dbus_message *answer)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	uint64_t deadline = deadline_begin();
	struct dbus_message message = *call;
	size_t size;
	int r;

	message.type = DBUS_CALL;
	message.serial = ++bus->serial;
	message.body = body ? (const uint8_t *)body->bytes.data : NULL;
	message.body_length = body ? body->bytes.length : 0;
	free(bus->error_name);
	bus->error_name = NULL;
	dbus_message_write(&bytes, &message);
	r = bus_send(bus, bytes.data, bytes.length, deadline);
	while (r >= 0) {
		r = bus_next(bus, &message, &size, deadline);
		if (r < 0)
			break;
		if (message.type == DBUS_SIGNAL)
			signal_keep(bus, size);
		if (message.reply_serial != bus->serial)
			continue;
		if (message.type == DBUS_ERROR)
			return answer_error(bus, call->member, &message);
		if (message.type == DBUS_RETURN) {
			if (answer)
				*answer = message;
			return 0;
		}
	}
	return error_context(r, "%s", call->member);
}

bool dbus_error_is(const struct dbus *bus, const char *name)
{
	return bus->error_name && !strcmp(bus->error_name, name);
}

int dbus_match(struct dbus *bus, const char *rule)
{
	const struct dbus_message call = { .destination = BUS_NAME,
		.path = BUS_PATH,
		.interface = BUS_INTERFACE,
		.member = "AddMatch",
		.signature = "s" };
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };

	dbus_put_string(&body, rule);
	return dbus_call(bus, &call, &body, NULL);
}

int dbus_wait(struct dbus *bus, dbus_wanted *wanted, void *context)
{
	_cleanup_buffer_ struct buffer kept = bus->signals;
	uint64_t deadline = deadline_begin();
	struct dbus_message message;
	size_t size;

	bus->signals = (struct buffer){ 0 };
	for (size_t at = 0; at < kept.length; at += size) {
		if (dbus_message_size(kept.data + at, kept.length - at, &size) < 0 || !size ||
			dbus_message_parse(kept.data + at, size, &message) < 0)
			break;
		if (wanted(&message, context))
			return 0;
	}
	for (;;) {
		int r = bus_next(bus, &message, &size, deadline);

		if (r < 0)
			return r;
		if (message.type == DBUS_SIGNAL && wanted(&message, context))
			return 0;
	}
}
