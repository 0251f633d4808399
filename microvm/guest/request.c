/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor asks for: see microvm/session.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "microvm/guest/hull.h"
#include "microvm/guest/network.h"
#include "microvm/guest/processors.h"
#include "microvm/guest/service.h"
#include "microvm/guest/setup.h"

#define PATH_BYTES 128

static void answer(struct service *service, unsigned int number, int code, const char *text)
{
	char body[SESSION_BODY];
	int length;

	memcpy(body, &code, sizeof(code));
	length = snprintf(body + sizeof(code), sizeof(body) - sizeof(code), "%s", text);
	if (length > (int)(sizeof(body) - sizeof(code)) - 1)
		length = sizeof(body) - sizeof(code) - 1;
	service_send(service, SESSION_ANSWER, number, body, sizeof(code) + (size_t)length);
}

static void refuse(struct service *service, unsigned int number, int error, const char *what)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%s: %s", what, error_words(-error));
	answer(service, number, 1, text);
	service->served[number].state = SERVED_NONE;
}

static void take_file(const char *body, uint32_t bytes, bool more)
{
	size_t path = strnlen(body, bytes);
	_cleanup_close_ int fd = -EBADF;

	if (path == bytes)
		return;
	fd = open(body, O_WRONLY | O_CREAT | O_CLOEXEC | (more ? O_APPEND : O_TRUNC), 0600);
	if (fd >= 0)
		(void)file_write_all(fd, body + path + 1, bytes - path - 1);
}

/* A file of /run/bundle that belongs to a process. */
static void file_name(char *path, const char *what, unsigned int number)
{
	(void)snprintf(path, PATH_BYTES, GUEST_BUNDLE "/%s-%u", what, number);
}

/* The words of a call of hull, and what they point to. */
struct words {
	char *items[16];
	size_t count;
	char process[PATH_BYTES], pid_file[PATH_BYTES], console[PATH_BYTES];
};

static void begin(struct service *service, unsigned int number, struct words *words)
{
	struct served *served = &service->served[number];
	int r;

	file_name(words->pid_file, "pid", number);
	(void)unlink(words->pid_file);
	words->items[words->count++] = "--pid-file";
	words->items[words->count++] = words->pid_file;
	/* Of a terminal the pipes carry only what hull itself has to say. */
	r = stdio_make_pipes(&served->stdio);
	if (r >= 0 && served->terminal) {
		file_name(words->console, "console", number);
		words->items[words->count++] = "--console-socket";
		words->items[words->count++] = words->console;
		r = served->console_fd = console_listen(words->console);
	}
	words->items[words->count++] = GUEST_CONTAINER;
	if (r >= 0)
		r = served->helper = hull_spawn(words->items, served->stdio.program);
	stdio_close_program(&served->stdio);
	if (r < 0) {
		stdio_close(&served->stdio);
		refuse(service, number, r, "the guest cannot make the process");
		return;
	}
	served->state = SERVED_BEGINS;
}

static void take_begin(struct service *service, const struct session_frame *frame, const char *body)
{
	struct served *served = &service->served[frame->process];
	struct words create = { .items = { "create", "--bundle", GUEST_BUNDLE }, .count = 3 };
	struct words exec = { .items = { "exec", "--detach", "--process" }, .count = 3 };

	if (served->state != SERVED_NONE || frame->bytes != sizeof(served->size))
		return;
	*served = (struct served){ .console_fd = -EBADF, .call_fd = -EBADF };
	stdio_init(&served->stdio);
	memcpy(&served->size, body, sizeof(served->size));
	served->terminal = served->size.wanted;
	if (frame->type == SESSION_CREATE) {
		begin(service, frame->process, &create);
		return;
	}
	file_name(exec.process, "process", frame->process);
	exec.items[exec.count++] = exec.process;
	served->started = true;
	begin(service, frame->process, &exec);
}

/* How a call's process is made, with the stdio that it gets. */
typedef pid_t (*call_spawn)(void *context, const int *stdio);

static pid_t spawn_hull(void *arguments, const int *stdio)
{
	return hull_spawn(arguments, stdio);
}

/* A call whose output is the answer. */
static void call(struct service *service, unsigned int number, call_spawn spawn, void *context)
{
	struct served *served = &service->served[number];
	_cleanup_close_ int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int ends[2], stdio[STREAMS];

	*served = (struct served){ .console_fd = -EBADF, .call_fd = -EBADF };
	stdio_init(&served->stdio);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		refuse(service, number, -errno, "the guest cannot call hull");
		return;
	}
	stdio[STREAM_INPUT] = null_fd;
	stdio[STREAM_OUTPUT] = stdio[STREAM_ERRORS] = ends[1];
	served->helper = spawn(context, stdio);
	(void)close(ends[1]);
	served->call_fd = ends[0];
	/* More than a pipe holds is no answer: hull must not wait for a reader. */
	(void)fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
	if (served->helper < 0) {
		file_close(&served->call_fd);
		refuse(service, number, served->helper, "the guest cannot call hull");
		return;
	}
	served->state = SERVED_CALL;
}

static void take_call(struct service *service, const struct session_frame *frame, const char *body)
{
	char words[SESSION_BODY + 1], *arguments[32];
	size_t count = 0;

	if (service->served[frame->process].state != SERVED_NONE)
		return;
	memcpy(words, body, frame->bytes);
	words[frame->bytes] = '\0';
	for (size_t i = 0; i < frame->bytes && count < 31; i += strlen(words + i) + 1)
		arguments[count++] = words + i;
	arguments[count] = NULL;
	call(service, frame->process, spawn_hull, arguments);
}

static void take_start(struct service *service, const struct session_frame *frame)
{
	char *arguments[] = { "start", GUEST_CONTAINER, NULL };

	/* Its answer needs a number of its own; what it starts is process 0. */
	if (frame->process == 0 || service->served[frame->process].state != SERVED_NONE)
		return;
	service->served[0].started = true;
	call(service, frame->process, spawn_hull, arguments);
	service->served[frame->process].starts = true;
}

/* What the container does not wait for. */
static void load_late(void)
{
	if (process_clone(0, -1, NULL) != 0)
		return;
	setup_modules("/balloon");
	_exit(0);
}

/* The network file that came before, for the container that is there by now. */
struct network_call {
	char path[PATH_BYTES];
	pid_t container;
};

static pid_t spawn_network(void *context, const int *stdio)
{
	const struct network_call *network = context;
	pid_t pid = process_clone(0, -1, NULL);
	int r;

	if (pid != 0)
		return pid;
	r = hull_prepare_child(stdio);
	if (r >= 0)
		r = network_give(network->path, network->container);
	if (r < 0)
		(void)dprintf(STDERR_FILENO, "%s\n", error_text(r));
	_exit(r < 0);
}

static void take_network(struct service *service, const struct session_frame *frame)
{
	struct network_call network = { .container = service->served[0].pid };

	if (frame->process == 0 || service->served[frame->process].state != SERVED_NONE)
		return;
	file_name(network.path, "network", frame->process);
	call(service, frame->process, spawn_network, &network);
}

static pid_t spawn_cpus(void *context, const int *stdio)
{
	const uint32_t *wanted = context;
	pid_t pid = process_clone(0, -1, NULL);
	int r;

	if (pid != 0)
		return pid;
	r = hull_prepare_child(stdio);
	if (r >= 0)
		r = processors_switch(*wanted);
	if (r < 0)
		(void)dprintf(STDERR_FILENO, "%s\n", error_text(r));
	_exit(r < 0);
}

static void take_cpus(struct service *service, const struct session_frame *frame, const char *body)
{
	uint32_t wanted;

	if (frame->process == 0 || service->served[frame->process].state != SERVED_NONE ||
		frame->bytes != sizeof(wanted))
		return;
	memcpy(&wanted, body, sizeof(wanted));
	call(service, frame->process, spawn_cpus, &wanted);
}

/* Of a terminal that is there already; otherwise it gets it once it is. */
static void set_size(const struct served *served)
{
	const struct winsize size = { served->size.rows, served->size.columns, 0, 0 };

	if (served->terminal && (size.ws_row || size.ws_col))
		(void)ioctl(served->stdio.fds[STREAM_OUTPUT], TIOCSWINSZ, &size);
}

static void take_stdio(struct served *served, const struct session_frame *frame, const char *body)
{
	struct session_credits credits;
	int32_t signal;

	if (frame->type == SESSION_INPUT) {
		if (served->stdio.input.length + frame->bytes <= SESSION_CREDIT)
			buffer_bytes(&served->stdio.input, body, frame->bytes);
	} else if (frame->type == SESSION_INPUT_END) {
		served->stdio.input_ends = true;
	} else if (frame->type == SESSION_CREDITS && frame->bytes == sizeof(credits)) {
		memcpy(&credits, body, sizeof(credits));
		if (credits.stream < STREAMS)
			served->stdio.credit[credits.stream] += credits.bytes;
	} else if (frame->type == SESSION_RESIZE && frame->bytes == sizeof(served->size)) {
		memcpy(&served->size, body, sizeof(served->size));
		set_size(served);
	} else if (frame->type == SESSION_SIGNAL && frame->bytes == sizeof(signal)) {
		memcpy(&signal, body, sizeof(signal));
		/* Not reaped yet: its number is still its own. */
		if (served->state == SERVED_RUNS && !served->exited)
			(void)kill(served->pid, signal);
	}
}

void service_take(struct service *service, const struct session_frame *frame, const char *body)
{
	switch (frame->type) {
	case SESSION_FILE:
	case SESSION_FILE_MORE:
		take_file(body, frame->bytes, frame->type == SESSION_FILE_MORE);
		break;
	case SESSION_CREATE:
	case SESSION_EXEC:
		take_begin(service, frame, body);
		break;
	case SESSION_START:
		take_start(service, frame);
		break;
	case SESSION_NETWORK:
		take_network(service, frame);
		break;
	case SESSION_CPUS:
		take_cpus(service, frame, body);
		break;
	case SESSION_CALL:
		take_call(service, frame, body);
		break;
	default:
		if (service->served[frame->process].state != SERVED_NONE)
			take_stdio(&service->served[frame->process], frame, body);
	}
}

/* ---- what has ended ---------------------------------------------------------------------------- */

/* All that is in a pipe now, as one line without hull's own "hull: ". */
static void read_message(int fd, char *text, size_t room)
{
	ssize_t got;
	size_t length = 0;

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	while (length < room - 1 && (got = read(fd, text + length, room - 1 - length)) > 0)
		length += (size_t)got;
	while (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	if (!strncmp(text, "hull: ", 6))
		memmove(text, text + 6, length - 5);
}

static void served_call_ended(struct service *service, unsigned int number, int code)
{
	struct served *served = &service->served[number];
	char text[SESSION_BODY - sizeof(int)];

	read_message(served->call_fd, text, sizeof(text));
	file_close(&served->call_fd);
	served->state = SERVED_NONE;
	answer(service, number, code, text);
	if (served->starts && code == 0)
		load_late();
}

void served_begun(struct service *service, unsigned int number, int code)
{
	struct served *served = &service->served[number];
	char text[SESSION_BODY - sizeof(int)] = "", pid_file[PATH_BYTES];

	served->helper = 0;
	if (code == 0 && served->terminal) {
		int master_fd = console_accept(&served->console_fd);

		if (master_fd >= 0)
			stdio_set_terminal(&served->stdio, master_fd);
		set_size(served);
	}
	file_name(pid_file, "pid", number);
	served->pid = code ? 0 : pid_file_read(pid_file);
	if (!served->pid) {
		read_message(served->stdio.fds[STREAM_ERRORS], text, sizeof(text));
		file_close(&served->console_fd);
		stdio_close(&served->stdio);
		served->state = SERVED_NONE;
		answer(service, number, code ? code : 1, text);
		return;
	}
	served->state = SERVED_RUNS;
	answer(service, number, 0, "");
	for (unsigned int i = 0; i < service->stranger_count; i++) {
		if (service->strangers[i].pid != served->pid)
			continue;
		served->exited = true;
		served->exit_code = process_exit_code(service->strangers[i].status);
	}
}

/* With the container the machine ends: whoever has asked for something gets the answer before. */
static bool is_asked(const struct service *service)
{
	for (unsigned int i = 0; i < SESSION_PROCESSES; i++)
		if (service->served[i].state == SERVED_CALL)
			return true;
	return false;
}

void served_finish(struct service *service, unsigned int number)
{
	struct served *served = &service->served[number];
	int32_t code = served->exit_code;

	if (number == 0 && is_asked(service))
		return;
	/* Nothing more comes without credit; what is still in the pipe has to be sent first. */
	for (int i = STREAM_OUTPUT; i <= STREAM_ERRORS; i++)
		if (!served->stdio.ended[i] && !served->stdio.credit[i])
			return;
	stdio_close(&served->stdio);
	served->state = SERVED_NONE;
	service_send(service, SESSION_EXITED, number, &code, sizeof(code));
}

static void service_ended(struct service *service, pid_t pid, int status)
{
	unsigned int count = service->stranger_count;

	for (unsigned int i = 0; i < SESSION_PROCESSES; i++) {
		struct served *served = &service->served[i];

		if (served->state == SERVED_NONE)
			continue;
		if (served->helper == pid) {
			if (served->state == SERVED_CALL)
				served_call_ended(service, i, process_exit_code(status));
			else
				served_begun(service, i, process_exit_code(status));
			return;
		}
		if (served->state == SERVED_RUNS && served->pid == pid) {
			served->exited = true;
			served->exit_code = process_exit_code(status);
			return;
		}
	}
	/* The oldest goes: its number has long been used, or will never be. */
	if (count == sizeof(service->strangers) / sizeof(service->strangers[0]))
		memmove(service->strangers, service->strangers + 1,
			--count * sizeof(service->strangers[0]));
	service->strangers[count].pid = pid;
	service->strangers[count].status = status;
	service->stranger_count = count + 1;
}

void service_reap(struct service *service)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		service_ended(service, pid, status);
}
