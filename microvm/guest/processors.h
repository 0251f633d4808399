/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_GUEST_PROCESSORS_H
#define HULL_MICROVM_GUEST_PROCESSORS_H

/*
 * The first WANTED of the machine's processors, or all when it has fewer, are used and the others
 * are not. The first one is always. 0 or a negative errno with a message.
 */
int processors_switch(unsigned int wanted);

#endif
