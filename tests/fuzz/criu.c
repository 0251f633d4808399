/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes from CRIU's socket, or in its log. */
#include <string.h>

#include "checkpoint/criu_files.h"
#include "checkpoint/criu_log.h"
#include "checkpoint/criu_message.h"
#include "checkpoint/protobuf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct protobuf_reader reader = { bytes, bytes + length };
	_cleanup_buffer_ struct buffer cause = { 0 }, loose = { 0 }, again = { 0 };
	struct criu_response response;
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&reader, &field)) > 0) {
		FUZZ_NEED(field.number);
		FUZZ_NEED(!field.bytes ||
			  (field.bytes >= bytes && field.bytes + field.length <= bytes + length));
	}
	if (criu_response_read(&response, bytes, length) >= 0) {
		FUZZ_NEED(r == 0);
		FUZZ_NEED(strlen(response.script) < sizeof(response.script));
	}
	if (criu_files_loosen_bytes(bytes, length, &loose) >= 0)
		FUZZ_NEED(criu_files_loosen_bytes(loose.data, loose.length, &again) >= 0 &&
			  again.length == loose.length);
	criu_log_find((const char *)bytes, length, &cause);
	for (size_t i = 0; i < cause.length; i++)
		FUZZ_NEED(cause.data[i] >= ' ' && cause.data[i] < 0x7f);
	return 0;
}
