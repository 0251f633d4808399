/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/features.h"

#include "base/json.h"
#include "spec/annotation.h"
#include "spec/validate.h"

static const char *const hooks[] = { "prestart", "createRuntime", "createContainer",
	"startContainer", "poststart", "poststop", NULL };

static void features_list(struct json_writer *writer, const char *key, const char *const *words)
{
	if (words)
		json_write_strings(writer, key, words);
}

/* { "enabled": VALUE } */
static void features_switch(struct json_writer *writer, const char *key, bool value)
{
	json_begin_object(writer, key);
	json_write_bool(writer, "enabled", value);
	json_end_object(writer);
}

static void features_cgroup(struct json_writer *writer, const struct features_facts *facts)
{
	json_begin_object(writer, "cgroup");
	json_write_bool(writer, "v1", facts->cgroup.v1);
	json_write_bool(writer, "v2", facts->cgroup.v2);
	json_write_bool(writer, "systemd", facts->cgroup.systemd);
	json_write_bool(writer, "systemdUser", facts->cgroup.systemd_user);
	json_write_bool(writer, "rdma", facts->cgroup.rdma);
	json_end_object(writer);
}

static void features_seccomp(struct json_writer *writer, const struct features_facts *facts)
{
	json_begin_object(writer, "seccomp");
	json_write_bool(writer, "enabled", facts->seccomp.enabled);
	features_list(writer, "actions", facts->seccomp.actions);
	features_list(writer, "operators", facts->seccomp.operators);
	features_list(writer, "archs", facts->seccomp.architectures);
	features_list(writer, "knownFlags", facts->seccomp.known_flags);
	features_list(writer, "supportedFlags", facts->seccomp.supported_flags);
	json_end_object(writer);
}

static void features_linux(struct json_writer *writer, const struct features_facts *facts)
{
	json_begin_object(writer, "linux");
	json_write_strings(writer, "namespaces", namespace_names + 1);
	features_list(writer, "capabilities", facts->capabilities);
	features_cgroup(writer, facts);
	features_seccomp(writer, facts);
	features_switch(writer, "apparmor", facts->apparmor);
	features_switch(writer, "selinux", facts->selinux);
	json_begin_object(writer, "intelRdt");
	json_write_bool(writer, "enabled", facts->intel_rdt.enabled);
	json_write_bool(writer, "schemata", facts->intel_rdt.schemata);
	json_write_bool(writer, "monitoring", facts->intel_rdt.monitoring);
	json_end_object(writer);
	if (facts->memory_policy) {
		json_begin_object(writer, "memoryPolicy");
		json_write_strings(writer, "modes", memory_policy_modes);
		json_write_strings(writer, "flags", memory_policy_flags);
		json_end_object(writer);
	}
	json_begin_object(writer, "mountExtensions");
	features_switch(writer, "idmap", facts->idmap);
	json_end_object(writer);
	features_switch(writer, "netDevices", facts->net_devices);
	json_end_object(writer);
}

/* What the runtime says of itself, and the words that each annotation of config.json takes. */
static void features_annotations(struct json_writer *writer, const struct features_facts *facts)
{
	static const char *const values[] = { [ANNOTATION_WORD] = "",
		[ANNOTATION_PATH] = "PATH",
		[ANNOTATION_TENANT_NAME] = "NAME",
		[ANNOTATION_WEIGHT] = "WEIGHT",
		[ANNOTATION_EMULATORS] = "auto|ARCH|ARCH=PATH|PATH" };

	json_begin_object(writer, "annotations");
	for (size_t i = 0; i < facts->annotations.count; i++)
		json_write_string(
			writer, facts->annotations.items[i].key, facts->annotations.items[i].value);
	for (const struct annotation *row = annotation_table; row->name; row++) {
		_cleanup_buffer_ struct buffer words = { 0 };

		buffer_text(&words, values[row->type]);
		for (const struct annotation_word *word = row->words; word && word->text; word++)
			if (!word->missing)
				buffer_format(&words, "%s%s", words.length ? "|" : "", word->text);
		json_write_string(writer, row->name, words.data);
	}
	json_end_object(writer);
}

void features_write(struct buffer *buffer, const struct features_facts *facts)
{
	struct json_writer writer = { .buffer = buffer, .pretty = true };
	const char *const *more = facts->unsafe_annotations;

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "ociVersionMin", "1.0.0");
	json_write_string(&writer, "ociVersionMax", SPEC_VERSION);
	json_write_strings(&writer, "hooks", hooks);
	features_list(&writer, "mountOptions", facts->mount_options);
	features_linux(&writer, facts);
	features_annotations(&writer, facts);
	json_begin_array(&writer, "potentiallyUnsafeConfigAnnotations");
	for (const struct annotation *row = annotation_table; row->name; row++)
		if (row->potentially_unsafe)
			json_write_string(&writer, NULL, row->name);
	for (; more && *more; more++)
		json_write_string(&writer, NULL, *more);
	json_end_array(&writer);
	json_end_object(&writer);
	buffer_text(buffer, "\n");
}
