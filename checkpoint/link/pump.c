/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/link/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/error.h"

#define CHUNK_BYTES ((size_t)128 * 1024)
#define LEVEL	    1
/* What the other side may make this one keep: 8 MiB. */
#define WINDOW_LOG 23

struct pump {
	struct tls *tls;
	int plain_fd;
	ZSTD_CCtx *packer;
	ZSTD_DCtx *unpacker;
	struct buffer out, in; /* packed, for the session; unpacked, for PLAIN_FD */
	size_t sent, given;    /* bytes of them that are done with */
	ZSTD_inBuffer packed;  /* from the session */
	char record[CHUNK_BYTES];
	bool has_more; /* the unpacker, of what it got */
	bool plain_ended, wire_ended;
	bool moved; /* something, since the last look */
};

static bool is_done(const struct buffer *buffer, size_t done)
{
	return done == buffer->length;
}

/* ---- zstd ------------------------------------------------------------------------------------ */

static int pack(struct pump *pump, const void *bytes, size_t length)
{
	ZSTD_inBuffer in = { bytes, length, 0 };
	size_t left;

	pump->out.length = pump->sent = 0;
	do {
		ZSTD_outBuffer out = { buffer_reserve(&pump->out, CHUNK_BYTES), CHUNK_BYTES, 0 };

		left = ZSTD_compressStream2(pump->packer, &out, &in, ZSTD_e_flush);
		if (ZSTD_isError(left))
			return error_set(EIO, "zstd: %s", ZSTD_getErrorName(left));
		pump->out.length += out.pos;
	} while (left);
	return 0;
}

/* A chunk at a time, because a few bytes may become very many. */
static int unpack(struct pump *pump)
{
	ZSTD_outBuffer out = { buffer_reserve(&pump->in, CHUNK_BYTES), CHUNK_BYTES, 0 };
	size_t r = ZSTD_decompressStream(pump->unpacker, &out, &pump->packed);

	if (ZSTD_isError(r))
		return error_set(EBADMSG, "zstd: %s", ZSTD_getErrorName(r));
	pump->in.length = out.pos;
	pump->given = 0;
	pump->has_more = pump->packed.pos < pump->packed.size || out.pos == out.size;
	return 0;
}

/* ---- from here to there ---------------------------------------------------------------------- */

static int take_plain(struct pump *pump)
{
	char bytes[CHUNK_BYTES];
	ssize_t n;

	if (pump->plain_ended || !is_done(&pump->out, pump->sent))
		return 0;
	n = read(pump->plain_fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	pump->moved = true;
	if (n > 0)
		return pack(pump, bytes, (size_t)n);
	pump->plain_ended = true;
	return 0;
}

/* The session wants to be asked again, or has ended. */
static int session_says(struct pump *pump, int result)
{
	int why = SSL_get_error(pump->tls->session, result);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	/* Cut off or closed: whoever speaks through it knows when it should have ended. */
	pump->wire_ended = pump->moved = true;
	return 0;
}

static int give_wire(struct pump *pump)
{
	int n;

	if (is_done(&pump->out, pump->sent))
		return 0;
	n = SSL_write(pump->tls->session, pump->out.data + pump->sent,
		(int)(pump->out.length - pump->sent));
	if (n <= 0)
		return session_says(pump, n);
	pump->sent += (size_t)n;
	pump->moved = true;
	return 0;
}

/* ---- and back -------------------------------------------------------------------------------- */

static int take_wire(struct pump *pump)
{
	int n;

	if (!is_done(&pump->in, pump->given))
		return 0;
	if (!pump->has_more) {
		if (pump->wire_ended)
			return 0;
		n = SSL_read(pump->tls->session, pump->record, sizeof(pump->record));
		if (n <= 0)
			return session_says(pump, n);
		pump->packed = (ZSTD_inBuffer){ pump->record, (size_t)n, 0 };
	}
	pump->moved = true;
	pump->in.length = 0;
	return unpack(pump);
}

static int give_plain(struct pump *pump)
{
	ssize_t n;

	if (is_done(&pump->in, pump->given))
		return 0;
	n = write(pump->plain_fd, pump->in.data + pump->given, pump->in.length - pump->given);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	pump->moved = true;
	/* Nobody hears it any more. */
	if (n < 0)
		pump->plain_ended = true;
	pump->given = n < 0 ? pump->in.length : pump->given + (size_t)n;
	return 0;
}

static void await(const struct pump *pump)
{
	bool to_wire = !is_done(&pump->out, pump->sent);
	bool to_plain = !is_done(&pump->in, pump->given);
	struct pollfd polled[] = {
		{ pump->plain_fd, 0, 0 },
		{ SSL_get_fd(pump->tls->session), 0, 0 },
	};

	if (!pump->plain_ended && !to_wire)
		polled[0].events |= POLLIN;
	if (to_plain)
		polled[0].events |= POLLOUT;
	if (!pump->wire_ended && !to_plain)
		polled[1].events |= POLLIN;
	if (to_wire)
		polled[1].events |= POLLOUT;
	/* One that only waits to be told of an end would be told for ever. */
	for (size_t i = 0; i < 2; i++)
		if (!polled[i].events)
			polled[i].fd = -1;
	(void)poll(polled, 2, -1);
}

static int pump_run(struct pump *pump)
{
	int (*const steps[])(struct pump *) = { take_plain, give_wire, take_wire, give_plain };

	for (;;) {
		pump->moved = false;
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			int r = steps[i](pump);

			if (r < 0)
				return r;
		}
		if (pump->wire_ended && !pump->has_more && is_done(&pump->in, pump->given))
			return 0;
		if (pump->plain_ended && is_done(&pump->out, pump->sent)) {
			(void)SSL_shutdown(pump->tls->session);
			return 0;
		}
		if (!pump->moved)
			await(pump);
	}
}

int pump(struct tls *tls, int plain_fd)
{
	static struct pump pump;
	int flags = fcntl(plain_fd, F_GETFL), r;

	pump.tls = tls;
	pump.plain_fd = plain_fd;
	pump.packer = ZSTD_createCCtx();
	pump.unpacker = ZSTD_createDCtx();
	if (!pump.packer || !pump.unpacker || flags < 0 ||
		fcntl(plain_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set(EIO, "cannot begin");
	(void)ZSTD_CCtx_setParameter(pump.packer, ZSTD_c_compressionLevel, LEVEL);
	(void)ZSTD_DCtx_setParameter(pump.unpacker, ZSTD_d_windowLogMax, WINDOW_LOG);
	r = pump_run(&pump);
	(void)ZSTD_freeCCtx(pump.packer);
	(void)ZSTD_freeDCtx(pump.unpacker);
	buffer_free(&pump.out);
	buffer_free(&pump.in);
	return r;
}
