/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/state.h"

void state_write(const struct container_state *state, struct json_writer *writer)
{
	json_write_string(writer, "ociVersion", SPEC_VERSION);
	json_write_string(writer, "id", state->id);
	json_write_integer(writer, "pid", state->pid);
	json_write_string(writer, "status", state->status);
	json_write_string(writer, "bundle", state->bundle);
	if (!state->annotations || !state->annotations->count)
		return;
	json_begin_object(writer, "annotations");
	for (size_t i = 0; i < state->annotations->count; i++)
		json_write_string(writer, state->annotations->items[i].key,
			state->annotations->items[i].value);
	json_end_object(writer);
}
