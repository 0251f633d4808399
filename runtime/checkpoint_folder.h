/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CHECKPOINT_FOLDER_H
#define HULL_RUNTIME_CHECKPOINT_FOLDER_H

/* The folders of a checkpoint: its images, and where CRIU writes its log and statistics. */
#include <errno.h>

#include "checkpoint/criu_message.h"
#include "runtime/checkpoint.h"

struct checkpoint_folder {
	int images_fd, work_fd;
	const char *work_path; /* for messages; NULL: it does not last */
};

#define CHECKPOINT_FOLDER_NONE { .images_fd = -EBADF, .work_fd = -EBADF }

/* Make what is missing, or (without MAKE) check that there are images. */
int checkpoint_folder_open(
	struct checkpoint_folder *folder, const struct checkpoint_request *request, bool make);
void checkpoint_folder_close(struct checkpoint_folder *folder);

/* What the request and the folders say in the words of CRIU; LOG_FILE is new. */
void checkpoint_folder_fill(const struct checkpoint_folder *folder,
	const struct checkpoint_request *request, const char *log_file,
	struct criu_options *options);

#define _cleanup_checkpoint_folder_ __attribute__((cleanup(checkpoint_folder_close)))

#endif
