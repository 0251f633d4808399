/* SPDX-License-Identifier: Apache-2.0 */
/* CPU models: what a machine must have, what it then shows, which knobs are turned. */
#include "image/cpu_model.h"

#include <errno.h>

#include "base/error.h"
#include "image/shape.h"
#include "tests/unit/test.h"

static const struct cpu_model *model(const char *name)
{
	const struct cpu_model *found = NULL;

	CHECK(cpu_model_find(name, &found) == 0, "%s", name);
	return found;
}

static void check_names(void)
{
	const struct cpu_model *found;

	CHECK(cpu_model_find("x86-64-v1", &found) == -EINVAL, "not every name");
	CHECK(cpu_model_find("", &found) == -EINVAL, "not an empty one");
}

/* Each level's own text passes for it and all below, and for none above. */
static void check_levels(void)
{
	static const char *const names[] = { "x86-64-v2", "x86-64-v3", "x86-64-v4" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_buffer_ struct buffer text = { 0 };

		cpu_model_cpuinfo(model(names[i]), 2, &text);
		CHECK(strstr(text.data, "processor\t: 1\n") &&
				!strstr(text.data, "processor\t: 2\n"),
			"%s shows two processors", names[i]);
		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			CHECK((cpu_model_check(model(names[j]), text.data) == 0) == (j <= i),
				"%s on a machine of %s", names[j], names[i]);
	}
	CHECK(cpu_model_check(model("x86-64-v3"), "") == -EOPNOTSUPP, "no x86 at all");
	CHECK(cpu_model_check(model("x86-64-v2"),
		      "x\nflags\t: pni cx16 lahf_lm popcnt sse4_1 sse4_2_x ssse3\n") ==
				-EOPNOTSUPP &&
			strstr(error_text(0), "lacks sse4_2"),
		"a flag that only begins alike: %s", error_text(0));
}

static void check_knobs(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct string_list env = { 0 }, threads = { 0 };

	cpu_model_environment(model("x86-64-v3"), 4, &arena, &env);
	CHECK_TEXT(shape_variable(&env, "OPENBLAS_CORETYPE"), "Haswell", "OpenBLAS");
	CHECK_TEXT(shape_variable(&env, "OMP_NUM_THREADS"), "4", "threads");
	CHECK(strstr(shape_variable(&env, "GLIBC_TUNABLES"), "-AVX512F") &&
			!strstr(shape_variable(&env, "GLIBC_TUNABLES"), "-AVX2,"),
		"glibc keeps AVX2");
	cpu_model_environment(NULL, 2, &arena, &threads);
	CHECK_TEXT(shape_variable(&threads, "OPENBLAS_NUM_THREADS"), "2", "threads alone");
	CHECK(!shape_variable(&threads, "OPENBLAS_CORETYPE"), "and no model");
}

int main(void)
{
	check_names();
	check_levels();
	check_knobs();
	return test_end();
}
