/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_WHISPER_PAGE_H
#define HULL_RUNTIME_WHISPER_PAGE_H

/*
 * The page of the whisper as its writer has it: a copy in memory that is the truth, and the
 * file that the container sees. Nothing is ever read back from the file, and it is written by
 * pwrite(2): a container that is privileged enough to write it too or to cut it off harms
 * nobody's reading but its own.
 */
#include "include/hull/cpu.h"

struct whisper_page {
	int fd;
	size_t bytes;
	struct hull_cpu_page *header;	 /* the whole page */
	struct hull_cpu_record *records; /* in it */
};

/* The first page of the file FD: nothing has happened yet. 0 or a negative errno. */
int whisper_page_make(int fd);

void whisper_page_open(struct whisper_page *page, int fd);

/* Let the readers see what is in memory now. */
void whisper_page_publish(struct whisper_page *page);

#endif
