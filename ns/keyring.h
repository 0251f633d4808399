/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_KEYRING_H
#define HULL_NS_KEYRING_H

/*
 * A session keyring of the container's own (keyrings(7)), "_ses.ID", so that it
 * does not see the keys of whoever started hull. Joins it when it exists.
 */
int keyring_join(const char *id);

#endif
