/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_MIGRATE_H
#define HULL_CHECKPOINT_MIGRATE_H

/*
 * The migration engine: what both sides do, whatever it is that moves. docs/migration.md has the
 * protocol, and why at every moment one side owns the container and no other.
 *
 * Functions return 0 or a negative errno with a message.
 */
#include "checkpoint/manifest.h"
#include "checkpoint/transport.h"

/* Called while nothing of it runs and all is saved; what it returns is whether it has moved. */
typedef int migrate_held(void *context);

/*
 * The owner is not known any more: neither side may run it until that is settled. No migratable
 * may let it go on.
 */
#define MIGRATE_IN_DOUBT (-EINPROGRESS)

/* What can be moved, at its source. */
struct migratable {
	const char *name;
	/* Find out what is to be known before anything is sent; it runs, and goes on to. */
	int (*begin)(void *self, struct migration_manifest *manifest, bool *has_rounds);
	/* Save what of its memory has changed since the last round (1: all), and send that. It runs. */
	int (*copy_round)(void *self, unsigned int round, struct transport *transport);
	/* Bytes of memory that would have to be copied if it were stopped now. */
	int (*dirty_left)(void *self, uint64_t *bytes);
	/*
	 * Stop it, save the rest as ROUND, and call HELD, which sends that (send_last) among other
	 * things. After success it is ended; after an error it goes on, but MIGRATE_IN_DOUBT.
	 */
	int (*stop)(void *self, unsigned int round, migrate_held *held, void *context);
	int (*send_last)(void *self, unsigned int round, struct transport *transport);
	/* The target is about to own it: make that known to whoever looks at the container here. */
	int (*give)(void *self);
	int (*finish)(void *self);     /* it runs at the target: nothing is left here */
	void (*roll_back)(void *self); /* it is ours again: only what the migration made goes */
};

struct migrate_progress {
	enum migrate_phase { MIGRATE_FILES, MIGRATE_ROUND, MIGRATE_STOPPED, MIGRATE_DONE } phase;
	unsigned int round;
	uint64_t bytes;		      /* sent in this phase; at the end: in all */
	uint64_t nanoseconds;	      /* that it took; at the end: in all */
	uint64_t dirty;		      /* bytes that have changed meanwhile */
	uint64_t dirty_rate;	      /* bytes per second */
	uint64_t predicted, downtime; /* nanoseconds */
};

struct migrate_plan {
	const struct migratable *what;
	void *self;
	struct transport *transport;
	struct migration_manifest manifest;
	int rootfs_fd;	       /* -1: shared with the target */
	uint64_t max_downtime; /* nanoseconds */
	unsigned int max_rounds;
	bool give_up; /* rather than to stop it for longer than max_downtime */
	/* Ask the target once more, over a connection of its own, who owns it: FRAME_MINE or FRAME_YOURS. */
	int (*ask)(void *context, enum frame_type *answer);
	/* With one_way: what was written is whole now. */
	int (*commit)(void *context);
	/* Told after each round, and at the end. */
	void (*tell)(void *context, const struct migrate_progress *progress);
	void *context;
};

/* The source's side, to the end. MIGRATE_IN_DOUBT when the target was lost at the one bad moment. */
int migrate_send(struct migrate_plan *plan);

/* The answer of a target to FRAME_ASK. */
int migrate_ask(struct transport *transport, const char *key, enum frame_type *answer);

/* The target's side. */
struct migrate_landing {
	struct transport *transport;
	/*
	 * May it come here? Gives the folders that its root file system (-1: shared) and its images
	 * go to.
	 */
	int (*prepare)(void *self, const struct migration_manifest *manifest, int *rootfs_fd,
		int *images_fd);
	/* Make it from the images of ROUND and those before; call HELD when it is whole, and before it runs. */
	int (*restore)(void *self, unsigned int round, migrate_held *held, void *context);
	/*
	 * Whose is the container of this key: 1 ours, 0 the source's? The first who asks decides that
	 * for ever, as OURS says; whoever asks later is told.
	 */
	int (*decide)(void *self, const char *key, bool ours);
	/* Nobody will ask again. */
	void (*forget)(void *self, const char *key);
	void *self;
};

int migrate_receive(struct migrate_landing *landing);

#endif
