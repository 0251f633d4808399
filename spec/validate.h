/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_VALIDATE_H
#define HULL_SPEC_VALIDATE_H

#include "spec/config.h"

/*
 * What the tables cannot say: rules between fields and rules on values, from
 * the MUSTs of the runtime-spec. NAME starts the message, which goes on with the
 * path in the document; PREFIX is the path of the object. 0 or -EINVAL.
 */
int config_validate(const struct config *config, const char *name);
int config_validate_process(
	const struct config_process *process, const char *name, const char *prefix);
int config_validate_resources(
	const struct config_resources *resources, const char *name, const char *prefix);

/* The words of linux.memoryPolicy, up to NULL (config-linux.md, Memory policy). */
extern const char *const memory_policy_modes[], *const memory_policy_flags[];

/*
 * "CAP_" and capital letters: what could be a capability's name. The runtime
 * warns of unknown ones and goes on (config.md since 1.1), so this is no rule above.
 */
bool capability_name_is_valid(const char *name);

/*
 * The path below /proc/sys of a sysctl that is written with dots or with
 * slashes; the first of them decides, and the other one is then a plain
 * character (sysctl.d(5)). -EINVAL when the path would leave its folder or has
 * empty components, -ENAMETOOLONG when it does not fit.
 */
int sysctl_path(const char *key, char *path, size_t bytes);

#endif
