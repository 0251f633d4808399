/* SPDX-License-Identifier: Apache-2.0 */
#include "image/command/lock_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "image/layer.h"
#include "image/registry.h"

#define REGISTRY_PREFIX "registry:"

/* One place's answers. */
struct answers {
	const char *place;
	unsigned int asked, missing;
};

static void take_answer(
	struct answers *answers, const char *what, const struct digest *digest, bool there)
{
	answers->asked++;
	if (there)
		return;
	answers->missing++;
	printf("%s: lacks %s %s\n", answers->place, what, DIGEST_SHOW(digest));
}

static bool conclude(const struct answers *answers)
{
	if (!answers->missing)
		printf("%s: has all %u\n", answers->place, answers->asked);
	return !answers->missing;
}

static bool ask_store(struct store *store, const struct lock *lock)
{
	const struct store_image *image = &lock->image;
	struct answers answers = { .place = "store" };

	take_answer(&answers, "manifest", &image->manifest.digest,
		store_blob_has(store, &image->manifest.digest));
	take_answer(&answers, "config", &image->config.digest,
		store_blob_has(store, &image->config.digest));
	for (size_t i = 0; i < image->layer_count; i++)
		take_answer(&answers, "layer", &image->layers[i].diff_id,
			layer_is_here(store, &image->layers[i].diff_id));
	return conclude(&answers);
}

static int ask_manifest(struct registry *registry, struct answers *answers, const char *what,
	const struct digest *digest)
{
	int r = digest_is_set(digest) ? registry_has_manifest(registry, digest) : 1;

	if (r >= 0 && digest_is_set(digest))
		take_answer(answers, what, digest, r);
	return r;
}

static int ask_blob(struct registry *registry, struct answers *answers, const char *what,
	const struct digest *digest)
{
	int r = registry_has_blob(registry, digest);

	if (r >= 0)
		take_answer(answers, what, digest, r);
	return r;
}

static int ask_registry(struct registry *registry, const struct lock *lock, struct answers *answers)
{
	const struct store_image *image = &lock->image;
	int r = ask_manifest(registry, answers, "index", &image->index.digest);

	if (r >= 0)
		r = ask_manifest(registry, answers, "manifest", &image->manifest.digest);
	if (r >= 0)
		r = ask_blob(registry, answers, "config", &image->config.digest);
	for (size_t i = 0; i < image->layer_count && r >= 0; i++)
		r = ask_blob(registry, answers, "layer", &image->layers[i].blob.digest);
	return r;
}

/* A place that does not answer is told, and does not keep the others from being asked. */
static bool ask_location(struct arena *arena, const char *location, const struct lock *lock,
	const struct registry_settings *settings)
{
	_cleanup_registry_ struct registry *registry = NULL;
	struct answers answers = { .place = location };
	struct reference reference;
	int r;

	if (strncmp(location, REGISTRY_PREFIX, strlen(REGISTRY_PREFIX)) != 0) {
		printf("%s: this hull cannot ask there\n", location);
		return false;
	}
	r = reference_parse(
		arena, location + strlen(REGISTRY_PREFIX), TRANSPORT_REGISTRY, &reference);
	if (r >= 0)
		r = registry_open(settings, &reference, REGISTRY_PULL, &registry);
	if (r >= 0)
		r = ask_registry(registry, lock, &answers);
	if (r < 0) {
		printf("%s: %s\n", location, error_text(r));
		error_clear();
		return false;
	}
	return conclude(&answers);
}

int lock_check_locations(struct arena *arena, struct store *store, const struct lock *lock,
	const struct registry_settings *settings)
{
	bool all = ask_store(store, lock);

	for (size_t i = 0; i < lock->locations.count; i++)
		all |= ask_location(arena, lock->locations.items[i], lock, settings);
	return all ? 0 : 1;
}
