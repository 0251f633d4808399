/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_ENGINE_CODE_H
#define HULL_RUNTIME_ENGINE_CODE_H

/*
 * The exit codes of engines, for who runs hull without one: 126 when the program could
 * not be executed, 127 when there is none, 125 for any other failure of hull's.
 */
#define ENGINE_CODES_HELP                                                                          \
	"exit with an engine's codes after an error: 126 or 127 for the program, else 125"

/* Print the recorded message of ERROR; the code for it. */
int engine_code_fail(int error);

#endif
