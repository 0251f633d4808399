/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "checkpoint/image_name.h"
#include "checkpoint/migrate.h"
#include "checkpoint/tree_transfer.h"

#define ROUNDS_MOST 1000

struct receiving {
	struct migrate_landing *landing;
	struct arena arena;
	struct migration_manifest manifest;
	int rootfs_fd, images_fd;
	int round_fd; /* the folder of the round that is coming; -1: nothing of it has come */
	unsigned int round;
	bool ours;
};

/* ---- images ---------------------------------------------------------------------------------- */

bool image_name_is_good(const char *name, size_t length)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";
	const char ending[] = ".img", streams[] = "descriptors.json";

	if (length >= NAME_MAX || length < sizeof(ending) || name[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!name[i] || !strchr(good, name[i]))
			return false;
	return !memcmp(name + length - strlen(ending), ending, strlen(ending)) ||
	       (length == strlen(streams) && !memcmp(name, streams, length));
}

/* Each round is a folder, "1", "2", …, and the round before is its parent: as CRIU has them. */
static int open_round(struct receiving *receiving)
{
	char name[16], parent[24];

	if (receiving->round_fd >= 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%u", receiving->round);
	if (mkdirat(receiving->images_fd, name, 0700) < 0)
		return error_errno(errno, "a folder for memory images");
	receiving->round_fd =
		openat(receiving->images_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (receiving->round_fd < 0)
		return error_errno(errno, "the folder of memory images");
	(void)snprintf(parent, sizeof(parent), "../%u", receiving->round - 1);
	if (receiving->round > 1 && symlinkat(parent, receiving->round_fd, "parent") < 0)
		return error_errno(errno, "the folder of memory images");
	return 0;
}

static int take_image(struct receiving *receiving, const struct frame *frame)
{
	_cleanup_close_ int fd = -EBADF;
	char name[NAME_MAX + 1];
	int r;

	if (!image_name_is_good((const char *)frame->bytes, frame->length))
		return error_set(EBADMSG, "the other side sends an image of a wrong name");
	memcpy(name, frame->bytes, frame->length);
	name[frame->length] = '\0';
	r = open_round(receiving);
	if (r < 0)
		return r;
	fd = openat(receiving->round_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		return error_errno(errno, "image %s", name);
	r = content_receive(receiving->landing->transport, fd);
	return error_context(r, "image %s", name);
}

static bool is_number(const struct frame *frame, unsigned int wanted)
{
	uint32_t number;

	if (frame->length != sizeof(number))
		return false;
	memcpy(&number, frame->bytes, sizeof(number));
	return le32toh(number) == wanted;
}

static int end_round(struct receiving *receiving, const struct frame *frame)
{
	if (!is_number(frame, receiving->round) || receiving->round_fd < 0 ||
		receiving->round >= ROUNDS_MOST)
		return frame_unexpected(frame);
	file_close(&receiving->round_fd);
	receiving->round++;
	return transport_put(receiving->landing->transport, FRAME_OK, NULL, 0);
}

/* ---- the change of owners -------------------------------------------------------------------- */

/* It is whole, and does not run. */
static int take_over(void *context)
{
	struct receiving *receiving = context;
	struct migrate_landing *landing = receiving->landing;
	int r = transport_put(landing->transport, FRAME_READY, NULL, 0);
	struct frame frame;

	if (r >= 0)
		r = transport_next(landing->transport, &frame);
	if (r >= 0 && frame.type != FRAME_COMMIT)
		r = frame_unexpected(&frame);
	if (r >= 0)
		r = landing->decide(landing->self, receiving->manifest.key, true);
	if (r < 0)
		return r;
	receiving->ours = r;
	return r ? 0 : error_set(ECONNABORTED, "the source has taken it back");
}

static int restore(struct receiving *receiving, const struct frame *frame)
{
	struct migrate_landing *landing = receiving->landing;
	const char *key = receiving->manifest.key;
	int r;

	if (!is_number(frame, receiving->round) || receiving->round_fd < 0)
		return frame_unexpected(frame);
	r = landing->restore(landing->self, receiving->round, take_over, receiving);
	if (r < 0) {
		_cleanup_free_ char *why = string_copy(error_text(r));

		/* It has ended here after all, and the source can have it. */
		if (receiving->ours) {
			landing->forget(landing->self, key);
			(void)landing->decide(landing->self, key, false);
		}
		return error_set(r, "%s", why);
	}
	/* From here on it is ours, whatever becomes of the connection. */
	if (landing->transport->one_way)
		return 0;
	if (transport_put(landing->transport, FRAME_DONE, NULL, 0) >= 0 &&
		transport_expect(landing->transport, FRAME_BYE) >= 0)
		landing->forget(landing->self, key);
	else
		log_debug("%s", error_text(-EPIPE));
	error_clear();
	return 0;
}

/* ---- frame by frame -------------------------------------------------------------------------- */

static int answer_question(struct migrate_landing *landing, const struct frame *frame)
{
	char key[MIGRATION_KEY_BYTES + 1] = "";
	int r;

	if (frame->length == MIGRATION_KEY_BYTES)
		memcpy(key, frame->bytes, MIGRATION_KEY_BYTES);
	if (!migration_key_is_valid(key, frame->length))
		return frame_unexpected(frame);
	r = landing->decide(landing->self, key, false);
	if (r >= 0)
		r = transport_put(landing->transport, r ? FRAME_MINE : FRAME_YOURS, NULL, 0);
	return r < 0 ? r : transport_flush(landing->transport);
}

static int hear_hello(struct receiving *receiving, const struct frame *frame)
{
	struct migrate_landing *landing = receiving->landing;
	int r = migration_manifest_read(
		&receiving->arena, frame->bytes, frame->length, &receiving->manifest);

	if (r >= 0)
		r = landing->prepare(landing->self, &receiving->manifest, &receiving->rootfs_fd,
			&receiving->images_fd);
	return r < 0 ? r : transport_put(landing->transport, FRAME_ACCEPT, NULL, 0);
}

static int receive_frames(struct receiving *receiving)
{
	struct migrate_landing *landing = receiving->landing;
	struct frame frame;
	int r = transport_next(landing->transport, &frame);

	if (r >= 0 && frame.type == FRAME_ASK && !landing->transport->one_way)
		return answer_question(landing, &frame);
	if (r >= 0)
		r = frame.type == FRAME_HELLO ? hear_hello(receiving, &frame)
					      : frame_unexpected(&frame);
	while (r >= 0) {
		r = transport_next(landing->transport, &frame);
		if (r < 0)
			break;
		if (frame.type == FRAME_RESTORE)
			return restore(receiving, &frame);
		if ((frame.type == FRAME_ENTRIES || frame.type == FRAME_ENTRIES_END) &&
			receiving->rootfs_fd >= 0)
			r = tree_receive(landing->transport, receiving->rootfs_fd, &frame);
		else if (frame.type == FRAME_IMAGE)
			r = take_image(receiving, &frame);
		else if (frame.type == FRAME_ROUND)
			r = end_round(receiving, &frame);
		else
			r = frame_unexpected(&frame);
	}
	return r;
}

int migrate_receive(struct migrate_landing *landing)
{
	struct receiving receiving = {
		.landing = landing, .rootfs_fd = -1, .images_fd = -1, .round_fd = -1, .round = 1
	};
	int r = receive_frames(&receiving);

	if (r < 0)
		transport_fail(landing->transport, r);
	if (receiving.round_fd >= 0)
		file_close(&receiving.round_fd);
	arena_free(&receiving.arena);
	return r;
}
