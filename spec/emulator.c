/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/emulator.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

/* ---- the text ----------------------------------------------------------------------------------- */

struct word {
	const struct architecture *architecture;
	const char *path; /* NULL: to be looked for */
	size_t length;	  /* of the path */
};

/* "/usr/bin/qemu-riscv64-static" is for riscv64. */
static const struct architecture *architecture_of_file(const char *path, size_t length)
{
	static const char before[] = "qemu-", behind[] = "-static";
	const char *slash = memrchr(path, '/', length);
	const char *name = slash + 1;
	size_t left = length - (size_t)(name - path), end = sizeof(behind) - 1;

	if (left < sizeof(before) || memcmp(name, before, sizeof(before) - 1) != 0)
		return NULL;
	name += sizeof(before) - 1;
	left -= sizeof(before) - 1;
	if (left > end && !memcmp(name + left - end, behind, end))
		left -= end;
	return architecture_find(name, left);
}

static int parse_word(const char *what, const char *text, size_t length, struct word *word)
{
	const char *equals = memchr(text, '=', length);
	size_t name = equals ? (size_t)(equals - text) : length;

	if (*text == '/') {
		*word = (struct word){ architecture_of_file(text, length), text, length };
		if (word->architecture)
			return 0;
		return error_set(EINVAL,
			"%s: the name of %.*s does not tell which architecture it is for: write "
			"ARCH=%.*s, such as riscv64=%.*s",
			what, (int)length, text, (int)length, text, (int)length, text);
	}
	*word = (struct word){ architecture_find(text, name), NULL, 0 };
	if (!word->architecture)
		return error_set(EINVAL,
			"%s: must be auto, or architectures (such as arm64, riscv64), emulators "
			"(/usr/bin/qemu-riscv64) or both (riscv64=/PATH) with commas between, "
			"got \"%.*s\"",
			what, (int)length, text);
	if (!equals)
		return 0;
	word->path = equals + 1;
	word->length = length - name - 1;
	if (!word->length || *word->path != '/')
		return error_set(
			EINVAL, "%s: %.*s: the path must be absolute", what, (int)length, text);
	return 0;
}

/* The word at *TEXT, which then is behind it; 0 at the end, 1, or -EINVAL. */
static int next_word(const char *what, const char **text, struct word *word)
{
	const char *at = *text;
	size_t length = strcspn(at, ",");
	int r;

	if (!*at)
		return 0;
	r = parse_word(what, at, length, word);
	*text = at + length + (at[length] == ',');
	return r < 0 ? r : 1;
}

int emulator_check_text(const char *what, const char *text)
{
	struct word word;
	int r;

	if (!*text)
		return parse_word(what, text, 0, &word);
	if (!strcmp(text, "auto"))
		return 0;
	while ((r = next_word(what, &text, &word)) > 0)
		;
	return r;
}

/* ---- the machine -------------------------------------------------------------------------------- */

/* A program with an interpreter of its own needs files that no container has. */
static int is_dynamic(int fd)
{
	unsigned char bytes[4096];
	ssize_t length = pread(fd, bytes, sizeof(bytes), 0);
	Elf64_Ehdr header;

	if (length < (ssize_t)sizeof(header))
		return -ENOEXEC;
	memcpy(&header, bytes, sizeof(header));
	/* On machines of 32 bits the kernel finds out. */
	if (header.e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	for (size_t i = 0; i < header.e_phnum; i++) {
		size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr segment;

		if (header.e_phoff > (size_t)length || at + sizeof(segment) > (size_t)length)
			return -ENOEXEC;
		memcpy(&segment, bytes + at, sizeof(segment));
		if (segment.p_type == PT_INTERP)
			return 1;
	}
	return 0;
}

static int check_file(const char *what, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const struct architecture *own = architecture_own(), *its;
	unsigned char bytes[ARCHITECTURE_BYTES];
	struct stat st;
	int r;

	if (fd < 0)
		return error_errno(errno, "%s: cannot open the emulator %s", what, path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return error_set(EINVAL, "%s: the emulator %s is no program", what, path);
	if (pread(fd, bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set(EINVAL, "%s: the emulator %s is no program", what, path);
	its = architecture_of(bytes, sizeof(bytes));
	if (its != own || !own)
		return error_set(EINVAL, "%s: the emulator %s is no program of this machine%s%s%s",
			what, path, its ? " (it is one for " : "", its ? its->name : "",
			its ? ")" : "");
	r = is_dynamic(fd);
	if (r > 0)
		return error_set(EINVAL,
			"%s: the emulator %s needs shared libraries, which the container does not "
			"have: install qemu-user-static and name that one",
			what, path);
	return r < 0 ? error_set(EINVAL, "%s: the emulator %s is damaged", what, path) : 0;
}

/* Names without -static may be those of programs with shared libraries, and come second. */
static const char *look_for(struct arena *arena, const struct architecture *architecture)
{
	static const char *const forms[] = { "/usr/local/bin/qemu-%s-static",
		"/usr/local/bin/qemu-%s", "/usr/bin/qemu-%s-static", "/usr/bin/qemu-%s" };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *percent = strchr(forms[i], '%');
		const char *path = arena_format(arena, "%.*s%s%s", (int)(percent - forms[i]),
			forms[i], architecture->qemu, percent + 2);

		if (access(path, F_OK) == 0)
			return path;
	}
	return NULL;
}

static int add(struct arena *arena, const char *what, const struct architecture *architecture,
	const char *path, struct emulator_list *list)
{
	int r = check_file(what, path);

	for (size_t i = 0; i < list->count && r >= 0; i++)
		if (list->items[i].architecture == architecture)
			return error_set(EINVAL, "%s: %s is there twice", what, architecture->name);
	if (r < 0)
		return r;
	if (!list->items) {
		const struct architecture *end = architecture_table;

		while (end->name)
			end++;
		list->items = arena_allocate(
			arena, (size_t)(end - architecture_table) * sizeof(*list->items));
	}
	list->items[list->count++] = (struct emulator){ architecture, path };
	return 0;
}

static int add_all(struct arena *arena, const char *what, struct emulator_list *list)
{
	for (const struct architecture *row = architecture_table; row->name; row++) {
		const char *path = architecture_is_native(row) ? NULL : look_for(arena, row);

		/* Such as one that needs libraries: nobody has asked for it by name. */
		if (path && add(arena, what, row, path, list) < 0) {
			log_debug("%s", error_text(-EINVAL));
			error_clear();
		}
	}
	if (!list->count)
		return error_set(ENOENT,
			"%s: this machine has no emulator: install " EMULATOR_PACKAGES, what);
	return 0;
}

static int add_word(
	struct arena *arena, const char *what, const struct word *word, struct emulator_list *list)
{
	const struct architecture *wanted = word->architecture, *own = architecture_own();
	const char *path =
		word->path ? arena_copy(arena, word->path, word->length) : look_for(arena, wanted);

	/* Its own programs would be executed by it as well, and it is one. */
	if (own && wanted == own)
		return error_set(
			EINVAL, "%s: %s is what this machine itself executes", what, wanted->name);
	if (!path)
		return error_set(ENOENT,
			"%s: this machine has no emulator for %s: install " EMULATOR_PACKAGES
			", or name one: %s=/PATH",
			what, wanted->name, wanted->name);
	return add(arena, what, wanted, path, list);
}

int emulator_find(
	struct arena *arena, const char *what, const char *text, struct emulator_list *list)
{
	struct word word;
	int r = emulator_check_text(what, text);

	*list = (struct emulator_list){ 0 };
	if (r < 0)
		return r;
	if (!strcmp(text, "auto"))
		return add_all(arena, what, list);
	while ((r = next_word(what, &text, &word)) > 0) {
		r = add_word(arena, what, &word, list);
		if (r < 0)
			return r;
	}
	return r;
}
