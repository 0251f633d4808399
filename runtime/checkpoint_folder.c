/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint_folder.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

/* Memory of programs lies in it: it is root's alone. */
static int folder_open(const char *option, const char *path, bool make)
{
	int fd;

	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "%s %s: cannot be made", option, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(errno, "%s %s", option, path) : fd;
}

/* What every image has, and nothing but a regular file: CRIU would wait for a FIFO for ever. */
static int check_images(const struct checkpoint_folder *folder, const char *path)
{
	static const char *const names[] = { "inventory.img", "pstree.img" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct stat st;

		if (fstatat(folder->images_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return error_errno(errno, "--image-path %s: %s", path, names[i]);
		if (!S_ISREG(st.st_mode) || st.st_size == 0)
			return error_set(EINVAL, "--image-path %s: %s is not an image of CRIU",
				path, names[i]);
	}
	return 0;
}

int checkpoint_folder_open(
	struct checkpoint_folder *folder, const struct checkpoint_request *request, bool make)
{
	folder->images_fd = folder_open("--image-path", request->image_path, make);
	if (folder->images_fd < 0)
		return folder->images_fd;
	folder->work_path = request->work_path ? request->work_path : request->image_path;
	folder->work_fd = folder_open("--work-path", folder->work_path, true);
	if (folder->work_fd < 0)
		return folder->work_fd;
	/* A log that goes with the images is of no use to anybody. */
	if (!request->work_path && request->scratch)
		folder->work_path = NULL;
	return make ? 0 : check_images(folder, request->image_path);
}

void checkpoint_folder_close(struct checkpoint_folder *folder)
{
	file_close(&folder->images_fd);
	file_close(&folder->work_fd);
}

void checkpoint_folder_fill(const struct checkpoint_folder *folder,
	const struct checkpoint_request *request, const char *log_file,
	struct criu_options *options)
{
	/* CRIU would follow a link that somebody has put there. */
	(void)unlinkat(folder->work_fd, log_file, 0);
	*options = (struct criu_options){
		.images_fd = folder->images_fd,
		.work_fd = folder->work_fd,
		.log_file = log_file,
		.leave_running = request->leave_running,
		.ext_unix_sk = request->ext_unix_sk,
		.tcp_established = request->tcp_established,
		.tcp_skip_in_flight = request->tcp_skip_in_flight,
		.tcp_close = request->tcp_close,
		.shell_job = request->shell_job,
		.file_locks = request->file_locks,
		.link_remap = request->link_remap,
		.auto_dedup = request->auto_dedup,
		.lazy_pages = request->lazy_pages,
		.orphan_pts_master = true,
		.external_sharing = true,
		.external_masters = true,
		.ghost_limit = request->ghost_limit,
		.empty_namespaces = request->empty_network ? CLONE_NEWNET : 0,
		/* A restore unlocks as the images say, whatever it is told. */
		.network_lock = request->network_lock ? request->network_lock : CRIU_LOCK_SKIP,
		.status_fd = request->status_fd,
		.parent_image = request->parent_path,
		.lsm_profile = request->lsm_profile,
		.lsm_mount_context = request->lsm_mount_context,
		.config_file = request->config_file,
		.page_server = request->page_server,
		.page_server_port = request->page_server_port,
	};
}
