/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HANDOVER_H
#define HULL_RUNTIME_HANDOVER_H

/*
 * A command that is a program of its own, as git has them: `hull image …` is
 * hull-image, beside hull or in PATH. WORDS are hull's own. Does not return when
 * there is such a program; else -ENOENT with "unknown command".
 */
int handover(const char *command, char **words);

/* Execute one of hull's other programs, beside hull or in PATH. Returns when there is none. */
void handover_execute(const char *program, char **words);

#endif
