/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_ROOTLESS_H
#define HULL_RUNTIME_ROOTLESS_H

/*
 * What is different when hull has no rights over this machine, because an ordinary
 * user runs it, or the root of a user namespace (docs/rootless.md).
 */
#include "runtime/command.h"
#include "spec/config.h"

/* --rootless: may a container go without a cgroup that must not be made? */
enum rootless { ROOTLESS_AUTO, ROOTLESS_TRUE, ROOTLESS_FALSE };

/* -EINVAL with a message when WORD is none; NULL is "auto". */
int rootless_parse(const char *word, enum rootless *rootless);
bool rootless_is(enum rootless rootless);

/*
 * Give a configuration without a user namespace one, in which the user is root;
 * with the other ids of his ranges in /etc/subuid and /etc/subgid, if he has some.
 * True when it was added.
 */
bool rootless_add_user_namespace(struct config *config);

/* The same ids for a new user namespace that the configuration has no mappings for. */
void rootless_add_mappings(struct config *config);

#endif
