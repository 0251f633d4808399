/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_VERSION_H
#define HULL_BASE_VERSION_H

#define HULL_VERSION "0.1.0"

/* The Makefile knows the commit when it builds from a checkout. */
#ifndef HULL_COMMIT
#define HULL_COMMIT "unknown"
#endif

#endif
