/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_ACPI_H
#define HULL_MICROVM_ACPI_H

/*
 * Hardware-reduced ACPI tables (ACPI 6.5, 3.11.1): processors, the interrupt
 * controller and one PCI bus, and that there is no other old hardware to probe.
 */
#include "microvm/memory.h"

#define ACPI_ADDRESS 0xe0000ul
#define ACPI_BYTES   0x2000ul

/* Write the tables; returns the address of the root pointer. */
uint64_t acpi_write(const struct memory *memory, unsigned int vcpus);

#endif
