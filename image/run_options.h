/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_RUN_OPTIONS_H
#define HULL_IMAGE_RUN_OPTIONS_H

/*
 * How to run an image, as a command line says it: the same for `run`, `shell`
 * and `lock`. The words are Podman's, and Apptainer's where Podman has none.
 */
#include "base/option.h"
#include "image/command/registry_options.h"

struct run_options {
	struct string_list binds, env, env_files, cap_add, cap_drop, devices, outputs;
	const char *home, *folder, *user, *entrypoint, *name, *hostname, *network;
	const char *cpus, *memory, *tenant, *isolation, *cpu_model, *overlay, *platform, *pull;
	const char *emulator;
	const char *record;
	struct registry_options registry;
	unsigned int cpu_weight, pids;
	bool no_home, read_only, no_aslr, interactive, terminal, remove, detach, locked;
};

#define RUN_OPTION(base_, member_, type_, name_, letter_, ...)                                     \
	{ name_, letter_, OPTION_##type_, (base_) + offsetof(struct run_options, member_),         \
		__VA_ARGS__ }

/* The lines of a command's table; BASE_ is the offset of its struct run_options. */
#define RUN_OPTIONS(b_)                                                                            \
	RUN_OPTION(b_, binds, LIST, "bind", 'B', "SRC[:DST[:ro]]",                                 \
		"show a file or folder of this machine in the container"),                         \
		RUN_OPTION(                                                                        \
			b_, binds, LIST, "volume", 'v', "SRC[:DST[:ro]]", "the same as --bind"),   \
		RUN_OPTION(b_, outputs, LIST, "output", 0, "SRC:DST",                              \
			"a folder for results, made if missing; --record and rerun know it"),      \
		RUN_OPTION(b_, env, LIST, "env", 'e', "NAME[=VALUE]",                              \
			"set a variable; without a value, the caller's"),                          \
		RUN_OPTION(b_, env_files, LIST, "env-file", 0, "FILE",                             \
			"set the variables that its lines name"),                                  \
		RUN_OPTION(b_, home, TEXT, "home", 'H', "SRC[:DST]",                               \
			"show this folder as the home (default: none of this machine's)"),         \
		RUN_OPTION(b_, no_home, FLAG, "no-home", 0, NULL, "no home; that is the default"), \
		RUN_OPTION(b_, folder, TEXT, "pwd", 0, "PATH",                                     \
			"the working folder, made if missing"),                                    \
		RUN_OPTION(b_, folder, TEXT, "workdir", 'w', "PATH", "the same as --pwd"),         \
		RUN_OPTION(b_, user, TEXT, "user", 'u', "USER[:GROUP]",                            \
			"names of the image, or numbers"),                                         \
		RUN_OPTION(b_, entrypoint, TEXT, "entrypoint", 0, "PROGRAM",                       \
			"in place of the image's; \"\": none"),                                    \
		RUN_OPTION(b_, name, TEXT, "name", 0, "NAME",                                      \
			"of the container (default: the image's and six digits)"),                 \
		RUN_OPTION(b_, hostname, TEXT, "hostname", 0, "NAME", "default: hull"),            \
		RUN_OPTION(b_, network, TEXT, "network", 0, "KIND",                                \
			"none (default): loopback alone; host: the machine's; private: its own, "  \
			"from which one gets out",                                                 \
			"none host private"),                                                      \
		RUN_OPTION(b_, cpus, TEXT, "cpus", 0, "N",                                         \
			"N processors and as many threads; of 1.5, one of two is shared"),         \
		RUN_OPTION(b_, cpu_weight, NUMBER, "cpu-weight", 0, "WEIGHT",                      \
			"its share when processors are short, 1 to 10000 (default: 100)"),         \
		RUN_OPTION(b_, memory, TEXT, "memory", 'm', "BYTES", "at most, such as 2G"),       \
		RUN_OPTION(b_, pids, NUMBER, "pids", 0, "N", "at most so many processes"),         \
		RUN_OPTION(b_, tenant, TEXT, "tenant", 0, "NAME", "whose share it uses"),          \
		RUN_OPTION(b_, isolation, TEXT, "isolation", 0, "KIND",                            \
			"host (default) or microvm", "host microvm"),                              \
		RUN_OPTION(b_, cpu_model, TEXT, "cpu-model", 0, "LEVEL",                           \
			"compute as a machine of x86-64-v2, x86-64-v3 or x86-64-v4 does; "         \
			"emulated: as a CPU of the emulator's",                                    \
			"x86-64-v2 x86-64-v3 x86-64-v4"),                                          \
		RUN_OPTION(b_, no_aslr, FLAG, "no-aslr", 0, NULL, "addresses are not random"),     \
		RUN_OPTION(b_, overlay, TEXT, "overlay", 0, "DIR",                                 \
			"keep what is changed there, for the next run"),                           \
		RUN_OPTION(b_, read_only, FLAG, "read-only", 0, NULL,                              \
			"nothing can be changed, but in /tmp, /run, /var/tmp and volumes"),        \
		RUN_OPTION(                                                                        \
			b_, cap_add, LIST, "cap-add", 0, "CAP_NAME", "give it a capability; ALL"), \
		RUN_OPTION(b_, cap_drop, LIST, "cap-drop", 0, "CAP_NAME",                          \
			"take a capability away; ALL"),                                            \
		RUN_OPTION(b_, devices, LIST, "device", 0, "PATH",                                 \
			"give it a device of the machine"),                                        \
		RUN_OPTION(b_, interactive, FLAG, "interactive", 'i', NULL,                        \
			"accepted: standard input is always passed on"),                           \
		RUN_OPTION(b_, terminal, FLAG, "tty", 't', NULL,                                   \
			"a terminal, also where standard input or output is none"),                \
		RUN_OPTION(b_, remove, FLAG, "rm", 0, NULL,                                        \
			"accepted: nothing of a container stays behind"),                          \
		RUN_OPTION(b_, platform, TEXT, "platform", 0, "OS/ARCH",                           \
			"of the image: this machine's, or any that there is an emulator for"),     \
		RUN_OPTION(b_, emulator, TEXT, "emulator", 0, "PATH",                              \
			"what executes the image's programs (default: qemu-user, where needed)"),  \
		RUN_OPTION(b_, pull, TEXT, "pull", 0, "WHEN",                                      \
			"missing (default), always or never", "missing always never")

#endif
