/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_SELF_H
#define HULL_RUNTIME_SELF_H

/*
 * hull's own program file, which a container must never be able to write
 * (CVE-2019-5736): a process that enters a container shows it as /proc/PID/exe,
 * and whoever opens that file gets it through the mount it was executed from.
 *
 * So, before anything else, execute it once more from a read-only clone of its
 * mount, which exists nowhere but in this process. Costs 0.07 ms. Returns 0
 * when that is done already, or when this user could not write the file anyway.
 * Else it does not return, or returns an error with a message.
 */
int self_protect(char **arguments);

/* Descriptors 0 to 2 must not be free: what hull opens would become the container's stdin. */
void self_fill_standard_descriptors(void);

#endif
