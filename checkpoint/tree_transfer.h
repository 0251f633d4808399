/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_TREE_TRANSFER_H
#define HULL_CHECKPOINT_TREE_TRANSFER_H

/* A root file system, or what has changed in one, from one side to the other. */
#include "checkpoint/transport.h"
#include "checkpoint/tree_entry.h"

/*
 * The entries of LIST, which are below ROOT_FD, and the contents of those files that the target has
 * not. WHOLE: the list is all that there is, and what else the target has goes.
 */
int tree_send(struct transport *transport, int root_fd, const struct tree_list *list, bool whole);

/*
 * The other end; FIRST is its first frame, of entries or their end. All is done below ROOT_FD,
 * whatever the entries say and whoever changes the tree meanwhile.
 */
int tree_receive(struct transport *transport, int root_fd, const struct frame *first);

/* The bytes of a file, to CONTENT_END; they are written to OUT_FD. */
int content_send(struct transport *transport, int fd);
int content_receive(struct transport *transport, int out_fd);

#endif
