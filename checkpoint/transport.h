/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_TRANSPORT_H
#define HULL_CHECKPOINT_TRANSPORT_H

/*
 * Framed messages between the two sides of a migration, over any pair of descriptors: a Unix
 * socket, a program in between (TLS, ssh), a file. A frame is its type and the length of what
 * follows, 32 bits each, little endian. What comes in is hostile until it is checked.
 *
 * Functions return 0 or a negative errno with a message.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"

enum frame_type {
	/* from the source                                                                         */
	FRAME_HELLO = 1,   /* JSON: checkpoint/manifest.h */
	FRAME_ENTRIES,	   /* of the root file system: checkpoint/tree_entry.h */
	FRAME_ENTRIES_END, /* and now the target says which files it needs */
	FRAME_CONTENT,	   /* the number of an entry; its bytes follow */
	FRAME_DATA,
	FRAME_CONTENT_END,
	FRAME_TREE_END, /* answered with OK */
	FRAME_IMAGE,	/* the name of a file of memory images; its bytes follow, to CONTENT_END */
	FRAME_ROUND,	/* a round of images is complete; answered with OK */
	FRAME_RESTORE,	/* all is sent, nothing runs here; answered with READY */
	FRAME_COMMIT,	/* it is yours; answered with DONE */
	FRAME_BYE,	/* nothing of it is left here */
	FRAME_ASK,	/* instead of HELLO: what became of the migration of this key? */

	/* from the target */
	FRAME_ACCEPT, /* it may come */
	FRAME_WANT,   /* numbers of entries */
	FRAME_WANT_END,
	FRAME_OK,
	FRAME_READY, /* it is whole, and does not run yet */
	FRAME_DONE,  /* it runs */
	FRAME_MINE,  /* to ASK: it is here */
	FRAME_YOURS, /* to ASK: it is not, and never will be */

	/* from either */
	FRAME_FAILED, /* text: the migration is over */
	FRAME_TYPES,
};

#define FRAME_HEADER_BYTES 8
#define FRAME_MOST	   ((size_t)1024 * 1024) /* bytes behind the header */

struct frame {
	enum frame_type type;
	const unsigned char *bytes; /* until the next frame is asked for */
	size_t length;
};

struct transport {
	int in_fd, out_fd;  /* may be one */
	bool one_way;	    /* nobody answers: a file is written, or read */
	int silence;	    /* milliseconds after which the other side counts as gone; -1: never */
	uint64_t bandwidth; /* bytes per second; 0: no limit */
	uint64_t sent;	    /* bytes */
	uint64_t begun;	    /* clock_monotonic when the first was sent */
	struct buffer in, out;
	size_t taken; /* bytes of IN that are done with */
	bool failed;  /* the other side has said FAILED */
};

void transport_close(struct transport *transport);

/* One more frame, of two parts; it may stay in memory until a flush. */
int transport_put(
	struct transport *transport, enum frame_type type, const void *bytes, size_t length);
int transport_put_parts(struct transport *transport, enum frame_type type, const void *first,
	size_t first_length, const void *second, size_t second_length);
int transport_flush(struct transport *transport);

/* Flush, and wait for the next frame. */
int transport_next(struct transport *transport, struct frame *frame);

/* The next one must be of this type; what the other side says instead is the error. */
int transport_expect(struct transport *transport, enum frame_type type);

/* Tell the other side why it is over (the current message of RESULT), unless it has said so. */
void transport_fail(struct transport *transport, int result);

/*
 * The frame at the start of LENGTH bytes. Its whole length, 0 when more bytes are needed, or
 * -EBADMSG without a message.
 */
ssize_t frame_read(const unsigned char *bytes, size_t length, struct frame *frame);

/* A frame that has come but does not belong there. -EPROTO with a message. */
int frame_unexpected(const struct frame *frame);

#endif
