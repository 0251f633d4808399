/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a guest: "connect PORT" sends its input to a port of the host and prints what comes back;
 * "serve PORT" prints "ready", and sends one that connects its own bytes again.
 */
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Until its end, after which the other side hears of it. */
static void copy(int from, int to)
{
	char bytes[4096];
	ssize_t got;

	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0, r; done < got; done += r) {
			r = write(to, bytes + done, (size_t)(got - done));
			if (r < 0)
				fail("write");
		}
	if (got < 0)
		fail("read");
	(void)shutdown(to, SHUT_WR);
}

int main(int count, char **words)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (count != 3 || fd < 0)
		fail("AF_VSOCK");
	address.svm_port = (unsigned int)strtoul(words[2], NULL, 10);
	if (!strcmp(words[1], "connect")) {
		address.svm_cid = VMADDR_CID_HOST;
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			fail("connect");
		copy(STDIN_FILENO, fd);
		copy(fd, STDOUT_FILENO);
		return 0;
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		fail("listen");
	printf("ready\n");
	(void)fflush(stdout);
	fd = accept(fd, NULL, NULL);
	if (fd < 0)
		fail("accept");
	copy(fd, fd);
	return 0;
}
