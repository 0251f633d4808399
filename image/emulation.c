/* SPDX-License-Identifier: Apache-2.0 */
#include "image/emulation.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/runtime.h"
#include "spec/emulator.h"

#define OPTION "--emulator"

/* ---- which ------------------------------------------------------------------------------------ */

static void take(struct arena *arena, const struct emulator_list *found, struct shape *shape)
{
	struct shape_emulator *items = arena_allocate(arena, (found->count + 1) * sizeof(*items));

	for (size_t i = 0; i < found->count; i++)
		items[i] =
			(struct shape_emulator){ .architecture = found->items[i].architecture->name,
				.path = found->items[i].path };
	shape->emulators.items = items;
	shape->emulators.count = found->count;
}

int emulation_choose(
	struct arena *arena, const char *architecture, const char *given, struct shape *shape)
{
	const struct architecture *its = architecture_find(architecture, strlen(architecture));
	struct emulator_list found;
	int r;

	if (!given && (!its || architecture_is_native(its)))
		return 0;
	/* A path whose file name tells nothing is for what the image is for. */
	if (given && *given == '/' && its && emulator_check_text(OPTION, given) < 0) {
		error_clear();
		given = arena_format(arena, "%s=%s", its->name, given);
	}
	r = emulator_find(arena, OPTION, given ? given : its->name, &found);
	if (r >= 0)
		take(arena, &found, shape);
	else if (!given)
		(void)error_context(r, "the image is for %s", its->name);
	return r;
}

const char *emulation_annotation(struct arena *arena, const struct shape *shape)
{
	const char *text = NULL;

	for (size_t i = 0; i < shape->emulators.count; i++)
		text = arena_format(arena, "%s%s%s=%s", text ? text : "", text ? "," : "",
			shape->emulators.items[i].architecture, shape->emulators.items[i].path);
	return text;
}

/* ---- what the emulator says of itself ----------------------------------------------------------- */

static int ask(const char *path, const char *first, const char *second, struct buffer *answer)
{
	const char *items[] = { path, first, second, NULL };
	const struct string_list words = { items, ARRAY_SIZE(items) - 1 };
	int r = runtime_run(&words, answer);

	if (r < 0)
		return r;
	/* For its list of CPUs QEMU's exit code is 0 or 1, by version and architecture. */
	return answer->data ? 0 : error_set(EINVAL, "%s is no emulator of QEMU's", path);
}

static bool has_word(const char *text, const char *word, size_t length)
{
	while (*text) {
		size_t blank = strspn(text, " \t\n'()"), own;

		text += blank;
		own = strcspn(text, " \t\n'()");
		if (own == length && length && !memcmp(text, word, length))
			return true;
		text += own;
	}
	return false;
}

/* The levels that --cpu-model has for x86-64, as machines that QEMU knows. */
static const char *cpu_name(const char *model)
{
	static const char *const levels[][2] = { { "x86-64-v2", "Nehalem" },
		{ "x86-64-v3", "Haswell" }, { "x86-64-v4", "Skylake-Server" } };

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (!strcmp(model, levels[i][0]))
			return levels[i][1];
	return model;
}

int emulation_cpu(struct arena *arena, const struct shape *shape, const char **assignment)
{
	_cleanup_buffer_ struct buffer answer = { 0 };
	const struct shape_emulator *emulator = &shape->emulators.items[0];
	const char *name = cpu_name(shape->emulated_cpu);
	int r;

	if (shape->emulators.count > 1)
		return error_set(EINVAL, "--cpu-model: only with one emulator");
	r = ask(emulator->path, "-cpu", "help", &answer);
	if (r < 0)
		return error_context(r, "--cpu-model");
	/* Properties may follow: "rv64,v=true,vlen=128". */
	if (!has_word(answer.data, name, strcspn(name, ",")))
		return error_set(EINVAL,
			"--cpu-model: %s has no CPU \"%s\"; those that it has: `%s -cpu help`",
			emulator->architecture, name, emulator->path);
	*assignment = arena_format(arena, "QEMU_CPU=%s", name);
	return 0;
}

/* "qemu-riscv64 version 10.0.13 (Debian …)": what is behind the second word, up to a blank. */
static const char *version_in(struct arena *arena, const char *answer)
{
	const char *word = strstr(answer, " version ");

	if (!word)
		return "unknown";
	word += strlen(" version ");
	return arena_copy(arena, word, strcspn(word, " \n"));
}

static int identify(struct arena *arena, struct shape_emulator *emulator)
{
	_cleanup_close_ int fd = open(emulator->path, O_RDONLY | O_CLOEXEC);
	_cleanup_buffer_ struct buffer answer = { 0 };
	int r = fd < 0 ? -errno : digest_of_file(fd, &emulator->digest);

	if (r < 0)
		return error_errno(r, OPTION ": cannot read %s", emulator->path);
	emulator->machine = architecture_own()->name;
	r = ask(emulator->path, "--version", NULL, &answer);
	if (r >= 0)
		emulator->version = version_in(arena, answer.data);
	return r < 0 ? error_context(r, OPTION) : 0;
}

int emulation_identify(struct arena *arena, struct shape *shape)
{
	int r = 0;

	for (size_t i = 0; i < shape->emulators.count && r >= 0; i++)
		r = identify(arena, &shape->emulators.items[i]);
	return r;
}

/* ---- that of a lock file ------------------------------------------------------------------------ */

static int find_locked(struct arena *arena, const char *name, struct shape_emulator *emulator)
{
	const struct shape_emulator locked = *emulator;
	const char *text = access(locked.path, X_OK) == 0
				   ? arena_format(arena, "%s=%s", locked.architecture, locked.path)
				   : locked.architecture;
	struct emulator_list found;
	int r = emulator_find(arena, name, text, &found);

	if (r < 0)
		return r;
	emulator->path = found.items[0].path;
	r = identify(arena, emulator);
	if (r < 0)
		return error_context(r, "%s", name);
	if (strcmp(locked.version, emulator->version) != 0)
		return error_set(EBADMSG,
			"%s: emulator for %s: locked is version %s, here is %s (%s)", name,
			locked.architecture, locked.version, emulator->version, emulator->path);
	if (!strcmp(locked.machine, emulator->machine) &&
		!digest_equal(&locked.digest, &emulator->digest))
		return error_set(EBADMSG, "%s: emulator %s: locked is %s, here is %s", name,
			emulator->path, DIGEST_SHOW(&locked.digest),
			DIGEST_SHOW(&emulator->digest));
	return 0;
}

int emulation_find_locked(struct arena *arena, const char *name, struct shape *shape)
{
	int r = 0;

	for (size_t i = 0; i < shape->emulators.count && r >= 0; i++)
		r = find_locked(arena, name, &shape->emulators.items[i]);
	return r;
}

/* ---- /proc/cpuinfo ------------------------------------------------------------------------------ */

static void describe(
	const char *architecture, const char *model, unsigned int number, struct buffer *text)
{
	buffer_format(text, "processor\t: %u\n", number);
	if (!strcmp(architecture, "riscv64"))
		buffer_format(text, "hart\t\t: %u\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n", number);
	else if (!strcmp(architecture, "arm64"))
		buffer_text(text, "BogoMIPS\t: 100.00\nFeatures\t: fp asimd\n"
				  "CPU implementer\t: 0x00\nCPU architecture: 8\n");
	else if (!strcmp(architecture, "arm"))
		buffer_text(text, "BogoMIPS\t: 100.00\nFeatures\t: half thumb fastmult vfp edsp\n"
				  "CPU architecture: 7\n");
	buffer_format(text, "%s\t\t: %s\n\n",
		!strcmp(architecture, "ppc64le") ? "cpu" : "model name", model);
}

void emulation_cpuinfo(const struct shape *shape, struct buffer *text)
{
	const char *architecture = shape->emulators.items[0].architecture;
	const char *model = shape->emulated_cpu ? shape->emulated_cpu : "QEMU";
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int count = shape->threads ? shape->threads
			     : online > 0   ? (unsigned int)online
					    : 1;

	if (!strcmp(architecture, "s390x"))
		buffer_format(text,
			"vendor_id       : IBM/S390\n# processors    : %u\n"
			"bogomips per cpu: 100.00\nmax thread id   : 0\n",
			count);
	for (unsigned int i = 0; i < count; i++)
		describe(architecture, model, i, text);
}
