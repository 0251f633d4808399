/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_CRIU_MESSAGE_H
#define HULL_CHECKPOINT_CRIU_MESSAGE_H

/*
 * What is said to CRIU and what it answers (criu.org/RPC, images/rpc.proto): one
 * Protocol Buffers message a packet. A CRIU ignores options that it does not know, so
 * who asks for one has to know that its version has it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/memory.h"

enum criu_request {
	CRIU_EMPTY = 0,
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

enum criu_network_lock {
	CRIU_LOCK_DEFAULT,
	CRIU_LOCK_IPTABLES,
	CRIU_LOCK_NFTABLES,
	CRIU_LOCK_SKIP,
};

/* Mounts by KEY, inherited descriptors (VALUE: the number), namespaces to join (VALUE: the path). */
struct criu_pair {
	const char *key, *value;
	int fd;
};

struct criu_pairs {
	struct criu_pair *items;
	size_t count;
};

void criu_pair_add(struct arena *arena, struct criu_pairs *pairs, struct criu_pair pair);

/* Zero and NULL are not sent, and mean CRIU's defaults; descriptors are numbers in this process. */
struct criu_options {
	int images_fd, work_fd; /* folders; always sent */
	const char *log_file;
	unsigned int pid;
	bool leave_running, ext_unix_sk, tcp_established, tcp_skip_in_flight, tcp_close;
	bool shell_job, file_locks, link_remap, auto_dedup, lazy_pages, track_memory;
	bool orphan_pts_master, restore_sibling, external_sharing, external_masters;
	bool skip_mode_check;	       /* files may have other permissions than they had */
	unsigned int ghost_limit;      /* bytes */
	unsigned int empty_namespaces; /* CLONE_NEW* */
	unsigned int timeout;	       /* seconds */
	unsigned int network_lock;     /* enum criu_network_lock */
	int status_fd;		       /* 0: none */
	const char *root, *parent_image, *freeze_cgroup, *lsm_profile, *lsm_mount_context;
	const char *config_file;
	const char *page_server; /* an address, or NULL */
	unsigned int page_server_port;
	struct string_list external;
	struct criu_pairs external_mounts, inherited, joined;
};

/* CRIU itself never touches cgroups: mode "ignore". KEEP_OPEN: more requests follow. */
void criu_request_write(struct buffer *buffer, enum criu_request type,
	const struct criu_options *options, bool keep_open);

/* The answer to a notification. */
void criu_answer_write(struct buffer *buffer, bool success);

struct criu_response {
	enum criu_request type;
	bool success;
	int pid;	      /* of a restored process, or of a notification; 0: none */
	char script[40];      /* of a notification: its name */
	int error;	      /* an errno, 0: none given */
	unsigned int version; /* 40101: 4.1.1 */
	bool track_memory, lazy_pages;
};

/* -EBADMSG without a message. */
int criu_response_read(struct criu_response *response, const void *bytes, size_t length);

#endif
