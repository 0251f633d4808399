/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_GUEST_PS_H
#define HULL_MICROVM_GUEST_PS_H

/* What `ps -ef` prints, for the guest's hull, which takes the container's lines out of it. */

/* The program's words; its exit code. */
int ps_main(int count, char **words);

#endif
