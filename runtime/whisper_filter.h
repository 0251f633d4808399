/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_WHISPER_FILTER_H
#define HULL_RUNTIME_WHISPER_FILTER_H

/*
 * Leave this process, the whisper's writer, the system calls of its rounds: it opens files to
 * read them, writes to PAGE_FD, and waits. Any other ends it. 0, or a negative errno with
 * a message.
 */
int whisper_filter(int page_fd);

#endif
