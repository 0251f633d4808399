/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "checkpoint/tree_transfer.h"

#define BATCH_BYTES   ((size_t)64 * 1024)
#define CONTENT_BYTES ((size_t)128 * 1024)

int content_send(struct transport *transport, int fd)
{
	_cleanup_free_ char *bytes = memory_allocate(CONTENT_BYTES);
	ssize_t n;
	int r = 0;

	while (r >= 0 && (n = read(fd, bytes, CONTENT_BYTES)) != 0) {
		if (n < 0 && errno != EINTR)
			return error_errno(errno, "cannot read a file that is to be sent");
		if (n > 0)
			r = transport_put(transport, FRAME_DATA, bytes, (size_t)n);
	}
	return r < 0 ? r : transport_put(transport, FRAME_CONTENT_END, NULL, 0);
}

static int send_entries(struct transport *transport, const struct tree_list *list, bool whole)
{
	_cleanup_buffer_ struct buffer batch = { 0 };
	const char is_whole = whole ? 1 : 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < list->count; i++) {
		tree_entry_write(&list->items[i], &batch);
		if (batch.length < BATCH_BYTES && i + 1 < list->count)
			continue;
		r = transport_put(transport, FRAME_ENTRIES, batch.data, batch.length);
		batch.length = 0;
	}
	return r < 0 ? r : transport_put(transport, FRAME_ENTRIES_END, &is_whole, 1);
}

/* Marks in WANTED the files whose contents the target has not. */
static int hear_wanted(struct transport *transport, const struct tree_list *list, bool *wanted)
{
	struct frame frame = { .type = FRAME_WANT };
	int r = 0;

	for (size_t i = 0; transport->one_way && i < list->count; i++)
		wanted[i] = list->items[i].kind == TREE_FILE;
	while (!transport->one_way && r >= 0) {
		r = transport_next(transport, &frame);
		if (r < 0 || frame.type == FRAME_WANT_END)
			break;
		if (frame.type != FRAME_WANT)
			return frame_unexpected(&frame);
		for (size_t at = 0; at + sizeof(uint32_t) <= frame.length; at += sizeof(uint32_t)) {
			uint32_t number;

			memcpy(&number, frame.bytes + at, sizeof(number));
			number = le32toh(number);
			if (number >= list->count || list->items[number].kind != TREE_FILE)
				return frame_unexpected(&frame);
			wanted[number] = true;
		}
	}
	return r;
}

/* A file that has vanished or become something else since is found to have changed, later. */
static int send_file(struct transport *transport, int root_fd, const char *path, uint32_t number)
{
	_cleanup_close_ int fd =
		path_open_in_root_no_links(root_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	number = htole32(number);
	r = transport_put(transport, FRAME_CONTENT, &number, sizeof(number));
	return r < 0 ? r : error_context(content_send(transport, fd), "%s", path);
}

int tree_send(struct transport *transport, int root_fd, const struct tree_list *list, bool whole)
{
	_cleanup_free_ bool *wanted = memory_allocate_zero(list->count + 1);
	int r = send_entries(transport, list, whole);

	if (r >= 0)
		r = hear_wanted(transport, list, wanted);
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		if (wanted[i])
			r = send_file(transport, root_fd, list->items[i].path, (uint32_t)i);
	if (r >= 0)
		r = transport_put(transport, FRAME_TREE_END, NULL, 0);
	return r < 0 ? r : transport_expect(transport, FRAME_OK);
}
