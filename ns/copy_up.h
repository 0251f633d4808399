/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_COPY_UP_H
#define HULL_NS_COPY_UP_H

/*
 * The mount option "tmpcopyup": a tmpfs starts with a copy of what the image
 * has at its place. Copies folders, files and links with owner, mode and times,
 * one file system, no links followed. 0 or a negative errno with a message.
 */
int copy_up(int from_fd, int to_fd);

#endif
