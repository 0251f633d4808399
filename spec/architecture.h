/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_ARCHITECTURE_H
#define HULL_SPEC_ARCHITECTURE_H

/*
 * The architectures that programs are compiled for, as the first bytes of an ELF file tell them
 * (elf(5)), and the names that they have.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCHITECTURE_BYTES 20 /* of an ELF file, up to and with e_machine */

struct architecture {
	const char *name; /* Go's, as images and config.json have it: "arm64" */
	const char *qemu; /* QEMU's, and mostly uname(1)'s: "aarch64" */
	uint8_t bits;	  /* 32, 64 */
	uint8_t order;	  /* 1: the low byte comes first, as ELF numbers it; 2: the high one */
	uint16_t machine; /* EM_* */
	const char *uname;
};

/* The rows, up to one without a name. */
extern const struct architecture architecture_table[];

/* By either name; NULL when there is none. */
const struct architecture *architecture_find(const char *name, size_t length);

/* What the ELF file that begins with BYTES is for; NULL: no ELF file, or one of another world. */
const struct architecture *architecture_of(const unsigned char *bytes, size_t length);

/* What this program itself is compiled for. */
const struct architecture *architecture_own(void);

/*
 * Does this machine execute its programs by itself? Its own, and where processor and kernel can,
 * those of 32 bits: then it is tried with one that only exits.
 */
bool architecture_is_native(const struct architecture *architecture);

/* The bytes that a program of it begins with, and which of their bits say so. */
void architecture_pattern(const struct architecture *architecture,
	unsigned char bytes[ARCHITECTURE_BYTES], unsigned char mask[ARCHITECTURE_BYTES]);

#endif
