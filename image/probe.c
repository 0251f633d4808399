/* SPDX-License-Identifier: Apache-2.0 */
#include "image/probe.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "image/rpm.h"
#include "image/sandbox.h"

#define DATABASE_BYTES_MOST (256u << 20)
#define ANSWER_BYTES_MOST   (64u << 20)
#define NOTES_BYTES_MOST    65536
#define HEADERS_MOST	    256

/* ---- the C library --------------------------------------------------------------------------- */

/* glibc is linked with a note that names the oldest kernel which it works with (elf(5)). */
static bool read_note(const char *notes, size_t length, struct buffer *version)
{
	for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= length;) {
		const Elf64_Nhdr *note = (const void *)(notes + at);
		size_t name = at + sizeof(*note), content = name + ((note->n_namesz + 3) & ~3ul);
		uint32_t words[4];

		if (note->n_namesz > length || note->n_descsz > length ||
			content + note->n_descsz > length)
			return false;
		if (note->n_type == NT_GNU_ABI_TAG && note->n_namesz == sizeof("GNU") &&
			!memcmp(notes + name, "GNU", sizeof("GNU")) &&
			note->n_descsz >= sizeof(words)) {
			memcpy(words, notes + content, sizeof(words));
			buffer_format(version, "%u.%u.%u", words[1], words[2], words[3]);
			return words[0] == ELF_NOTE_OS_LINUX;
		}
		at = content + ((note->n_descsz + 3) & ~3ul);
	}
	return false;
}

static bool read_notes(int fd, struct buffer *version)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phnum > HEADERS_MOST)
		return false;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		_cleanup_free_ char *notes = NULL;

		if (pread(fd, &segment, sizeof(segment),
			    (off_t)(header.e_phoff + i * sizeof(segment))) != sizeof(segment))
			return false;
		if (segment.p_type != PT_NOTE || segment.p_filesz > NOTES_BYTES_MOST)
			continue;
		notes = memory_allocate(segment.p_filesz + 1);
		if (pread(fd, notes, segment.p_filesz, (off_t)segment.p_offset) ==
				(ssize_t)segment.p_filesz &&
			read_note(notes, segment.p_filesz, version))
			return true;
	}
	return false;
}

static bool find_kernel(int root_fd, struct buffer *version)
{
	static const char *const places[] = { "/lib/x86_64-linux-gnu/libc.so.6",
		"/lib/aarch64-linux-gnu/libc.so.6", "/lib/riscv64-linux-gnu/libc.so.6",
		"/lib/s390x-linux-gnu/libc.so.6", "/lib/powerpc64le-linux-gnu/libc.so.6",
		"/lib64/libc.so.6", "/lib/libc.so.6" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_cleanup_close_ int fd =
			path_open_in_root(root_fd, places[i], O_RDONLY | O_NONBLOCK);

		if (fd >= 0 && read_notes(fd, version))
			return true;
		version->length = 0;
	}
	return false;
}

/* ---- packages -------------------------------------------------------------------------------- */

/* Paragraphs of lines; the name and the version of each stand behind these words. */
static const struct {
	const char *path, *name, *version;
} databases[] = {
	{ "/var/lib/dpkg/status", "Package: ", "Version: " },
	{ "/lib/apk/db/installed", "P:", "V:" },
	{ "/usr/lib/apk/db/installed", "P:", "V:" },
};

static void write_packages(
	struct json_writer *writer, char *text, const char *name_word, const char *version_word)
{
	const char *name = NULL;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (!*line)
			name = NULL;
		else if (!strncmp(line, name_word, strlen(name_word)))
			name = line + strlen(name_word);
		else if (name && !strncmp(line, version_word, strlen(version_word)))
			json_write_string(writer, name, line + strlen(version_word));
	}
}

static void find_packages(struct json_writer *writer, int root_fd)
{
	bool found = false;

	json_begin_object(writer, "packages");
	for (size_t i = 0; i < ARRAY_SIZE(databases) && !found; i++) {
		_cleanup_close_ int fd =
			path_open_in_root(root_fd, databases[i].path, O_RDONLY | O_NONBLOCK);
		_cleanup_buffer_ struct buffer text = { 0 };

		if (fd < 0 || file_read_fd(fd, &text, DATABASE_BYTES_MOST) < 0 || !text.data)
			continue;
		write_packages(writer, text.data, databases[i].name, databases[i].version);
		found = true;
	}
	if (!found)
		(void)rpm_write_packages(writer, root_fd);
	json_end_object(writer);
}

/* ---- a process of its own -------------------------------------------------------------------- */

static void write_answer(struct buffer *text, int root_fd, int error)
{
	struct json_writer writer = { .buffer = text };
	_cleanup_buffer_ struct buffer version = { 0 };

	json_begin_object(&writer, NULL);
	if (error < 0) {
		json_write_string(&writer, "error", error_text(error));
	} else {
		if (find_kernel(root_fd, &version))
			json_write_string(&writer, "kernelMin", version.data);
		find_packages(&writer, root_fd);
	}
	json_end_object(&writer);
}

static __attribute__((noreturn)) void look(struct store *store, const struct store_image *image,
	const char *state_folder, int answer_fd)
{
	struct sandbox sandbox = SANDBOX_NONE;
	struct buffer text = { 0 };
	int r = sandbox_enter(&sandbox, state_folder);

	if (r >= 0)
		r = sandbox_mount(&sandbox, store, image, NULL);
	write_answer(&text, sandbox.root_fd, r);
	_exit(file_write_all(answer_fd, text.data, text.length) < 0);
}

static int read_answer(struct arena *arena, const struct buffer *text, struct probe *probe)
{
	struct json *root;
	const struct json *error, *kernel;
	int r = json_parse(arena, "probe", text->data ? text->data : "", text->length, &root);

	if (r < 0)
		return r;
	error = json_get(root, "error");
	if (error)
		return error_set(EIO, "%s", error->text);
	kernel = json_get(root, "kernelMin");
	probe->kernel_least = kernel ? kernel->text : NULL;
	probe->packages = json_get(root, "packages");
	return 0;
}

int probe_image(struct arena *arena, struct store *store, const struct store_image *image,
	const char *state_folder, struct probe *probe)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_close_ int out = -EBADF, in = -EBADF;
	int ends[2], r;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	out = ends[0];
	in = ends[1];
	child = process_clone(0, -1, NULL);
	if (child == 0)
		look(store, image, state_folder, in);
	if (child < 0)
		return error_errno(child, "cannot make a process that looks at %s", image->name);
	file_close(&in);
	r = file_read_fd(out, &text, ANSWER_BYTES_MOST);
	(void)process_wait(child);
	return r < 0 ? error_errno(r, "%s", image->name) : read_answer(arena, &text, probe);
}
