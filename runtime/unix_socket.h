/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_UNIX_SOCKET_H
#define HULL_RUNTIME_UNIX_SOCKET_H

/*
 * A connected AF_UNIX stream socket, or a negative errno with a message that
 * starts with FIELD, the option or member that has the path.
 */
int unix_socket_connect(const char *field, const char *path);

#endif
