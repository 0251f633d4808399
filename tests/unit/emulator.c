/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/emulator.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ns/emulation_host.h"
#include "tests/unit/test.h"

static void check_registration(const char *text, const char *name, bool serves, const char *path)
{
	_cleanup_free_ char *found = NULL;
	bool does = emulation_serves(text, architecture_find(name, strlen(name)), &found);

	CHECK(does == serves, "%s %s: %.40s", name, serves ? "is served" : "is not served", text);
	CHECK_TEXT(found, path, "its emulator");
}

static void check_text(const char *text, bool good)
{
	CHECK((emulator_check_text("test", text) >= 0) == good, "\"%s\" is %s", text,
		good ? "good" : "refused");
	error_clear();
}

#define RISCV                                                                                      \
	"offset 0\nmagic 7f454c460201010000000000000000000200f300\n"                               \
	"mask ffffffffffffff00fffffffffffffffffeffffff\n"

int main(void)
{
	for (const struct architecture *row = architecture_table; row->name; row++) {
		unsigned char bytes[ARCHITECTURE_BYTES], mask[ARCHITECTURE_BYTES];

		architecture_pattern(row, bytes, mask);
		CHECK(architecture_of(bytes, sizeof(bytes)) == row, "%s is itself", row->name);
		CHECK(!architecture_of(bytes, sizeof(bytes) - 1), "a part of %s is nothing",
			row->name);
		CHECK(architecture_find(row->qemu, strlen(row->qemu)) == row, "%s by QEMU's name",
			row->name);
	}
	CHECK(architecture_own() && architecture_is_native(architecture_own()), "this machine's");

	check_text("auto", true);
	check_text("riscv64,arm64=/a,/b/qemu-s390x-static,/qemu-arm", true);
	check_text("", false);
	check_text("riscv64,,arm64", false);
	check_text("/qemu-", false);
	check_text("/qemu-static", false);
	check_text("riscv64=a", false);

	check_registration("enabled\ninterpreter /q\nflags: PF\n" RISCV, "riscv64", true, NULL);
	check_registration("enabled\ninterpreter /q\nflags: P\n" RISCV, "riscv64", true, "/q");
	check_registration("enabled\ninterpreter /q\nflags: F\n" RISCV, "arm64", false, NULL);
	check_registration("disabled\ninterpreter /q\nflags: F\n" RISCV, "riscv64", false, NULL);
	check_registration("enabled\ninterpreter /q\nextension .py\n", "riscv64", false, NULL);
	check_registration("enabled\nflags: F\noffset 4\nmagic 7f\n", "riscv64", false, NULL);
	check_registration("enabled\nflags: F\noffset 0\nmagic 7f454c46\n", "riscv64", true, NULL);
	return test_end();
}
