/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/prepare/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "microvm/boot.h"
#include "microvm/prepare/bzimage.h"
#include "microvm/prepare/initramfs.h"
#include "microvm/prepare/modules.h"
#include "microvm/prepare/sha256.h"

#define MOST_VERSION 256u

struct work {
	struct arena *arena;
	int cache_fd;
	const char *cache, *hash; /* HASH: the folder of this kernel */
};

/* ---- which kernel ------------------------------------------------------------------------------- */

/* The running one first: its modules are there. Else the one that sorts last is the newest, nearly. */
static const char *find_kernel(struct arena *arena)
{
	static const char *const patterns[] = { "/boot/vmlinuz-%s", "/lib/modules/%s/vmlinuz",
		"/usr/lib/modules/%s/vmlinuz" };
	static const char *const any[] = { "/boot/vmlinuz-*", "/usr/lib/modules/*/vmlinuz" };
	struct utsname name;

	(void)uname(&name);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		char path[300];

		(void)snprintf(path, sizeof(path), patterns[i], name.release);
		if (access(path, R_OK) == 0)
			return arena_format(arena, "%s", path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(any); i++) {
		glob_t found = { 0 };
		const char *last = NULL;

		if (glob(any[i], 0, NULL, &found) == 0 && found.gl_pathc)
			last = arena_format(arena, "%s", found.gl_pathv[found.gl_pathc - 1]);
		globfree(&found);
		if (last)
			return last;
	}
	return NULL;
}

static const char *identity(struct arena *arena, const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return NULL;
	return arena_format(arena, "file-%llu-%llu-%lld-%lld.%09ld",
		(unsigned long long)status.st_dev, (unsigned long long)status.st_ino,
		(long long)status.st_size, (long long)status.st_mtim.tv_sec,
		status.st_mtim.tv_nsec);
}

/* A small file of this kernel's folder, whole or not at all. */
static int store(const struct work *work, const char *name, const void *bytes, size_t length)
{
	_cleanup_close_ int fd =
		openat(work->cache_fd, work->hash, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : file_replace_at(fd, name, bytes, length, 0644);

	return r < 0 ? error_errno(r, "%s/%s/%s", work->cache, work->hash, name) : 0;
}

/* ---- the kernel ----------------------------------------------------------------------------------- */

static const char *in_cache(const struct work *work, const char *name)
{
	return arena_format(work->arena, "%s/%s/%s", work->cache, work->hash, name);
}

/* "Linux version 6.12.0 (...)" stands in every kernel. */
static const char *find_version(struct arena *arena, const char *bytes, size_t length)
{
	static const char mark[] = "Linux version ";
	const char *begin = memmem(bytes, length, mark, sizeof(mark) - 1);
	size_t most, bytes_of_version = 0;

	if (!begin)
		return "";
	begin += sizeof(mark) - 1;
	most = (size_t)(bytes + length - begin);
	while (bytes_of_version < most && bytes_of_version < MOST_VERSION &&
		begin[bytes_of_version] > ' ')
		bytes_of_version++;
	return arena_copy(arena, begin, bytes_of_version);
}

/*
 * What is booted of a bzImage: the ELF kernel in it, or the image itself where that cannot be
 * had (nothing here unpacks it) or has no PVH entry. The latter unpacks itself in each guest.
 */
static int extract(
	const struct bzimage *image, const char *path, const char *bytes, size_t length, int fd)
{
	int r = bzimage_extract(path, image, fd);

	if (r >= 0)
		r = boot_pvh_find(fd);
	if (r > 0)
		return 0;
	if (r < 0 && r != -ENOENT)
		return r;
	error_clear();
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(errno, "%s", path);
	r = file_write_all(fd, bytes, length);
	return r < 0 ? error_errno(r, "%s", path) : 0;
}

/* Put the kernel and its version into the cache, each whole or not at all. */
static int store_kernel(const struct work *work, const char *path, const char *bytes, size_t length)
{
	const char *vmlinux = in_cache(work, "vmlinux");
	const char *fresh = arena_format(work->arena, "%s.%d", vmlinux, getpid());
	_cleanup_close_ int fd = -EBADF;
	struct bzimage image;
	const char *version;
	int r;

	if (mkdirat(work->cache_fd, work->hash, 0755) < 0 && errno != EEXIST)
		return error_errno(errno, "%s/%s", work->cache, work->hash);
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(errno, "%s", fresh);
	if (!memcmp(bytes,
		    "\x7f"
		    "ELF",
		    4)) {
		version = find_version(work->arena, bytes, length);
		r = file_write_all(fd, bytes, length);
		if (r < 0)
			(void)error_errno(r, "%s", fresh);
	} else {
		r = bzimage_parse(path, bytes, length, &image);
		if (r >= 0)
			r = extract(&image, path, bytes, length, fd);
		version =
			r < 0 ? ""
			      : arena_copy(work->arena, image.version, strcspn(image.version, " "));
	}
	if (r >= 0)
		r = store(work, "version", version, strlen(version));
	if (r >= 0 && rename(fresh, vmlinux) < 0)
		r = error_errno(errno, "%s", vmlinux);
	if (r < 0)
		(void)unlink(fresh);
	return r;
}

static int read_kernel(struct work *work, const char *path, const char *name)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char hash[SHA256_TEXT_BYTES];
	struct stat status;
	void *bytes;
	int r = 0;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_errno(errno, "the microVM's kernel: %s", path);
	if (status.st_size < 4096 || !S_ISREG(status.st_mode))
		return error_set(EINVAL, "%s is no Linux kernel for x86-64", path);
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return error_errno(errno, "%s", path);
	sha256_text(bytes, (size_t)status.st_size, hash);
	work->hash = arena_format(work->arena, "%s", hash);
	if (access(in_cache(work, "vmlinux"), R_OK) < 0)
		r = store_kernel(work, path, bytes, (size_t)status.st_size);
	(void)munmap(bytes, (size_t)status.st_size);
	if (r >= 0 && symlinkat(hash, work->cache_fd, name) < 0 && errno != EEXIST)
		r = error_errno(errno, "%s/%s", work->cache, name);
	return r;
}

/* Its folder in the cache, filled. */
static int prepare_kernel(struct work *work, const char *path)
{
	const char *name = identity(work->arena, path);
	char hash[SHA256_TEXT_BYTES] = "";
	ssize_t length;

	if (!name)
		return error_errno(errno, "the microVM's kernel: %s", path);
	length = readlinkat(work->cache_fd, name, hash, sizeof(hash));
	if (length == SHA256_TEXT_BYTES - 1) {
		work->hash = arena_copy(work->arena, hash, (size_t)length);
		if (access(in_cache(work, "vmlinux"), R_OK) == 0)
			return 0;
	}
	return read_kernel(work, path, name);
}

/* ---- the initial file system ------------------------------------------------------------------------ */

static int store_initrd(
	const struct work *work, const char *name, const char *guest, const char *hull)
{
	_cleanup_buffer_ struct buffer version = { 0 }, archive = { 0 };
	struct string_list modules[MODULE_USES] = { 0 };
	const char *folder;
	int r = file_read_at(AT_FDCWD, in_cache(work, "version"), &version, MOST_VERSION);

	if (r < 0)
		return error_errno(r, "%s", in_cache(work, "version"));
	folder = arena_format(
		work->arena, "/lib/modules/%s", version.length ? version.data : "unknown");
	for (unsigned int use = 0; use < MODULE_USES; use++) {
		r = modules_find(work->arena, folder, use, &modules[use]);
		if (r < 0)
			return r;
	}
	r = initramfs_make(&archive, guest, hull, folder, modules);
	if (r < 0)
		return r;
	return store(work, name, archive.data, archive.length);
}

static int prepare_initrd(const struct work *work, const char *programs, const char **path)
{
	const char *guest = arena_format(work->arena, "%s/hull-guest", programs);
	const char *hull = arena_format(work->arena, "%s/hull", programs);
	const char *first = identity(work->arena, guest), *second, *both, *name;
	char hash[SHA256_TEXT_BYTES];

	if (!first)
		return error_errno(errno, "%s", guest);
	second = identity(work->arena, hull);
	if (!second)
		return error_errno(errno, "%s", hull);
	both = arena_format(work->arena, "%s %s", first, second);
	sha256_text(both, strlen(both), hash);
	name = arena_format(work->arena, "initrd-%.16s", hash);
	*path = in_cache(work, name);
	return access(*path, R_OK) == 0 ? 0 : store_initrd(work, name, guest, hull);
}

int prepare(struct arena *arena, const char *kernel, const char *cache, const char *programs,
	struct prepared *prepared)
{
	_cleanup_close_ int cache_fd = -EBADF;
	struct work work = { .arena = arena, .cache = cache, .hash = "" };
	int r;

	prepared->kernel = kernel ? kernel : find_kernel(arena);
	if (!prepared->kernel)
		return error_set(ENOENT,
			"no kernel for the microVM: there is no /boot/vmlinuz-*; install one "
			"(Debian: linux-image-cloud-amd64) or name it in config.json's "
			"vm.kernel.path");
	if (mkdir(cache, 0755) < 0 && errno != EEXIST)
		return error_errno(errno, "%s", cache);
	work.cache_fd = cache_fd = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache_fd < 0)
		return error_errno(errno, "%s", cache);
	r = prepare_kernel(&work, prepared->kernel);
	if (r < 0)
		return r;
	prepared->vmlinux = in_cache(&work, "vmlinux");
	return prepare_initrd(&work, programs, &prepared->initrd);
}
