/* SPDX-License-Identifier: Apache-2.0 */
#include "image/checkpoint_pack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/folder_tar.h"
#include "image/overlay_change.h"
#include "image/scratch.h"

#define OUT_BYTES     ((size_t)256 << 10)
#define LEVEL	      1		       /* memory is to be written fast */
#define RESERVE_BYTES ((off_t)1 << 20) /* for a log and statistics, compressed */

struct packing {
	int fd;
	ZSTD_CStream *stream; /* NULL: plain */
	char *out;
};

static void packing_free(struct packing *packing)
{
	(void)ZSTD_freeCStream(packing->stream);
	memory_free_pointer(&packing->out);
}

/* ---- bytes --------------------------------------------------------------------------------- */

static int compress(
	struct packing *packing, const void *bytes, size_t length, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { bytes, length, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { packing->out, OUT_BYTES, 0 };
		int r;

		left = ZSTD_compressStream2(packing->stream, &out, &in, how);
		if (ZSTD_isError(left))
			return error_set(EIO, "cannot compress: %s", ZSTD_getErrorName(left));
		r = file_write_all(packing->fd, packing->out, out.pos);
		if (r < 0)
			return error_errno(r, "cannot be written");
	} while (in.pos < in.size || (how != ZSTD_e_continue && left));
	return 0;
}

static int packing_put(void *context, const void *bytes, size_t length)
{
	struct packing *packing = context;
	int r;

	if (packing->stream)
		return compress(packing, bytes, length, ZSTD_e_continue);
	r = file_write_all(packing->fd, bytes, length);
	return r < 0 ? error_errno(r, "cannot be written") : 0;
}

/* A frame ends: what was given is in the file then. */
static int packing_flush(struct packing *packing)
{
	return packing->stream ? compress(packing, NULL, 0, ZSTD_e_end) : 0;
}

static int pack_folder(struct packing *packing, const char *stage, const char *name, bool open)
{
	_cleanup_free_ char *path = string_format("%s/%s", stage, name);
	const struct folder_tar wanted = {
		.path = path, .plain = true, .open = open, .put = packing_put, .context = packing
	};
	int r = folder_tar_write(&wanted);

	return r < 0 ? r : packing_flush(packing);
}

/* ---- the root file system ------------------------------------------------------------------ */

static int write_removed(int folder_fd, const struct string_list *removed)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	int r;

	if (!removed->count)
		return 0;
	json_write_strings(&writer, NULL, removed->items);
	r = file_replace_at(folder_fd, "deleted.files", text.data, text.length, 0600);
	return r < 0 ? error_errno(r, "deleted.files") : 0;
}

static int put_file(void *context, const void *bytes, size_t length)
{
	int r = file_write_all(*(int *)context, bytes, length);

	return r < 0 ? error_errno(r, "rootfs-diff.tar") : 0;
}

static int pack_rootfs(struct arena *arena, const struct checkpoint_pack *wanted)
{
	_cleanup_free_ char *path = string_format("%s/archive", wanted->stage);
	_cleanup_close_ int folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	struct string_list removed = { 0 };
	struct overlay overlay;
	int r;

	if (!wanted->rootfs)
		return 0;
	r = overlay_find(arena, wanted->rootfs, &overlay);
	if (r < 0 || (!overlay.upper && !wanted->whole))
		return r;
	fd = openat(folder_fd, "rootfs-diff.tar", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(errno, "rootfs-diff.tar");
	if (wanted->whole) {
		const struct folder_tar whole = {
			.path = wanted->rootfs, .plain = true, .put = put_file, .context = &fd
		};

		return folder_tar_write(&whole);
	}
	r = overlay_changes(arena, &overlay, fd, &removed);
	return r < 0 ? r : write_removed(folder_fd, &removed);
}

/* ---- both steps ---------------------------------------------------------------------------- */

/* Room on the disk for the second step, where the file system can promise it. */
static int reserve(int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	if (at < 0 || fsync(fd) < 0)
		return -errno;
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, at, RESERVE_BYTES) < 0 && errno != EOPNOTSUPP)
		return -errno;
	return 0;
}

static int pack_steps(const struct checkpoint_pack *wanted, struct packing *packing)
{
	_cleanup_arena_ struct arena arena = { 0 };
	int r = pack_rootfs(&arena, wanted);

	if (r >= 0)
		r = pack_folder(packing, wanted->stage, "archive", true);
	if (r < 0)
		return r;
	r = reserve(packing->fd);
	if (r < 0)
		return error_errno(r, "cannot be written");
	r = wanted->between(wanted->context);
	return r < 0 ? r : pack_folder(packing, wanted->stage, "work", false);
}

int checkpoint_pack(const struct checkpoint_pack *wanted)
{
	__attribute__((cleanup(packing_free))) struct packing packing = { 0 };
	_cleanup_close_ int folder_fd = -EBADF;
	struct scratch scratch;
	const char *name;
	int r;

	folder_fd = scratch_folder(wanted->file, &name);
	if (folder_fd < 0)
		return folder_fd;
	packing.out = memory_allocate(OUT_BYTES);
	if (!wanted->plain) {
		packing.stream = ZSTD_createCStream();
		if (!packing.stream || ZSTD_isError(ZSTD_CCtx_setParameter(
					       packing.stream, ZSTD_c_compressionLevel, LEVEL)))
			return error_set(ENOMEM, "zstd cannot begin");
	}
	r = scratch_open(folder_fd, &scratch);
	if (r < 0)
		return error_errno(r, "%s", wanted->file);
	packing.fd = scratch.fd;
	r = pack_steps(wanted, &packing);
	/* Memory of programs lies in it: it is root's alone. */
	if (r >= 0 && fchmod(scratch.fd, 0600) < 0)
		r = error_errno(errno, "cannot be written");
	if (r >= 0) {
		r = scratch_commit(&scratch, folder_fd, name);
		if (r < 0)
			(void)error_errno(r, "cannot be named");
	}
	scratch_close(&scratch, folder_fd);
	return r < 0 ? error_context(r, "%s", wanted->file) : 0;
}
