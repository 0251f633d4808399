/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_LINK_PUMP_H
#define HULL_CHECKPOINT_LINK_PUMP_H

#include "checkpoint/link/tls.h"

/*
 * Carry bytes both ways between PLAIN_FD and the session, there as a zstd stream (RFC 8878) in
 * each direction, until either side has ended and what it said has arrived. 0 or a negative errno with a message.
 */
int pump(struct tls *tls, int plain_fd);

#endif
