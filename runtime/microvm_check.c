/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_check.h"

#include <string.h>

#include "base/error.h"
#include "runtime/microvm_size.h"

static int check_namespaces(const struct config *config)
{
	const struct config_namespace *namespaces = config->linux->namespaces.items;

	/* The interfaces of a network namespace become the guest's (runtime/microvm_network.h). */
	for (size_t i = 0; i < config->linux->namespaces.count; i++)
		if (namespaces[i].path && namespaces[i].type != NAMESPACE_NETWORK)
			return error_set(ENOTSUP,
				"config.json: linux.namespaces[%zu].path: a microVM cannot join a "
				"%s namespace of the host",
				i, namespace_names[namespaces[i].type]);
	return 0;
}

/* It runs in the container's namespaces, but is a program of the host. */
static int check_hooks(const struct config_hooks *hooks)
{
	return hooks->create_container.count
		       ? error_set(ENOTSUP, "config.json: hooks.createContainer: a microVM has no "
					    "programs of the host to run in it; startContainer "
					    "hooks are those of the rootfs")
		       : 0;
}

/* Devices that every kernel has; the nodes of all others would be those of the guest's hardware. */
static bool is_everywhere(const struct config_device *device)
{
	static const struct {
		int64_t major, minor;
	} everywhere[] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 1, 11 }, { 5, 0 },
		{ 5, 1 }, { 5, 2 }, { 10, 229 } };

	if (!strcmp(device->type, "p"))
		return true;
	for (size_t i = 0; strcmp(device->type, "b") != 0 && i < ARRAY_SIZE(everywhere); i++)
		if (device->major.value == everywhere[i].major &&
			device->minor.value == everywhere[i].minor)
			return true;
	return false;
}

static int check_devices(const struct config *config)
{
	const struct config_device *devices = config->linux->devices.items;

	for (size_t i = 0; i < config->linux->devices.count; i++)
		if (!is_everywhere(&devices[i]))
			return error_set(ENOTSUP,
				"config.json: linux.devices[%zu]: %s: a microVM has no devices of "
				"the host",
				i, devices[i].path);
	return 0;
}

/* What is handed over on the host: descriptors do not cross. */
static int check_descriptors(const struct config_linux *linux)
{
	if (linux->seccomp && linux->seccomp->listener_path)
		return error_set(ENOTSUP,
			"config.json: linux.seccomp.listenerPath: a microVM cannot hand its "
			"seccomp listener to an agent of the host");
	return linux->net_devices.count
		       ? error_set(ENOTSUP, "config.json: linux.netDevices: a microVM cannot be "
					    "given network devices of the host yet")
		       : 0;
}

static int check_size(const struct config *config)
{
	unsigned int memory = microvm_memory(config);
	const struct optional_unsigned *vcpus, *bytes;

	if (!config->vm || !config->vm->hw_config)
		return 0;
	vcpus = &config->vm->hw_config->vcpus;
	bytes = &config->vm->hw_config->memory;
	if (vcpus->set && vcpus->value > MICROVM_VCPUS)
		return error_set(EINVAL,
			"config.json: vm.hwConfig.vcpus: must be 1 to %u, got %llu", MICROVM_VCPUS,
			(unsigned long long)vcpus->value);
	if (bytes->set && memory < MICROVM_LEAST_MEMORY)
		return error_set(EINVAL,
			"config.json: vm.hwConfig.memory: must be %u bytes (%u MiB) or more for a "
			"microVM, got %llu",
			MICROVM_LEAST_MEMORY << 20, MICROVM_LEAST_MEMORY,
			(unsigned long long)bytes->value);
	return 0;
}

/* The parts of the vm section that hull's own monitor has nothing for. */
static int check_machine(const struct config_vm *vm)
{
	const struct {
		const char *name;
		bool given;
	} parts[] = {
		{ "hypervisor", vm->hypervisor },
		{ "kernel.initrd", vm->kernel->initrd },
		{ "image", vm->image },
		{ "hwConfig.deviceTree", vm->hw_config && vm->hw_config->device_tree },
		{ "hwConfig.dtdevs", vm->hw_config && vm->hw_config->dtdevs.count },
		{ "hwConfig.iomems", vm->hw_config && vm->hw_config->iomems.count },
		{ "hwConfig.irqs", vm->hw_config && vm->hw_config->irqs.count },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].given)
			return error_set(ENOTSUP,
				"config.json: vm.%s: hull's microVMs do not have it",
				parts[i].name);
	return 0;
}

int microvm_check(const struct config *config)
{
	int r = check_namespaces(config);

	if (r >= 0 && config->vm)
		r = check_machine(config->vm);
	if (r >= 0)
		r = check_size(config);
	if (r >= 0 && config->hooks)
		r = check_hooks(config->hooks);
	if (r >= 0)
		r = check_devices(config);
	return r < 0 ? r : check_descriptors(config->linux);
}
