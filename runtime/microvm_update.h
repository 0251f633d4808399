/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_UPDATE_H
#define HULL_RUNTIME_MICROVM_UPDATE_H

/*
 * Other limits for a running microVM: of its group out here, of the container in the guest, and
 * of the guest itself, whose balloon gives memory back and whose processors go on- and offline.
 * As `update` of struct isolation.
 */
#include "runtime/container.h"
#include "spec/config.h"

int microvm_update(struct container *container, const struct config_resources *resources,
	const struct config_intel_rdt *rdt);

#endif
