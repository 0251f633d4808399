/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/guest/service.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/memory.h"

void service_send(struct service *service, enum session_type type, unsigned int process,
	const void *body, size_t bytes)
{
	const struct session_frame frame = { (uint32_t)bytes, (uint16_t)type, (uint16_t)process };

	buffer_bytes(&service->out, &frame, sizeof(frame));
	buffer_bytes(&service->out, body, bytes);
}

static int service_write(struct service *service)
{
	while (service->out.length) {
		ssize_t done = write(service->port_fd, service->out.data, service->out.length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? 0 : -errno;
		service->out.length -= (size_t)done;
		memmove(service->out.data, service->out.data + done, service->out.length);
	}
	return 0;
}

static int service_read(struct service *service)
{
	char bytes[SESSION_BODY];
	ssize_t got = read(service->port_fd, bytes, sizeof(bytes));
	uint32_t done = 0;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (got == 0)
		return -EPIPE;
	while (done < (uint32_t)got) {
		int complete, r = session_read(&service->reader, bytes + done, (uint32_t)got - done,
				      &complete);

		if (r < 0)
			return r;
		done += (uint32_t)r;
		if (complete)
			service_take(service, &service->reader.frame, service->reader.body);
	}
	return 0;
}

static void service_read_signals(struct service *service)
{
	struct signalfd_siginfo signals[8];

	while (read(service->signal_fd, signals, sizeof(signals)) > 0)
		;
	service_reap(service);
}

static int service_wait(struct service *service)
{
	struct pollfd polls[2 + SESSION_PROCESSES * STREAMS] = {
		{ .fd = service->port_fd, .events = POLLIN },
		{ .fd = service->signal_fd, .events = POLLIN },
	};
	unsigned int count = 2;

	if (service->out.length)
		polls[0].events |= POLLOUT;
	for (unsigned int i = 0; i < SESSION_PROCESSES; i++)
		count += served_poll(&service->served[i], polls + count);
	if (poll(polls, count, -1) < 0 && errno != EINTR)
		return -errno;
	if (polls[1].revents)
		service_read_signals(service);
	return polls[0].revents & (POLLIN | POLLHUP | POLLERR) ? service_read(service) : 0;
}

int service_run(struct service *service)
{
	const uint32_t version = SESSION_VERSION;
	int r = 0;

	service_send(service, SESSION_HELLO, 0, &version, sizeof(version));
	while (r >= 0) {
		for (unsigned int i = 0; i < SESSION_PROCESSES; i++)
			served_pump(service, i);
		r = service_write(service);
		if (r >= 0)
			r = service_wait(service);
	}
	return r;
}
