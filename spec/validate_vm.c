/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spec/validate_rules.h"

/* config-vm.md: every path is one of the host's, and absolute. */
static int validate_path(const struct validation *at, const char *path, const char *field)
{
	if (!path || path[0] == '/')
		return 0;
	return validation_refuse(at, "vm.%s: must be absolute, got \"%.64s\"", field, path);
}

static int validate_paths(const struct validation *at, const struct config_vm *vm)
{
	const struct {
		const char *path, *field;
	} paths[] = {
		{ vm->hypervisor ? vm->hypervisor->path : NULL, "hypervisor.path" },
		{ vm->kernel->path, "kernel.path" },
		{ vm->kernel->initrd, "kernel.initrd" },
		{ vm->image ? vm->image->path : NULL, "image.path" },
		{ vm->hw_config ? vm->hw_config->device_tree : NULL, "hwConfig.deviceTree" },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(paths); i++)
		r = validate_path(at, paths[i].path, paths[i].field);
	return r;
}

int validate_vm(const struct validation *at, const struct config_vm *vm)
{
	static const char *const formats[] = { "raw", "qcow2", "vdi", "vmdk", "vhd", NULL };
	int r;

	if (!vm->kernel)
		return validation_refuse(at, "vm.kernel: is required, but missing");
	r = validate_paths(at, vm);
	if (r < 0)
		return r;
	if (vm->image && vm->image->format && word_find(formats, vm->image->format) < 0)
		return validation_refuse_word(at, formats, vm->image->format, "vm.image.format");
	if (vm->hw_config && vm->hw_config->vcpus.set && !vm->hw_config->vcpus.value)
		return validation_refuse(at, "vm.hwConfig.vcpus: must be greater than 0, got 0");
	if (vm->hw_config && vm->hw_config->memory.set && !vm->hw_config->memory.value)
		return validation_refuse(
			at, "vm.hwConfig.memory: must be greater than 0 bytes, got 0");
	return 0;
}
