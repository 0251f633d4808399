/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_RPM_H
#define HULL_IMAGE_RPM_H

/*
 * The packages of an image that is made of RPMs: of its database in SQLite, which Fedora has since
 * 33, RHEL since 9 and SUSE does not (ndb). Older ones are Berkeley DB's and are not read.
 */
#include <stdbool.h>

#include "base/json.h"

/*
 * Adds a member for each: its name, and "EPOCH:VERSION-RELEASE.ARCHITECTURE". False when the image
 * has no such database, or none that can be read. SQLite sees what a stranger wrote, so the process
 * is nobody's afterwards: it has nothing else to do.
 */
bool rpm_write_packages(struct json_writer *writer, int root_fd);

#endif
