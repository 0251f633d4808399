/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_DBUS_H
#define HULL_BASE_DBUS_H

/*
 * A client of a D-Bus message bus, with as much of it as asking a manager for
 * something takes: calls, answers, errors, waiting for a signal. No library: those
 * would be loaded by every start, also of those who never ask.
 *
 * All functions return 0 or a negative errno with a message. Nobody is waited
 * for longer than DBUS_PATIENCE_SECONDS (-ETIMEDOUT).
 */
#include "base/dbus_message.h"

#define DBUS_PATIENCE_SECONDS 25

struct dbus;

/*
 * Connect to the bus of the system ($DBUS_SYSTEM_BUS_ADDRESS, or
 * /run/dbus/system_bus_socket) or to that of the user ($DBUS_SESSION_BUS_ADDRESS,
 * or $XDG_RUNTIME_DIR/bus), and say hello.
 */
int dbus_open_system(struct dbus **bus);
int dbus_open_user(struct dbus **bus);
void dbus_close(struct dbus **bus);

#define _cleanup_dbus_ __attribute__((cleanup(dbus_close)))

/* The first of ADDRESSES ("unix:path=/a;unix:abstract=b") that answers. */
int dbus_open(struct dbus **bus, const char *addresses);

/*
 * Call what CALL names (destination, path, interface, member; signature of BODY,
 * which may be NULL) and wait for the ANSWER (may be NULL), which is valid until
 * the next call. An error of the other side is -EREMOTEIO with its words.
 */
int dbus_call(struct dbus *bus, const struct dbus_message *call, const struct dbus_writer *body,
	struct dbus_message *answer);

/* Whether the call that failed last did so with the error of this NAME. */
bool dbus_error_is(const struct dbus *bus, const char *name);

/* Have the bus send us the signals of RULE ("Match Rules"), from now on. */
int dbus_match(struct dbus *bus, const char *rule);

/* Wait for a signal that WANTED takes; also those that came during earlier calls. */
typedef bool dbus_wanted(const struct dbus_message *signal, void *context);
int dbus_wait(struct dbus *bus, dbus_wanted *wanted, void *context);

#endif
