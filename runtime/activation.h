/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_ACTIVATION_H
#define HULL_RUNTIME_ACTIVATION_H

#include "spec/config.h"

/*
 * Socket activation (sd_listen_fds(3)): when hull was given listening sockets,
 * they are the container's. Adds LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES to the
 * environment of the container's process; the number of descriptors, from 3 on.
 */
unsigned int activation_pass_on(struct config *config);

#endif
