/* SPDX-License-Identifier: Apache-2.0 */
/* A whole config.json: what is accepted keeps the promises that the floors above rely on. */
#include "spec/config.h"

#include "base/log.h"
#include "base/path.h"
#include "spec/annotation.h"
#include "spec/validate.h"
#include "tests/fuzz/fuzz.h"

static void check_paths(const struct config *config)
{
	const struct config_linux *section = config->linux;
	char path[4096];

	FUZZ_NEED(config->process->cwd[0] == '/' && config->process->args.count);
	for (size_t i = 0; i < section->masked_paths.count; i++)
		FUZZ_NEED(section->masked_paths.items[i][0] == '/');
	for (size_t i = 0; i < section->devices.count; i++)
		FUZZ_NEED(section->devices.items[i].path[0] == '/');
	if (section->cgroups_path)
		FUZZ_NEED(!path_has_dot_dot(section->cgroups_path));
	for (size_t i = 0; i < section->sysctl.count; i++) {
		FUZZ_NEED(sysctl_path(section->sysctl.items[i].key, path, sizeof(path)) == 0);
		FUZZ_NEED(path[0] != '/' && !path_has_dot_dot(path));
	}
}

static void check_namespaces(const struct config *config)
{
	size_t seen = 0;

	for (int type = NAMESPACE_PID; type < NAMESPACE_TYPES; type++)
		seen += config_namespace(config, (enum namespace_type)type) != NULL;
	FUZZ_NEED(seen == config->linux->namespaces.count);
	if (config_namespace_is_new(config, NAMESPACE_USER))
		FUZZ_NEED(config->linux->uid_mappings.count && config->linux->gid_mappings.count);
	if (config->hostname)
		FUZZ_NEED(config_namespace(config, NAMESPACE_UTS));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_config_ struct config config = { 0 };
	int r;

	log_close();
	error_clear();
	r = config_parse(&config, "document", (const char *)bytes, length);
	if (r < 0) {
		fuzz_check_message(r);
		return 0;
	}
	check_paths(&config);
	check_namespaces(&config);
	FUZZ_NEED(!strcmp(annotation_word(&config, "hull.isolation"), "host"));
	if (config.linux->seccomp) {
		const struct config_seccomp *seccomp = config.linux->seccomp;

		FUZZ_NEED(seccomp->source[0] == '{' &&
			  seccomp->source[seccomp->source_bytes - 1] == '}');
	}
	return 0;
}
