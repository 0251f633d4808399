/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_NETWORK_H
#define HULL_NS_NETWORK_H

/* A new network namespace has one interface, "lo", and it is down: set it up. */
int network_set_loopback_up(void);

#endif
