/* SPDX-License-Identifier: Apache-2.0 */
/* hull-vmm: the monitor of one microVM. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/option.h"
#include "base/syscall.h"
#include "base/version.h"
#include "microvm/fs/fs.h"
#include "microvm/inquiry.h"
#include "microvm/link.h"
#include "microvm/machine.h"
#include "microvm/prepare/prepare.h"
#include "microvm/sandbox.h"

struct vmm_options {
	const char *kernel, *initrd, *append, *console, *cache, *control, *client, *vsock,
		*vsock_listener;
	struct string_list disks, shares;
	unsigned int memory, vcpus, patience;
	bool prepare, exits, network, help, version;
};

#define VMM(member_) offsetof(struct vmm_options, member_)

static const struct option options[] = {
	{ "kernel", 'k', OPTION_TEXT, VMM(kernel), "FILE",
		"a vmlinuz or vmlinux (default: this machine's own)" },
	{ "initrd", 'i', OPTION_TEXT, VMM(initrd), "FILE",
		"another initial file system than the one with hull-guest" },
	{ "append", 'a', OPTION_TEXT, VMM(append), "TEXT", "more of the kernel's command line" },
	{ "memory", 'm', OPTION_NUMBER, VMM(memory), "MIB", "the guest's memory (default: 256)" },
	{ "vcpus", 'c', OPTION_NUMBER, VMM(vcpus), "N", "virtual processors (default: 1)" },
	{ "disk", 'd', OPTION_LIST, VMM(disks), "FILE[:ro]", "a disk; may be given several times" },
	{ "share", 's', OPTION_LIST, VMM(shares), "NAME=PATH[:ro]",
		"a file or folder that the guest sees as /run/share/NAME" },
	{ "console", 0, OPTION_TEXT, VMM(console), "FILE",
		"where what the guest's kernel prints is written to" },
	{ "cache", 0, OPTION_TEXT, VMM(cache), "DIR",
		"prepared kernels (default: /var/cache/hull, $XDG_CACHE_HOME/hull)" },
	{ "prepare", 0, OPTION_FLAG, VMM(prepare), NULL,
		"only put the kernel into the cache, and print what would be booted" },
	{ "exits", 0, OPTION_FLAG, VMM(exits), NULL,
		"print in the end how often the guest left for the monitor" },
	{ "control", 0, OPTION_TEXT, VMM(control), "FD", "a listening socket for requests" },
	{ "client", 0, OPTION_TEXT, VMM(client), "FD", "a connected socket for requests" },
	{ "vsock", 0, OPTION_TEXT, VMM(vsock), "FOLDER",
		"a socket device: the guest's connection to a port of the host is one to the Unix "
		"socket of that name here" },
	{ "vsock-listener", 0, OPTION_TEXT, VMM(vsock_listener), "FD",
		"a listening Unix socket whose connections go to ports of the guest" },
	{ "network", 0, OPTION_FLAG, VMM(network), NULL,
		"stay in this network namespace: it is the container's" },
	{ "patience", 0, OPTION_NUMBER, VMM(patience), "SECONDS",
		"how long the guest may take to answer for the first time (default: 150)" },
	{ "help", 'h', OPTION_FLAG, VMM(help), NULL, "print this" },
	{ "version", 'v', OPTION_FLAG, VMM(version), NULL, "print the version" },
	{ 0 },
};

/*
 * The console that every kernel has built in or as a module; a panic restarts, and a
 * restart is a triple fault, which the monitor sees. Self-tests of the kernel's
 * cryptography are two thirds of a boot otherwise (docs/microvm.md).
 */
static const char command_line[] =
	"console=hvc0 quiet panic=-1 reboot=t cryptomgr.notests initcall_blacklist=jent_mod_init "
	"8250.nr_uarts=0 no_timer_check random.trust_cpu=on";

/* Of whoever waits for an answer: the message is for them, and for nobody else. */
static int client_fd = -1;

static int fail(int error)
{
	struct reply reply = { .code = 1 };

	if (client_fd < 0) {
		log_error("%s", error_text(error));
		return 1;
	}
	(void)snprintf(reply.text, sizeof(reply.text), "%s", error_text(error));
	(void)send(client_fd, &reply, offsetof(struct reply, text) + strlen(reply.text) + 1,
		MSG_NOSIGNAL);
	return 1;
}

static int open_file(const char *option, const char *path, int flags)
{
	int fd;

	if (!path)
		return error_set(EINVAL, "--%s: is missing", option);
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd < 0 ? error_errno(errno, "--%s: %s", option, path) : fd;
}

static int parse_fd(const char *option, const char *text)
{
	char *end;
	long fd = text ? strtol(text, &end, 10) : -1;

	if (text && (*end || fd < 3 || fd > 1 << 20))
		return error_set(EINVAL, "--%s: not a descriptor: \"%s\"", option, text);
	if (fd >= 0 && fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return error_errno(errno, "--%s %s", option, text);
	return (int)fd;
}

static int open_disks(struct machine_plan *plan, const struct string_list *disks)
{
	if (disks->count > MACHINE_DISKS)
		return error_set(EINVAL, "--disk: no more than %d", MACHINE_DISKS);
	for (size_t i = 0; i < disks->count; i++) {
		_cleanup_free_ char *path = string_copy(disks->items[i]);
		size_t length = strlen(path);
		bool read_only = length > 3 && !strcmp(path + length - 3, ":ro");
		int fd;

		if (read_only)
			path[length - 3] = '\0';
		fd = open_file("disk", path, read_only ? O_RDONLY : O_RDWR);
		if (fd < 0)
			return fd;
		plan->disks[i].fd = fd;
		plan->disks[i].read_only = read_only;
		plan->disk_count++;
	}
	return 0;
}

/* NAME=PATH[:ro], one per share. */
static int start_shares(struct arena *arena, const struct string_list *given)
{
	struct fs_share *shares = arena_allocate(arena, given->count * sizeof(*shares));

	for (size_t i = 0; i < given->count; i++) {
		char *name = arena_format(arena, "%s", given->items[i]), *path = strchr(name, '=');
		size_t length = strlen(name);

		if (!path || path == name || memchr(name, '/', (size_t)(path - name)))
			return error_set(EINVAL, "--share: must be NAME=PATH, got \"%s\"", name);
		if (length > 3 && !strcmp(name + length - 3, ":ro")) {
			name[length - 3] = '\0';
			shares[i].read_only = true;
		}
		*path++ = '\0';
		shares[i].name = name;
		shares[i].path = path;
	}
	return fs_start(shares, given->count);
}

static int make_plan(
	const struct vmm_options *given, const struct prepared *prepared, struct machine_plan *plan)
{
	unsigned int memory = given->memory ? given->memory : 256;

	plan->vcpus = given->vcpus ? given->vcpus : 1;
	if (plan->vcpus > VCPUS_MOST)
		return error_set(EINVAL, "--vcpus: 1 to %d, got %u", VCPUS_MOST, plan->vcpus);
	if (memory < 64)
		return error_set(EINVAL, "--memory: at least 64 MiB, got %u", memory);
	plan->memory_bytes = (size_t)memory << 20;
	plan->boot.kernel_fd = open_file("kernel", prepared->vmlinux, O_RDONLY);
	if (plan->boot.kernel_fd < 0)
		return plan->boot.kernel_fd;
	plan->boot.initrd_fd = open_file("initrd", prepared->initrd, O_RDONLY);
	if (plan->boot.initrd_fd < 0)
		return plan->boot.initrd_fd;
	if (given->console) {
		plan->console_fd =
			open_file("console", given->console, O_WRONLY | O_CREAT | O_APPEND);
		if (plan->console_fd < 0)
			return plan->console_fd;
	}
	plan->vsock = given->vsock;
	plan->vsock_fd = parse_fd("vsock-listener", given->vsock_listener);
	if (plan->vsock_fd < -1)
		return plan->vsock_fd;
	return open_disks(plan, &given->disks);
}

/* ---- what is booted -------------------------------------------------------------------------- */

static const char *default_cache(struct arena *arena)
{
	const char *home = getenv("XDG_CACHE_HOME");

	if (geteuid() == 0)
		return "/var/cache/hull";
	if (home && *home == '/')
		return arena_format(arena, "%s/hull", home);
	home = getenv("HOME");
	return arena_format(arena, "%s/.cache/hull", home ? home : "");
}

static int find_prepared(
	struct arena *arena, const struct vmm_options *given, struct prepared *prepared)
{
	const char *cache = given->cache ? given->cache : default_cache(arena);
	char programs[4096];
	ssize_t length = readlink("/proc/self/exe", programs, sizeof(programs) - 1);
	int r;

	if (length < 0)
		return error_errno(errno, "/proc/self/exe");
	programs[length] = '\0';
	programs[strrchr(programs, '/') - programs] = '\0';
	r = prepare(arena, given->kernel, cache, programs, prepared);
	if (given->initrd)
		prepared->initrd = given->initrd;
	return r;
}

/* ---- running it -------------------------------------------------------------------------------- */

struct session {
	struct machine machine;
	struct link link;
	int exit_code;
};

static void session_ended(void *context, int code, const char *text)
{
	struct session *session = context;

	session->exit_code = code;
	machine_end(&session->machine, text ? MACHINE_BROKEN : MACHINE_DONE, text);
}

static int session_add_network(void *context, int tap_fd, const struct session_interface *interface)
{
	struct session *session = context;

	return machine_add_net(&session->machine, tap_fd, interface->mac, (uint16_t)interface->mtu);
}

static int session_ask(void *context, enum request_type type, const void *body, size_t bytes,
	struct buffer *answer)
{
	struct session *session = context;

	return inquiry_answer(&session->machine, type, body, bytes, answer);
}

/* All that a container could be sent but what a program breaks by. */
static int open_signals(void)
{
	static const int broken[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS,
		SIGPIPE, SIGCHLD };
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigfillset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
		(void)sigdelset(&set, broken[i]);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_session(struct session *session, int control, unsigned int patience)
{
	int signals, r;

	if (control < 0 && client_fd < 0)
		return 0;
	signals = open_signals();
	session->link.ended = session_ended;
	session->link.add_network = session_add_network;
	session->link.ask_machine = session_ask;
	session->link.context = session;
	r = link_open(&session->link, &session->machine.loop, &session->machine.console, control,
		client_fd, signals, patience);
	return r < 0 ? error_errno(r, "cannot serve requests") : 0;
}

static void print_exits(const struct machine *machine)
{
	for (unsigned int i = 0; i < machine->vcpu_count; i++)
		(void)fprintf(stderr, "vcpu %u: %llu exits for ports, %llu for memory\n", i,
			(unsigned long long)machine->vcpus[i].exits[EXIT_PORT],
			(unsigned long long)machine->vcpus[i].exits[EXIT_MEMORY]);
}

/* Why it ended too early: what is known, and the last that the guest's kernel said. */
static int tell_end(struct session *session)
{
	char last_words[TRANSCRIPT_TEXT_BYTES], text[sizeof(last_words) + 256];
	const char *why = session->machine.end_text;

	transcript_tell(&session->machine.transcript, last_words);
	(void)snprintf(text, sizeof(text), "the microVM has ended: %s%s%s",
		*why ? why : "its kernel has restarted", *last_words ? "; its last words: " : "",
		last_words);
	if (link_abandon(&session->link, text) || session->link.greeted)
		return 1;
	return fail(error_set(EIO, "%s", text));
}

/* All that is needed is open. */
static int enter_sandbox(const struct vmm_options *given)
{
	_cleanup_close_ int root_fd = -EBADF;
	int r = sandbox_enter_namespaces(given->network);

	if (r >= 0 && given->vsock) {
		root_fd =
			sys_open_tree(AT_FDCWD, given->vsock, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		r = root_fd < 0 ? error_errno(errno, "--vsock: %s", given->vsock)
				: sandbox_make_socket_root(root_fd);
	} else if (r >= 0) {
		r = root_fd = sandbox_make_root();
	}
	if (r >= 0)
		r = sandbox_enter_root(root_fd);
	return r < 0 ? r : sandbox_drop_privileges();
}

static int run(const struct machine_plan *plan, const struct vmm_options *given, int control)
{
	static struct session session;
	struct machine *machine = &session.machine;
	int r = machine_make(machine, plan);

	if (r >= 0)
		r = open_session(&session, control, given->patience);
	if (r >= 0)
		r = enter_sandbox(given);
	if (r >= 0)
		r = machine_run(machine);
	if (r < 0)
		return fail(r);
	if (given->exits)
		print_exits(machine);
	if (machine->end == MACHINE_BROKEN || (machine->end == MACHINE_ENDED && session.link.loop))
		return tell_end(&session);
	return session.exit_code;
}

int main(int count, char **words)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct vmm_options given = { 0 };
	struct machine_plan plan = { .boot.initrd_fd = -1, .console_fd = -1, .fs_fd = -1 };
	struct prepared prepared = { .vmlinux = "", .initrd = "" };
	int control, r = option_parse(options, &given, &arena, words + 1, count - 1, false);

	if (r > 0)
		r = error_set(EINVAL, "hull-vmm takes no operands, got \"%s\"", words[1]);
	if (r < 0)
		return fail(r);
	if (given.version || given.help) {
		printf("hull-vmm version %s\n", HULL_VERSION);
		if (given.help)
			option_print(options);
		return 0;
	}
	control = parse_fd("control", given.control);
	if (control >= -1)
		client_fd = parse_fd("client", given.client);
	if (control < -1 || client_fd < -1)
		return fail(-EINVAL);
	r = given.prepare ? 0 : kvm_probe();
	if (r >= 0)
		r = find_prepared(&arena, &given, &prepared);
	if (r < 0)
		return fail(r);
	if (given.prepare) {
		printf("kernel %s\nvmlinux %s\ninitrd %s\n", prepared.kernel, prepared.vmlinux,
			prepared.initrd);
		return 0;
	}
	plan.boot.command_line = given.append
					 ? arena_format(&arena, "%s %s", command_line, given.append)
					 : command_line;
	if (given.shares.count)
		r = plan.fs_fd = start_shares(&arena, &given.shares);
	if (r >= 0)
		r = make_plan(&given, &prepared, &plan);
	return r < 0 ? fail(r) : run(&plan, &given, control);
}
