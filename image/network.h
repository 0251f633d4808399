/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_NETWORK_H
#define HULL_IMAGE_NETWORK_H

/*
 * A network of the container's own that reaches what this machine reaches: pasta(1), which
 * carries each connection over to an ordinary socket here. It needs no rights, changes
 * nothing on the machine and lets nobody in.
 */

/* In the folder: the namespace, and the pid of the container, for `hull run --pid-file`. */
#define NETWORK_NAMESPACE "net"
#define NETWORK_PID	  "network.pid"

/* Where the container's name server is; pasta passes questions on to this machine's. */
#define NETWORK_NAME_SERVER "169.254.1.1"

/*
 * Make the network namespace FOLDER/net, seen in this mount namespace alone, with pasta at
 * work for it. A process of its own stays behind: it ends pasta when this process has ended
 * and, where FOLDER/network.pid names one, the container too. Negative errno with a message.
 */
int network_private(const char *folder);

#endif
