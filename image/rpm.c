/* SPDX-License-Identifier: Apache-2.0 */
#include "image/rpm.h"

#include <endian.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "image/library.h"

#define DATABASE_BYTES_MOST (256u << 20)
#define NOBODY		    65534u

/* ---- SQLite, as far as it is needed (sqlite.org/c3ref) --------------------------------------- */

#define SQLITE_OK		    0
#define SQLITE_ROW		    100
#define SQLITE_OPEN_READONLY	    1
#define SQLITE_OPEN_MEMORY	    0x80
#define SQLITE_DESERIALIZE_READONLY 4u

/* Where a database says that it is used with a log beside it, which one in memory cannot be. */
#define SQLITE_VERSIONS_OFFSET 18
#define SQLITE_HEADER_BYTES    100

struct sqlite3;
struct sqlite3_stmt;

static struct {
	int (*open)(const char *name, struct sqlite3 **db, int flags, const char *vfs);
	int (*deserialize)(struct sqlite3 *db, const char *schema, void *data, int64_t length,
		int64_t size, unsigned int flags);
	int (*prepare)(struct sqlite3 *db, const char *sql, int length,
		struct sqlite3_stmt **statement, const char **tail);
	int (*step)(struct sqlite3_stmt *statement);
	const void *(*column_blob)(struct sqlite3_stmt *statement, int column);
	int (*column_bytes)(struct sqlite3_stmt *statement, int column);
	int (*finalize)(struct sqlite3_stmt *statement);
	int (*close)(struct sqlite3 *db);
} sqlite;

#define ROW(name_, member_) { "sqlite3_" name_, offsetof(__typeof__(sqlite), member_) }

static const struct library_function functions[] = {
	ROW("open_v2", open),
	ROW("deserialize", deserialize),
	ROW("prepare_v2", prepare),
	ROW("step", step),
	ROW("column_blob", column_blob),
	ROW("column_bytes", column_bytes),
	ROW("finalize", finalize),
	ROW("close", close),
};

/* ---- a package's header ---------------------------------------------------------------------- */

/* Two numbers (entries, bytes of data), the entries, the data; all big-endian. */
struct header {
	const char *data;
	uint32_t data_bytes;
	const unsigned char *entries;
	uint32_t count;
};

enum { TAG_NAME = 1000, TAG_VERSION = 1001, TAG_RELEASE = 1002, TAG_EPOCH = 1003, TAG_ARCH = 1022 };
enum { TYPE_INT32 = 4, TYPE_STRING = 6, ENTRY_BYTES = 16, INTRO_BYTES = 8 };

static uint32_t number_at(const unsigned char *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return be32toh(number);
}

static bool header_open(const unsigned char *bytes, size_t length, struct header *header)
{
	if (!bytes || length < INTRO_BYTES)
		return false;
	header->count = number_at(bytes);
	header->data_bytes = number_at(bytes + 4);
	header->entries = bytes + INTRO_BYTES;
	length -= INTRO_BYTES;
	if (header->count > length / ENTRY_BYTES ||
		header->data_bytes > length - (size_t)header->count * ENTRY_BYTES)
		return false;
	header->data = (const char *)header->entries + (size_t)header->count * ENTRY_BYTES;
	return true;
}

/* Where the value of the tag is; NULL: it has none of that type, or not so many bytes. */
static const char *header_find(
	const struct header *header, uint32_t tag, uint32_t type, uint32_t bytes)
{
	for (uint32_t i = 0; i < header->count; i++) {
		const unsigned char *entry = header->entries + (size_t)i * ENTRY_BYTES;
		uint32_t offset = number_at(entry + 8);

		if (number_at(entry) == tag && number_at(entry + 4) == type &&
			offset < header->data_bytes && bytes <= header->data_bytes - offset)
			return header->data + offset;
	}
	return NULL;
}

static const char *header_text(const struct header *header, uint32_t tag)
{
	const char *text = header_find(header, tag, TYPE_STRING, 1);

	return text && memchr(text, '\0', (size_t)(header->data + header->data_bytes - text))
		       ? text
		       : NULL;
}

static void write_package(struct json_writer *writer, const struct header *header)
{
	const char *name = header_text(header, TAG_NAME), *arch = header_text(header, TAG_ARCH);
	const char *version = header_text(header, TAG_VERSION);
	const char *release = header_text(header, TAG_RELEASE);
	const char *epoch = header_find(header, TAG_EPOCH, TYPE_INT32, sizeof(uint32_t));
	_cleanup_buffer_ struct buffer text = { 0 };

	/* Keys of the distribution stand among the packages, under one name. */
	if (!name || !version || !release || !strcmp(name, "gpg-pubkey"))
		return;
	if (epoch)
		buffer_format(&text, "%u:", number_at((const unsigned char *)epoch));
	buffer_format(&text, "%s-%s%s%s", version, release, arch ? "." : "", arch ? arch : "");
	json_write_string(writer, name, text.data);
}

/* ---- the database ---------------------------------------------------------------------------- */

static bool write_all(struct json_writer *writer, struct sqlite3 *db)
{
	struct sqlite3_stmt *statement = NULL;
	struct header header;
	bool done =
		sqlite.prepare(db, "SELECT blob FROM Packages", -1, &statement, NULL) == SQLITE_OK;

	while (done && sqlite.step(statement) == SQLITE_ROW) {
		const void *bytes = sqlite.column_blob(statement, 0);

		if (header_open(bytes, (size_t)sqlite.column_bytes(statement, 0), &header))
			write_package(writer, &header);
	}
	(void)sqlite.finalize(statement);
	return done;
}

static bool read_database(struct buffer *bytes, int root_fd)
{
	static const char *const places[] = { "/var/lib/rpm/rpmdb.sqlite",
		"/usr/lib/sysimage/rpm/rpmdb.sqlite" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_cleanup_close_ int fd =
			path_open_in_root(root_fd, places[i], O_RDONLY | O_NONBLOCK);

		if (fd >= 0 && file_read_fd(fd, bytes, DATABASE_BYTES_MOST) >= 0 &&
			bytes->length > SQLITE_HEADER_BYTES)
			return true;
	}
	return false;
}

static bool become_nobody(void)
{
	return geteuid() != 0 ||
	       (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
		       setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

bool rpm_write_packages(struct json_writer *writer, int root_fd)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	struct sqlite3 *db = NULL;
	bool done;

	if (!read_database(&bytes, root_fd))
		return false;
	if (library_load("libsqlite3.so.0", functions, ARRAY_SIZE(functions), &sqlite) < 0 ||
		!become_nobody()) {
		error_clear();
		return false;
	}
	memset(bytes.data + SQLITE_VERSIONS_OFFSET, 1, 2);
	done = sqlite.open(":memory:", &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_MEMORY, NULL) ==
		       SQLITE_OK &&
	       sqlite.deserialize(db, "main", bytes.data, (int64_t)bytes.length,
		       (int64_t)bytes.length, SQLITE_DESERIALIZE_READONLY) == SQLITE_OK &&
	       write_all(writer, db);
	(void)sqlite.close(db);
	return done;
}
