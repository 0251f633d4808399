/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_USER_NAMESPACE_H
#define HULL_IMAGE_USER_NAMESPACE_H

#include <stdbool.h>

/*
 * Enter a new user namespace, and with it the other new ones of FLAGS (unshare(2)).
 * The caller is root there; the first range that /etc/subuid and /etc/subgid give him
 * follows as 1, 2, …, where he has one and newuidmap(1) is here. *TTY_GROUP: is group 5
 * mapped? Negative errno with a message.
 */
int user_namespace_enter(int flags, bool *tty_group);

#endif
