/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image from layers in files, without a registry: what `hull image import` does, for
 * the tests of the store alone.
 *
 *   feed STORE NAME [--cut BYTES] [--most BYTES] [--keep] LAYER...
 *
 * Prints "blob diff-id bytes entries" a layer. --cut stops after so many bytes of each, as a
 * connection does that breaks; the next call goes on there. --most bounds the tar.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "image/layer.h"
#include "image/store.h"

#define PIECE (64u << 10)

struct wish {
	uint64_t cut, most;
	bool keep;
};

static int feed(struct layer *layer, int fd, uint64_t from, uint64_t most)
{
	static char bytes[PIECE];
	ssize_t length = 0;
	int r = lseek(fd, (off_t)from, SEEK_SET) < 0 ? -errno : 0;

	while (r >= 0 && from < most && (length = read(fd, bytes, sizeof(bytes))) > 0) {
		if ((uint64_t)length > most - from)
			length = (ssize_t)(most - from);
		r = layer_feed(layer, bytes, (size_t)length);
		from += (uint64_t)length;
	}
	return length < 0 ? -errno : r;
}

static int get_layer(
	struct store *store, const char *path, const struct wish *wish, struct store_layer *into)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct layer_request request = { .keep_blob = wish->keep, .most_bytes = wish->most };
	struct layer_result result;
	struct layer *layer;
	uint64_t came;
	int r;

	if (fd < 0 || digest_of_file(fd, &request.blob.digest) < 0)
		return error_errno(errno, "%s", path);
	request.blob.size = (uint64_t)lseek(fd, 0, SEEK_END);
	while ((r = layer_begin(store, &request, &layer, &came)) == LAYER_BUSY)
		(void)layer_wait(store, &request);
	into->blob = request.blob;
	if (r == LAYER_HERE) {
		puts("here");
		return store_layer_diff_id(store, &request.blob.digest, &into->diff_id);
	}
	if (r < 0)
		return r;
	if (came)
		printf("came %llu\n", (unsigned long long)came);
	r = feed(layer, fd, came, wish->cut);
	if (r < 0 || wish->cut < request.blob.size) {
		if (r == -EBADMSG)
			return layer_end(&layer, NULL);
		layer_abandon(&layer);
		return r < 0 ? r : error_set(EPIPE, "cut off");
	}
	r = layer_end(&layer, &result);
	if (r < 0)
		return r;
	into->diff_id = result.diff_id;
	printf("%s %s %llu %u\n", result.blob.hex, result.diff_id.hex,
		(unsigned long long)result.tar_size, result.entries);
	return 0;
}

static int put_image(struct store *store, struct store_image *image)
{
	int r = store_blob_write(store, NULL, "{}", 2, &image->config.digest);

	image->config.size = image->manifest.size = 2;
	image->manifest.digest = image->config.digest;
	image->platform = "linux/amd64";
	return r < 0 ? r : store_image_put(store, image);
}

int main(int count, char **words)
{
	_cleanup_store_ struct store *store = NULL;
	struct store_image image = { .name = words[2] };
	struct wish wish = { .cut = UINT64_MAX };
	int i = 3, r;

	if (count < 4)
		return 2;
	log_open(-1, LOG_FORM_TEXT, NULL, LOG_LEVEL_INFO);
	for (; i < count && words[i][0] == '-'; i++) {
		wish.keep = wish.keep || !strcmp(words[i], "--keep");
		if (!strcmp(words[i], "--cut") && i + 1 < count)
			wish.cut = strtoull(words[++i], NULL, 10);
		else if (!strcmp(words[i], "--most") && i + 1 < count)
			wish.most = strtoull(words[++i], NULL, 10);
	}
	image.layers = calloc((size_t)count, sizeof(*image.layers));
	r = store_open(words[1], &store);
	for (; r >= 0 && i < count; i++)
		r = get_layer(store, words[i], &wish, &image.layers[image.layer_count++]);
	if (r >= 0)
		r = put_image(store, &image);
	free(image.layers);
	if (r >= 0)
		return 0;
	(void)fprintf(stderr, "hull: %s\n", error_text(r));
	return 1;
}
