/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_KEYRING_H
#define HULL_NS_KEYRING_H

/*
 * A new session keyring (keyrings(7)), so that the process does not see the keys
 * of whoever started hull.
 */
int keyring_join_new(void);

#endif
