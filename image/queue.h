/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_QUEUE_H
#define HULL_IMAGE_QUEUE_H

/*
 * Bytes from one thread to another through a ring of a few pieces: who is ahead
 * waits. A piece is filled and emptied in place.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define QUEUE_PIECES 8u

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	char *pieces[QUEUE_PIECES];
	size_t lengths[QUEUE_PIECES];
	size_t size; /* of a piece */
	unsigned int first, count;
	bool finished, cancelled;
};

void queue_begin(struct queue *queue, size_t size);
void queue_end(struct queue *queue);

/* The piece to fill, once there is one; NULL when the other side has given up. */
char *queue_room(struct queue *queue);
void queue_put(struct queue *queue, size_t length);
void queue_finish(struct queue *queue); /* no more comes */

/* The oldest piece; 0 at the end, -ECANCELED when the other side has given up. Until queue_taken. */
long queue_get(struct queue *queue, const void **bytes);
void queue_taken(struct queue *queue);

/* Either side: nobody waits here any more. */
void queue_cancel(struct queue *queue);

#endif
