/* SPDX-License-Identifier: Apache-2.0 */
#include "image/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

void queue_begin(struct queue *queue, size_t size)
{
	*queue = (struct queue){ .size = size };
	(void)pthread_mutex_init(&queue->mutex, NULL);
	(void)pthread_cond_init(&queue->changed, NULL);
	for (unsigned int i = 0; i < QUEUE_PIECES; i++)
		queue->pieces[i] = memory_allocate(size);
}

void queue_end(struct queue *queue)
{
	for (unsigned int i = 0; i < QUEUE_PIECES; i++)
		free(queue->pieces[i]);
	(void)pthread_cond_destroy(&queue->changed);
	(void)pthread_mutex_destroy(&queue->mutex);
}

static void lock(struct queue *queue)
{
	(void)pthread_mutex_lock(&queue->mutex);
}

static void unlock(struct queue *queue)
{
	(void)pthread_cond_signal(&queue->changed);
	(void)pthread_mutex_unlock(&queue->mutex);
}

char *queue_room(struct queue *queue)
{
	char *piece;

	lock(queue);
	while (queue->count == QUEUE_PIECES && !queue->cancelled)
		(void)pthread_cond_wait(&queue->changed, &queue->mutex);
	piece = queue->cancelled ? NULL
				 : queue->pieces[(queue->first + queue->count) % QUEUE_PIECES];
	(void)pthread_mutex_unlock(&queue->mutex);
	return piece;
}

void queue_put(struct queue *queue, size_t length)
{
	lock(queue);
	queue->lengths[(queue->first + queue->count++) % QUEUE_PIECES] = length;
	unlock(queue);
}

void queue_finish(struct queue *queue)
{
	lock(queue);
	queue->finished = true;
	unlock(queue);
}

long queue_get(struct queue *queue, const void **bytes)
{
	long length = 0;

	lock(queue);
	while (!queue->count && !queue->finished && !queue->cancelled)
		(void)pthread_cond_wait(&queue->changed, &queue->mutex);
	if (queue->cancelled) {
		length = -ECANCELED;
	} else if (queue->count) {
		*bytes = queue->pieces[queue->first];
		length = (long)queue->lengths[queue->first];
	}
	(void)pthread_mutex_unlock(&queue->mutex);
	return length;
}

void queue_taken(struct queue *queue)
{
	lock(queue);
	queue->first = (queue->first + 1) % QUEUE_PIECES;
	queue->count--;
	unlock(queue);
}

void queue_cancel(struct queue *queue)
{
	lock(queue);
	queue->cancelled = true;
	unlock(queue);
}
