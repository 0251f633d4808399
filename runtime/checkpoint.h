/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CHECKPOINT_H
#define HULL_RUNTIME_CHECKPOINT_H

/* What `checkpoint` and `restore` ask of an isolation. */
#include <stdbool.h>

/*
 * Called when all is saved, or all is made again, and nothing runs yet: an error ends what is on its
 * way, and the container is where it was before. MIGRATE_IN_DOUBT (checkpoint/migrate.h) of a
 * checkpoint: nobody may run it for now, it stays frozen.
 */
struct checkpoint_hold {
	int (*held)(void *context);
	void *context;
};

struct checkpoint_export;

struct checkpoint_request {
	const char *criu; /* --criu: the program; NULL: the one in PATH */
	const char *image_path, *work_path;
	const char *parent_path; /* of the images before, relative to image_path; NULL: none */
	const char *page_server; /* its address, or NULL */
	unsigned int page_server_port;
	int status_fd;		   /* told when the lazy pages are served; 0: none */
	unsigned int network_lock; /* enum criu_network_lock */
	unsigned int ghost_limit;  /* bytes; 0: CRIU's own */
	const char *lsm_profile, *lsm_mount_context, *config_file;
	const struct checkpoint_hold *hold; /* NULL: none */
	struct checkpoint_export *packed;   /* it becomes an archive; NULL: the folder stays */
	const char *scratch; /* a folder of images that is taken away once they are restored */
	bool empty_network;
	bool leave_running, tcp_established, tcp_skip_in_flight, tcp_close, ext_unix_sk, shell_job;
	bool file_locks, pre_dump, lazy_pages, auto_dedup, link_remap;
};

#endif
