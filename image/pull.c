/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull.h"

#include "base/error.h"

int image_pull(struct store *store, const struct reference *reference,
	const struct pull_settings *settings, struct copy_result *result)
{
	const struct copy_settings copy = {
		.platform = settings->platform,
		.quiet = settings->quiet,
		.policy_file = settings->registry.policy_file,
		.name = settings->name	  ? settings->name
			: reference->name ? reference->name
					  : reference->text,
	};
	_cleanup_source_ struct image_source *source = NULL;
	_cleanup_target_ struct image_target *target = NULL;
	struct copy_result unwanted;
	int r;

	switch (reference->transport) {
	case TRANSPORT_REGISTRY:
		r = source_open_registry(&settings->registry, reference, &source);
		break;
	case TRANSPORT_OCI:
	case TRANSPORT_OCI_ARCHIVE:
	case TRANSPORT_DOCKER_ARCHIVE:
		r = source_open_layout(reference, &source);
		break;
	default:
		return error_set(EINVAL, "%s: cannot be pulled (hull image import takes files)",
			reference->text);
	}
	if (r >= 0)
		r = target_open_store(store, reference, settings->keep_blobs, &target);
	return r < 0 ? r : image_copy(source, target, &copy, result ? result : &unwanted);
}
