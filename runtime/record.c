/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/record.h"

#include "base/error.h"
#include "base/file.h"
#include "spec/decode.h"

#define RECORD(member_, name_, type_)                                                              \
	{ .name = name_, .type = type_, .offset = offsetof(struct container_record, member_) }

static const struct field fields[] = {
	{ .name = "id", .type = FIELD_STRING, .flags = REQUIRED }, /* the first member */
	RECORD(pid, "pid", FIELD_INTEGER),
	RECORD(pid_start, "pidStart", FIELD_UNSIGNED),
	RECORD(machine_memory, "machineMemory", FIELD_UNSIGNED),
	RECORD(bundle, "bundle", FIELD_STRING),
	RECORD(rootfs, "rootfs", FIELD_STRING),
	RECORD(created, "created", FIELD_STRING),
	RECORD(owner, "owner", FIELD_STRING),
	RECORD(cgroup, "cgroup", FIELD_STRING),
	RECORD(tenant, "tenant", FIELD_STRING),
	RECORD(isolation, "isolation", FIELD_STRING),
	RECORD(rdt_class, "rdtClass", FIELD_STRING),
	RECORD(rdt_made, "rdtMade", FIELD_BOOL),
	RECORD(rdt_monitored, "rdtMonitored", FIELD_BOOL),
	RECORD(no_new_keyring, "noNewKeyring", FIELD_BOOL),
	RECORD(shared_pids, "sharedPids", FIELD_BOOL),
	RECORD(user_namespace_added, "userNamespaceAdded", FIELD_BOOL),
	RECORD(has_poststart, "hasPoststart", FIELD_BOOL),
	RECORD(has_poststop, "hasPoststop", FIELD_BOOL),
	RECORD(annotations, "annotations", FIELD_STRING_MAP),
	{ 0 },
};

static const struct table table = { sizeof(struct container_record), fields, NULL };

int record_load(struct arena *arena, int folder_fd, struct container_record *record)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct decoder decoder = { arena, "state.json", NULL };
	struct json *root;
	int r = file_read_at(folder_fd, "state.json", &text, 64u << 20);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return error_errno(r, "state.json");
	r = json_parse(arena, "state.json", text.data ? text.data : "", text.length, &root);
	return r < 0 ? r : decode_object(&decoder, root, &table, record);
}

static void record_write_string(struct json_writer *writer, const char *key, const char *value)
{
	if (value)
		json_write_string(writer, key, value);
}

int record_save(int folder_fd, const struct container_record *record)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	int r;

	json_begin_object(&writer, NULL);
	record_write_string(&writer, "id", record->id);
	json_write_integer(&writer, "pid", record->pid);
	json_write_unsigned(&writer, "pidStart", record->pid_start);
	if (record->machine_memory)
		json_write_unsigned(&writer, "machineMemory", record->machine_memory);
	record_write_string(&writer, "bundle", record->bundle);
	record_write_string(&writer, "rootfs", record->rootfs);
	record_write_string(&writer, "created", record->created);
	record_write_string(&writer, "owner", record->owner);
	record_write_string(&writer, "cgroup", record->cgroup);
	record_write_string(&writer, "tenant", record->tenant);
	record_write_string(&writer, "isolation", record->isolation);
	if (record->rdt_class) {
		json_write_string(&writer, "rdtClass", record->rdt_class);
		json_write_bool(&writer, "rdtMade", record->rdt_made);
		json_write_bool(&writer, "rdtMonitored", record->rdt_monitored);
	}
	json_write_bool(&writer, "noNewKeyring", record->no_new_keyring);
	json_write_bool(&writer, "sharedPids", record->shared_pids);
	json_write_bool(&writer, "userNamespaceAdded", record->user_namespace_added);
	json_write_bool(&writer, "hasPoststart", record->has_poststart);
	json_write_bool(&writer, "hasPoststop", record->has_poststop);
	json_begin_object(&writer, "annotations");
	for (size_t i = 0; i < record->annotations.count; i++)
		json_write_string(&writer, record->annotations.items[i].key,
			record->annotations.items[i].value);
	json_end_object(&writer);
	json_end_object(&writer);
	r = file_replace_at(folder_fd, "state.json", text.data, text.length, 0600);
	return r < 0 ? error_errno(r, "cannot write state.json") : 0;
}
