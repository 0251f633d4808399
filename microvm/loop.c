/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/file.h"

int loop_open(struct loop *loop)
{
	*loop = (struct loop){ .fd = epoll_create1(EPOLL_CLOEXEC) };
	(void)pthread_mutex_init(&loop->lock, NULL);
	return loop->fd < 0 ? -errno : 0;
}

void loop_close(struct loop *loop)
{
	file_close(&loop->fd);
	(void)pthread_mutex_destroy(&loop->lock);
}

int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };
	int action = !source->events ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (source->events == events)
		return 0;
	if (epoll_ctl(loop->fd, action, source->fd, &event) < 0)
		return -errno;
	source->events = events;
	return 0;
}

int loop_run(struct loop *loop)
{
	while (!loop->ended) {
		struct epoll_event event;
		struct loop_source *source;

		/* One at a time: whoever is called may end the wait for another. */
		if (epoll_wait(loop->fd, &event, 1, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		source = event.data.ptr;
		(void)pthread_mutex_lock(&loop->lock);
		source->ready(source->context, event.events);
		(void)pthread_mutex_unlock(&loop->lock);
	}
	return 0;
}
