/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_GUEST_SETUP_H
#define HULL_MICROVM_GUEST_SETUP_H

/* The guest from its kernel's first process to a machine in which hull can run. */

/* File systems, modules, cgroups, network. 0 or a negative errno with a message. */
int setup_machine(void);

/* Load the modules of FOLDER that the machine's devices need. */
void setup_modules(const char *folder);

/* The console port that leads to the monitor; a descriptor or a negative errno with a message. */
int setup_open_port(void);

#endif
