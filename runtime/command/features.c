/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cgroup/cgroup.h"
#include "ns/capability.h"
#include "ns/mount_option.h"
#include "ns/seccomp.h"
#include "runtime/command.h"
#include "base/version.h"
#include "spec/features.h"

static const struct option options[] = { { 0 } };

static int features_run(const struct invocation *invocation)
{
	struct string_pair about[] = {
		{ "io.hull.version", HULL_VERSION },
		{ "io.hull.commit", HULL_COMMIT },
		/* By these names callers of runc and crun look for it. */
		{ "org.opencontainers.runc.checkpoint.enabled", "true" },
		{ "run.oci.crun.checkpoint.enabled", "true" },
	};
	_cleanup_buffer_ struct buffer text = { 0 };
	const struct features_facts facts = {
		.mount_options = mount_option_names(),
		.capabilities = capability_names(),
		.cgroup = { .v1 = true,
			.v2 = true,
			.systemd = true,
			.systemd_user = true,
			.rdma = true },
		.seccomp = { .enabled = true,
			.actions = seccomp_action_names,
			.operators = seccomp_operator_names,
			.architectures = seccomp_arch_names,
			.known_flags = seccomp_flag_names,
			.supported_flags = seccomp_flag_names },
		.apparmor = true,
		.selinux = true,
		.idmap = true,
		.memory_policy = true,
		.net_devices = true,
		.intel_rdt = { .enabled = true, .schemata = true, .monitoring = true },
		.annotations = { about, ARRAY_SIZE(about) },
		.unsafe_annotations = cgroup_unsafe_annotations,
	};

	(void)invocation;
	features_write(&text, &facts);
	fputs(text.data, stdout);
	return 0;
}

const struct command command_features = {
	.name = "features",
	.synopsis = "",
	.summary = "print what this build can do, as the OCI features document",
	.options = options,
	.run = features_run,
};
