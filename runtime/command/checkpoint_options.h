/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_COMMAND_CHECKPOINT_OPTIONS_H
#define HULL_RUNTIME_COMMAND_CHECKPOINT_OPTIONS_H

#include "runtime/checkpoint.h"
#include "runtime/command.h"

/* The options of `checkpoint` and `restore`; the former does not have those of `run`. */
struct checkpoint_options {
	struct create_options create;
	struct checkpoint_request request;
	const char *page_server, *network_lock, *cgroups_mode, *ghost_limit, *status_fd;
	struct string_list empty_namespaces;
	bool check;
	/* Archives. */
	const char *export_file, *image, *import_file;
	struct string_list allowed;
	bool whole_rootfs, plain;
};

#define CHECKPOINT_FLAG(name, member, help)                                                        \
	{ name, 0, OPTION_FLAG, offsetof(struct checkpoint_options, member), NULL, help }
#define CHECKPOINT_TEXT(name, member, argument, help)                                              \
	{ name, 0, OPTION_TEXT, offsetof(struct checkpoint_options, member), argument, help }

/* The lines that both share in their option tables. */
#define CHECKPOINT_OPTIONS                                                                         \
	CHECKPOINT_TEXT("image-path", request.image_path, "DIR",                                   \
		"the folder of the images (default: checkpoint)"),                                 \
		CHECKPOINT_TEXT("work-path", request.work_path, "DIR",                             \
			"the folder of CRIU's log and statistics (default: that of the images)"),  \
		CHECKPOINT_FLAG("tcp-established", request.tcp_established,                        \
			"with established TCP connections"),                                       \
		CHECKPOINT_FLAG("ext-unix-sk", request.ext_unix_sk,                                \
			"with Unix sockets whose other end is outside"),                           \
		CHECKPOINT_FLAG("shell-job", request.shell_job,                                    \
			"with a terminal that belongs to the caller's session"),                   \
		CHECKPOINT_FLAG("file-locks", request.file_locks, "with locks of files"),          \
		CHECKPOINT_FLAG("link-remap", request.link_remap,                                  \
			"with open files whose name was removed and which have another"),          \
		CHECKPOINT_FLAG("lazy-pages", request.lazy_pages,                                  \
			"memory comes over a page server while the container runs already"),       \
		CHECKPOINT_FLAG("auto-dedup", request.auto_dedup,                                  \
			"drop from older images what newer ones have"),                            \
		CHECKPOINT_TEXT("network-lock", network_lock, "HOW",                               \
			"keep packets away by iptables, nftables, or not (skip)"),                 \
		CHECKPOINT_TEXT("config-file", request.config_file, "FILE",                        \
			"a configuration file for CRIU"),                                          \
		CHECKPOINT_TEXT("manage-cgroups-mode", cgroups_mode, "MODE",                       \
			"soft, full, strict or ignore: accepted; hull itself makes the cgroup, "   \
			"from config.json"),                                                       \
		{ "empty-ns", 0, OPTION_LIST,                                                      \
			offsetof(struct checkpoint_options, empty_namespaces), "TYPE",             \
			"leave what is in a namespace (network) to somebody else" }

/* The request that the options say; 0 or -EINVAL with a message. */
int checkpoint_options_read(
	const struct invocation *invocation, struct checkpoint_request *request);

#endif
