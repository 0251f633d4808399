/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <errno.h>

#include "tests/unit/test.h"

static void check_bytes(void)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} rows[] = {
		{ "0", 0 },
		{ "1048576", 1048576 },
		{ "9223372036854775807", INT64_MAX },
		{ "1b", 1 },
		{ "64k", 65536 },
		{ "64K", 65536 },
		{ "64kb", 65536 },
		{ "64KiB", 65536 },
		{ "64 MiB", 64 << 20 },
		{ "1.5g", 1610612736 },
		{ ".5m", 524288 },
		{ "2t", INT64_C(2) << 40 },
		{ "1p", INT64_C(1) << 50 },
		{ "", -EINVAL },
		{ ".", -EINVAL },
		{ "m", -EINVAL },
		{ "-1", -EINVAL },
		{ "-5m", -EINVAL },
		{ "+5", -EINVAL },
		{ " 5", -EINVAL },
		{ "5x", -EINVAL },
		{ "5mm", -EINVAL },
		{ "5ib", -EINVAL },
		{ "5 m ", -EINVAL },
		{ "0x10", -EINVAL },
		{ "1e3", -EINVAL },
		{ "9223372036854775808", -ERANGE },
		{ "99999999999999999999", -ERANGE },
		{ "8192p", -ERANGE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t bytes = 0;
		int r = quantity_bytes(rows[i].text, &bytes);

		CHECK(r < 0 ? r == rows[i].bytes : bytes == rows[i].bytes, "bytes \"%s\"",
			rows[i].text);
	}
}

static void check_durations(void)
{
	static const struct {
		const char *text;
		int64_t nanoseconds;
	} rows[] = {
		{ "5s", 5000000000 },
		{ "5", 5000000000 },
		{ "0.1", 100000000 },
		{ "100ms", 100000000 },
		{ "1.5s", 1500000000 },
		{ "250us", 250000 },
		{ "250\xc2\xb5s", 250000 },
		{ "7ns", 7 },
		{ "1m30s", 90000000000 },
		{ "1h1ms", 3600001000000 },
		{ "0", 0 },
		{ "0s", 0 },
		{ "", -EINVAL },
		{ "s", -EINVAL },
		{ "-5s", -EINVAL },
		{ "5x", -EINVAL },
		{ "5 s", -EINVAL },
		{ "1m30", -EINVAL },
		{ "5sec", -EINVAL },
		{ "9999999999h", -ERANGE },
		{ "99999999999999999999s", -ERANGE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t nanoseconds = 0;
		int r = quantity_duration(rows[i].text, &nanoseconds);

		CHECK(r < 0 ? r == rows[i].nanoseconds
			    : nanoseconds == (uint64_t)rows[i].nanoseconds,
			"duration \"%s\"", rows[i].text);
	}
}

int main(void)
{
	check_bytes();
	check_durations();
	return test_end();
}
