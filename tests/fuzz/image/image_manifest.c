/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an index, a manifest and a config: refused with a message, or whole. */
#include "image/manifest.h"

#include "image/image_config.h"
#include "image/manifest_oci.h"
#include "tests/fuzz/fuzz.h"

static void check_manifest(struct arena *arena, const char *bytes, size_t length)
{
	_cleanup_buffer_ struct buffer oci = { 0 };
	const struct buffer text = { (char *)bytes, length, length };
	const struct manifest_entry *entry;
	struct manifest manifest, again;
	struct platform host;
	int r = manifest_parse(arena, "document", NULL, bytes, length, &manifest);

	if (r < 0) {
		fuzz_check_message(r);
		return;
	}
	platform_host(&host);
	if (manifest.is_index) {
		r = manifest_choose(arena, "document", &manifest, &host, &entry);
		FUZZ_NEED(r == -ENOENT || entry->blob.digest.hex[0]);
	} else {
		FUZZ_NEED(digest_is_set(&manifest.config.digest));
		FUZZ_NEED(manifest.layer_count <= MANIFEST_LAYERS_MOST);
		FUZZ_NEED(manifest_to_oci(arena, "document", &text, &oci) == 0);
		FUZZ_NEED(
			manifest_parse(arena, "document", NULL, oci.data, oci.length, &again) == 0);
		FUZZ_NEED(again.layer_count == manifest.layer_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct image_config config;
	int r;

	error_clear();
	check_manifest(&arena, (const char *)bytes, length);
	error_clear();
	r = image_config_parse(&arena, "document", (const char *)bytes, length, &config);
	if (r < 0)
		fuzz_check_message(r);
	else
		FUZZ_NEED(config.os && config.architecture);
	return 0;
}
