/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that hull writes: `hull spec` and `hull features`; and annotations. */
#include "spec/features.h"

#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "spec/annotation.h"
#include "spec/config.h"
#include "spec/template.h"
#include "tests/unit/test.h"

static bool has_option(const struct config_mount *mount, const char *option)
{
	for (size_t i = 0; i < mount->options.count; i++)
		if (!strcmp(mount->options.items[i], option))
			return true;
	return false;
}

static const struct config_mount *mount_at(const struct config *config, const char *destination)
{
	for (size_t i = 0; i < config->mounts.count; i++)
		if (!strcmp(config->mounts.items[i].destination, destination))
			return &config->mounts.items[i];
	return NULL;
}

static void check_template(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_config_ struct config config = { 0 };
	const struct config_capabilities *capabilities;

	template_write(&text, false, 0, 0);
	if (!CHECK(config_parse(&config, "config.json", text.data, text.length) == 0,
		    "the default document is valid"))
		printf("# %s\n", error_text(-EINVAL));
	CHECK_TEXT(config.oci_version, "1.3.0", "ociVersion");
	CHECK(config.process->terminal && config.process->no_new_privileges, "terminal, no-new");
	CHECK_TEXT(config.process->args.items[0], "sh", "a shell");
	CHECK(config.root->readonly, "a read-only root");
	capabilities = config.process->capabilities;
	CHECK(capabilities->bounding.count == 3 && capabilities->effective.count == 3 &&
			capabilities->permitted.count == 3,
		"three capabilities");
	CHECK(!capabilities->inheritable.count && !capabilities->ambient.count,
		"none is inheritable or ambient");
	CHECK(config.linux->namespaces.count == 6 &&
			config_namespace_is_new(&config, NAMESPACE_NETWORK) &&
			!config_namespace(&config, NAMESPACE_USER),
		"all namespaces but the user's");
	CHECK(config.mounts.count == 7 && has_option(mount_at(&config, "/dev/pts"), "gid=5"),
		"seven mounts");
	CHECK(config.linux->masked_paths.count == 11 && config.linux->readonly_paths.count == 5,
		"masked and read-only paths");
	CHECK(config.linux->resources->devices.count == 1, "no device is allowed");
}

static void check_rootless(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_config_ struct config config = { 0 };

	template_write(&text, true, 1000, 100);
	if (!CHECK(config_parse(&config, "config.json", text.data, text.length) == 0,
		    "the rootless document is valid"))
		printf("# %s\n", error_text(-EINVAL));
	CHECK(config_namespace_is_new(&config, NAMESPACE_USER) &&
			!config_namespace(&config, NAMESPACE_NETWORK),
		"a user namespace, the machine's network");
	CHECK(config.linux->uid_mappings.items[0].host_id == 1000 &&
			config.linux->gid_mappings.items[0].host_id == 100 &&
			config.linux->uid_mappings.items[0].container_id == 0,
		"root is the caller");
	CHECK(!config.linux->resources, "no cgroup settings");
	CHECK_TEXT(mount_at(&config, "/sys")->source, "/sys", "the machine's /sys");
	CHECK(has_option(mount_at(&config, "/sys"), "rbind"), "bound");
	CHECK(!has_option(mount_at(&config, "/dev/pts"), "gid=5"), "no group that is not mapped");
}

static const struct json *at(const struct json *node, const char *first, const char *second)
{
	node = node ? json_get(node, first) : NULL;
	return node && second ? json_get(node, second) : node;
}

static bool truth(const struct json *node)
{
	return node && node->type == JSON_BOOL && node->boolean;
}

static bool has_text(const struct json *list, const char *text)
{
	json_for_each (item, list)
		if (!strcmp(item->text, text))
			return true;
	return false;
}

static void check_features(void)
{
	static const char *const options[] = { "ro", "rbind", NULL };
	static const char *const actions[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", NULL };
	static const char *const capabilities[] = { "CAP_CHOWN", NULL };
	static const char *const unsafe[] = { "org.systemd.property.", NULL };
	struct string_pair version = { "org.example.version", "1" };
	const struct features_facts facts = {
		.mount_options = options,
		.capabilities = capabilities,
		.cgroup = { .v2 = true },
		.seccomp = { .enabled = true, .actions = actions },
		.memory_policy = true,
		.annotations = { &version, 1 },
		.unsafe_annotations = unsafe,
	};
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_arena_ struct arena arena = { 0 };
	const struct json *section;
	struct json *root;

	features_write(&text, &facts);
	NEED(json_parse(&arena, "features", text.data, text.length, &root) == 0);
	CHECK_TEXT(at(root, "ociVersionMin", NULL)->text, "1.0.0", "ociVersionMin");
	CHECK_TEXT(at(root, "ociVersionMax", NULL)->text, "1.3.0", "ociVersionMax");
	CHECK(at(root, "hooks", NULL)->count == 6, "six kinds of hooks");
	CHECK(at(root, "mountOptions", NULL)->count == 2, "the mount options it was given");
	section = at(root, "linux", NULL);
	CHECK(at(section, "namespaces", NULL)->count == 8, "eight namespaces");
	CHECK_TEXT(at(section, "capabilities", NULL)->first->text, "CAP_CHOWN", "capabilities");
	CHECK(truth(at(section, "cgroup", "v2")) && !truth(at(section, "cgroup", "v1")),
		"what is true is said, and no more");
	CHECK(at(section, "seccomp", "actions")->count == 2, "seccomp actions");
	CHECK(!at(section, "seccomp", "archs"), "a list that is not known is left out");
	CHECK(at(section, "apparmor", "enabled") && !truth(at(section, "apparmor", "enabled")),
		"no AppArmor");
	CHECK(at(section, "memoryPolicy", "modes")->count == 7, "memory policies");
	CHECK(at(at(section, "mountExtensions", "idmap"), "enabled", NULL), "idmap");
	CHECK_TEXT(at(root, "annotations", "org.example.version")->text, "1", "its own facts");
	CHECK_TEXT(at(root, "annotations", "hull.isolation")->text, "host|microvm",
		"the words of each annotation that this build acts on");
	CHECK(has_text(at(root, "potentiallyUnsafeConfigAnnotations", NULL),
		      "org.systemd.property."),
		"annotations that could harm the host: those it was given");
	CHECK(has_text(at(root, "potentiallyUnsafeConfigAnnotations", NULL),
		      ANNOTATION_HOOKS_STDOUT),
		"and those of the table");
	CHECK_TEXT(at(root, "annotations", ANNOTATION_HOOKS_STDOUT)->text, "PATH",
		"an annotation that is a path");
}

static void check_annotations(void)
{
	static const char document[] =
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\","
		"\"args\":[\"a\"]},\"annotations\":{\"k\":\"1\",\"k\":\"2\"}}";
	_cleanup_config_ struct config config = { 0 };

	NEED(config_parse(&config, "config.json", document, strlen(document)) == 0);
	CHECK_TEXT(config_annotation(&config, "k"), "2", "of annotations with one name the last");
	CHECK(!config_annotation(&config, "absent"), "one that is absent");
	CHECK_TEXT(annotation_word(&config, "hull.isolation"), "host", "the default");
	CHECK(!annotation_find("k"), "one that hull does not act on");
	for (const struct annotation *row = annotation_table; row->name; row++)
		CHECK((row->type != ANNOTATION_WORD || row->words[0].text) && row->help[0] &&
				annotation_find(row->name) == row,
			"%s has words and help", row->name);
}

int main(void)
{
	check_template();
	check_rootless();
	check_features();
	check_annotations();
	return test_end();
}
