/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts an image of a store on a folder, for the tests of the store alone.
 *
 *   mount STORE IMAGE FOLDER [files|loop|folder]
 *
 * Prints the kind that it became and why.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/syscall.h"
#include "image/mount.h"

int main(int count, char **words)
{
	_cleanup_store_ struct store *store = NULL;
	_cleanup_image_mount_ struct image_mount mount = IMAGE_MOUNT_NONE;
	_cleanup_arena_ struct arena arena = { 0 };
	struct store_image *image;
	int which = -1, r;

	if (count < 4)
		return 2;
	for (int i = 0; count > 4 && i <= IMAGE_MOUNT_FOLDER; i++)
		if (!strcmp(words[4], image_mount_kind_names[i]))
			which = i;
	r = store_open(words[1], &store);
	if (r >= 0)
		r = store_image_find(store, &arena, words[2], &image);
	if (r >= 0)
		r = image_mount(store, image, which, &mount);
	if (r >= 0 && sys_move_mount(mount.fd, "", AT_FDCWD, words[3], MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = error_errno(errno, "%s", words[3]);
	if (r < 0) {
		(void)fprintf(stderr, "hull: %s\n", error_text(r));
		return 1;
	}
	printf("%s %s\n", image_mount_kind_names[mount.kind], mount.reason ? mount.reason : "");
	return 0;
}
