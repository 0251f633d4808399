/* SPDX-License-Identifier: Apache-2.0 */
#include "image/cpu_model.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

enum level { LEVEL_V2, LEVEL_V3, LEVEL_V4, LEVELS };

struct cpu_model {
	const char *name;
	/* What /proc/cpuinfo calls a machine of it: Nehalem, Haswell, Skylake-SP. */
	unsigned int family, model;
	/* Of /proc/cpuinfo, those that this level adds to the one before (x86-64 psABI 1.0, 3.1.1). */
	const char *flags;
};

static const struct cpu_model models[LEVELS] = {
	[LEVEL_V2] = { "x86-64-v2", 6, 26, "pni cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3" },
	[LEVEL_V3] = { "x86-64-v3", 6, 60, "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave" },
	[LEVEL_V4] = { "x86-64-v4", 6, 85, "avx512f avx512bw avx512cd avx512dq avx512vl" },
};

/* What every x86-64 has. */
static const char first_flags[] =
	"fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr "
	"sse sse2 ht syscall nx lm constant_tsc rep_good nopl cpuid";

/*
 * Who looks at the processor and is told otherwise. glibc's names ended in
 * "_Usable" until 2.32; what a library does not know it ignores. MKL has code for
 * Intel's processors alone behind every other word, so COMPATIBLE is what is equal
 * everywhere. numpy refuses to do without what it was built for (SSE4.2 at most).
 */
#define GLIBC_512                                                                                  \
	"-AVX512F,-AVX512BW,-AVX512CD,-AVX512DQ,-AVX512VL,-AVX512ER,-AVX512PF,-AVX512F_Usable,"    \
	"-AVX512DQ_Usable"
#define GLIBC_NEWER                                                                                \
	"-AVX512_BF16,-AVX512_FP16,-AVX512_VNNI,-AVX512_VBMI,-AVX512_VBMI2,-AVX512_IFMA,"          \
	"-AVX_VNNI,-AMX_TILE,-FMA4,-FMA4_Usable,-XOP"
#define GLIBC_256   "-AVX,-AVX2,-FMA,-F16C,-BMI1,-BMI2,-AVX_Usable,-AVX2_Usable,-FMA_Usable"
#define NUMPY_NEWER "AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX512_KNL AVX512_KNM XOP FMA4"
#define NUMPY_512   "AVX512F AVX512CD AVX512_SKX X86_V4"
#define NUMPY_256   "AVX F16C FMA3 AVX2 X86_V3"

static const struct {
	const char *name, *values[LEVELS];
} knobs[] = {
	{ "GLIBC_TUNABLES", { "glibc.cpu.hwcaps=" GLIBC_256 "," GLIBC_512 "," GLIBC_NEWER,
				    "glibc.cpu.hwcaps=" GLIBC_512 "," GLIBC_NEWER,
				    "glibc.cpu.hwcaps=" GLIBC_NEWER } },
	{ "OPENBLAS_CORETYPE", { "Nehalem", "Haswell", "SkylakeX" } },
	{ "NPY_DISABLE_CPU_FEATURES", { NUMPY_256 " " NUMPY_512 " " NUMPY_NEWER,
					      NUMPY_512 " " NUMPY_NEWER, NUMPY_NEWER } },
	{ "MKL_CBWR", { "COMPATIBLE", "COMPATIBLE", "COMPATIBLE" } },
	{ "BLIS_ARCH_TYPE", { "penryn", "haswell", "skx" } },
	{ "ATEN_CPU_CAPABILITY", { "default", "avx2", "avx512" } },
	{ "ONEDNN_MAX_CPU_ISA", { "SSE41", "AVX2", "AVX512_CORE" } },
};

/* How a sum is split over threads changes its last bits. */
static const char *const thread_knobs[] = { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
	"MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS" };

static const struct {
	const char *name, *value;
} steady_knobs[] = { { "OMP_DYNAMIC", "false" }, { "MKL_DYNAMIC", "FALSE" } };

int cpu_model_find(const char *name, const struct cpu_model **model)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (!strcmp(models[i].name, name)) {
			*model = &models[i];
			return 0;
		}
	return error_set(
		EINVAL, "--cpu-model: must be x86-64-v2, x86-64-v3 or x86-64-v4, got \"%s\"", name);
}

const char *cpu_model_name(const struct cpu_model *model)
{
	return model->name;
}

/* Is the word among those of a line, which end in blanks or with it? */
static bool line_has_word(const char *line, const char *word, size_t length)
{
	for (const char *end = line + strcspn(line, "\n"); line < end;) {
		size_t own = strcspn(line, " \t\n");

		if (own == length && !strncmp(line, word, length))
			return true;
		line += own + (line[own] != '\0');
	}
	return false;
}

int cpu_model_check(const struct cpu_model *model, const char *cpuinfo)
{
	const char *flags = strstr(cpuinfo, "\nflags");

	if (!flags)
		return error_set(
			EOPNOTSUPP, "--cpu-model %s: this machine is no x86-64", model->name);
	for (const struct cpu_model *each = models; each <= model; each++)
		for (const char *word = each->flags; *word;) {
			size_t length = strcspn(word, " ");

			if (!line_has_word(flags + 1, word, length))
				return error_set(EOPNOTSUPP,
					"--cpu-model %s: this machine's processor lacks %.*s",
					model->name, (int)length, word);
			word += length + (word[length] == ' ');
		}
	return 0;
}

void cpu_model_environment(const struct cpu_model *model, unsigned int threads, struct arena *arena,
	struct string_list *env)
{
	for (size_t i = 0; model && i < ARRAY_SIZE(knobs); i++)
		string_list_add(arena, env,
			arena_format(
				arena, "%s=%s", knobs[i].name, knobs[i].values[model - models]));
	for (size_t i = 0; threads && i < ARRAY_SIZE(thread_knobs); i++)
		string_list_add(arena, env, arena_format(arena, "%s=%u", thread_knobs[i], threads));
	for (size_t i = 0; threads && i < ARRAY_SIZE(steady_knobs); i++)
		string_list_add(arena, env,
			arena_format(arena, "%s=%s", steady_knobs[i].name, steady_knobs[i].value));
}

void cpu_model_cpuinfo(const struct cpu_model *model, unsigned int processors, struct buffer *text)
{
	for (unsigned int i = 0; i < processors; i++) {
		buffer_format(text,
			"processor\t: %u\nvendor_id\t: GenuineIntel\ncpu family\t: %u\n"
			"model\t\t: %u\nmodel name\t: %s\nstepping\t: 1\ncpu MHz\t\t: 2000.000\n"
			"cache size\t: 8192 KB\nphysical id\t: 0\nsiblings\t: %u\n"
			"core id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\nfpu\t\t: yes\n"
			"fpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\nflags\t\t: %s",
			i, model->family, model->model, model->name, processors, i, processors, i,
			first_flags);
		for (const struct cpu_model *each = models; each <= model; each++)
			buffer_format(text, " %s", each->flags);
		buffer_text(text,
			"\nbogomips\t: 4000.00\nclflush size\t: 64\ncache_alignment\t: 64\n"
			"address sizes\t: 46 bits physical, 48 bits virtual\n\n");
	}
}
