/* SPDX-License-Identifier: Apache-2.0 */
#include "image/locked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

static int differ(
	const char *name, const char *what, const struct digest *locked, const struct digest *here)
{
	return error_set(EBADMSG, "%s: %s: locked is %s, here is %s", name, what,
		DIGEST_SHOW(locked), DIGEST_SHOW(here));
}

static int check_layers(
	const char *name, const struct store_image *locked, const struct store_image *here)
{
	if (locked->layer_count != here->layer_count)
		return error_set(EBADMSG, "%s: layers: locked are %zu, here are %zu", name,
			locked->layer_count, here->layer_count);
	for (size_t i = 0; i < here->layer_count; i++) {
		char what[48];

		(void)snprintf(what, sizeof(what), "layers[%zu].diffID", i);
		if (!digest_equal(&locked->layers[i].diff_id, &here->layers[i].diff_id))
			return differ(
				name, what, &locked->layers[i].diff_id, &here->layers[i].diff_id);
	}
	return 0;
}

static int check_image(
	const char *name, const struct store_image *locked, const struct store_image *here)
{
	if (!digest_equal(&locked->manifest.digest, &here->manifest.digest))
		return differ(name, "manifest", &locked->manifest.digest, &here->manifest.digest);
	if (!digest_equal(&locked->config.digest, &here->config.digest))
		return differ(name, "config", &locked->config.digest, &here->config.digest);
	if (strcmp(locked->platform, here->platform) != 0)
		return error_set(EBADMSG, "%s: platform: locked is %s, here is %s", name,
			locked->platform, here->platform);
	return check_layers(name, locked, here);
}

static int check_kernel(const char *name, const char *least)
{
	unsigned int wanted[3] = { 0 }, here[3] = { 0 };
	struct utsname machine;

	if (!least)
		return 0;
	if (uname(&machine) < 0)
		return error_errno(errno, "uname");
	(void)sscanf(least, "%u.%u.%u", &wanted[0], &wanted[1], &wanted[2]);
	(void)sscanf(machine.release, "%u.%u.%u", &here[0], &here[1], &here[2]);
	for (size_t i = 0; i < ARRAY_SIZE(here); i++) {
		if (here[i] > wanted[i])
			return 0;
		if (here[i] < wanted[i])
			return error_set(EBADMSG,
				"%s: the image's C library needs Linux %s, here is %s", name, least,
				machine.release);
	}
	return 0;
}

static int check_input(const char *name, const struct lock_input *input)
{
	_cleanup_close_ int fd = open(input->path, O_RDONLY | O_CLOEXEC);
	struct digest digest;
	int r = fd < 0 ? -errno : digest_of_file(fd, &digest);

	if (r < 0)
		return error_errno(r, "%s: input %s", name, input->path);
	if (!digest_equal(&digest, &input->digest))
		return error_set(EBADMSG, "%s: input %s: locked is %s, here is %s", name,
			input->path, DIGEST_SHOW(&input->digest), DIGEST_SHOW(&digest));
	return 0;
}

int locked_check(const char *name, const struct lock *lock, const struct store_image *image)
{
	int r = check_image(name, &lock->image, image);

	if (r >= 0)
		r = check_kernel(name, lock->kernel_least);
	for (size_t i = 0; i < lock->inputs.count && r >= 0; i++)
		r = check_input(name, &lock->inputs.items[i]);
	return r;
}

int locked_find(struct arena *arena, const char *name, const struct lock *lock, struct store *store,
	struct store_image **image)
{
	int r = store_image_find(store, arena, DIGEST_SHOW(&lock->image.manifest.digest), image);

	if (r == -ENOENT)
		return error_set(ENOENT,
			"%s: manifest %s of %s is not in the store: `hull image pull` it", name,
			DIGEST_SHOW(&lock->image.manifest.digest), lock->reference);
	return r < 0 ? r : locked_check(name, lock, *image);
}
