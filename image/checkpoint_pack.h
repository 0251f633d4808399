/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CHECKPOINT_PACK_H
#define HULL_IMAGE_CHECKPOINT_PACK_H

/*
 * The archive of a checkpoint, in the layout that Podman and Kubernetes write and checkpointctl
 * reads. It is made in two steps, while the container stands still and when it has ended: a disk
 * that is full must be known before it ends.
 */
#include <stdbool.h>

struct checkpoint_pack {
	/* What goes in: archive/ in the first step, work/ (the log, the statistics) in the second. */
	const char *stage;
	const char *file;   /* the archive */
	const char *rootfs; /* its changes are saved, where it is an overlay; NULL: none are */
	bool whole;	    /* all of ROOTFS, whatever it is */
	bool plain;	    /* not compressed (else zstd) */
	/* Between the steps: below 0 takes the first back, and is returned. */
	int (*between)(void *context);
	void *context;
};

/* 0, or a negative errno with a message: then FILE is as it was before. */
int checkpoint_pack(const struct checkpoint_pack *wanted);

#endif
