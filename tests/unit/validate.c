/* SPDX-License-Identifier: Apache-2.0 */
/* One row a rule: a piece of config.json and the message that it must give, or none. */
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "spec/config.h"
#include "spec/validate.h"
#include "tests/unit/test.h"
#include "tests/unit/validate_rows.h"

#define NAMESPACES                                                                                 \
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"mount\"},"          \
	"{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"cgroup\"}]"

/*
 * A valid document around each piece. Of members with one key the last counts,
 * so a piece replaces what the frame says.
 */
static const char *const frames[] = {
	[TOP] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},\"linux\":{" NAMESPACES "},%s}",
	[PROCESS] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
		    "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],%s}}",
	[SECTION] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
		    "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},\"linux\":{" NAMESPACES ",%s}}",
	[RESOURCES] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
		      "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"
		      "\"linux\":{\"resources\":{%s}}}",
	[SECCOMP] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
		    "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"
		    "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",%s}}}",
	[VM] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
	       "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"
	       "\"vm\":{\"kernel\":{\"path\":\"/vmlinuz\"},%s}}",
};

static void check_row(const struct row *row)
{
	_cleanup_config_ struct config config = { 0 };
	_cleanup_free_ char *document = NULL, *wanted = NULL;
	int r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	document = string_format(frames[row->frame], row->piece);
#pragma GCC diagnostic pop
	if (row->message)
		wanted = string_format("config.json: %s", row->message);
	error_clear();
	r = config_parse(&config, "config.json", document, strlen(document));
	if (r < 0 && r != -EINVAL)
		CHECK(false, "%s: returned %d", row->piece, r);
	CHECK_TEXT(r < 0 ? error_text(r) : NULL, wanted, row->piece);
}

/* exec --process and update --resources: the same rules, another document and no prefix. */
static void check_parts(void)
{
	static const char process[] = "{\"cwd\":\"tmp\",\"args\":[\"sh\"]}";
	static const char resources[] = "{\"cpu\":{\"period\":10}}";
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *r;
	struct config_process *p;

	CHECK(config_parse_process(&arena, "process.json", process, strlen(process), &p) == -EINVAL,
		"a process alone is validated");
	CHECK_TEXT(error_text(-EINVAL), "process.json: cwd: must be absolute, got \"tmp\"",
		"its paths have no prefix");
	CHECK(config_parse_resources(&arena, "-", resources, strlen(resources), &r) == -EINVAL,
		"resources alone are validated");
	CHECK_TEXT(error_text(-EINVAL),
		"-: cpu.period: must be 1000 to 1000000 microseconds, got 10",
		"their paths have no prefix");
}

static void check_capability_names(void)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "CAP_SYS_ADMIN", true },
		{ "CAP_FUTURE_2", true },
		{ "CAP_", false },
		{ "SYS_ADMIN", false },
		{ "CAP_sys_admin", false },
		{ "CAP_X Y", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK(capability_name_is_valid(rows[i].name) == rows[i].valid,
			"capability name \"%s\"", rows[i].name);
}

static void check_sysctl_paths(void)
{
	static const struct {
		const char *key, *path;
	} rows[] = {
		{ "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
		{ "net/ipv4/conf/eno2.100/rp_filter", "net/ipv4/conf/eno2.100/rp_filter" },
		{ "net.ipv4.conf.eno2/100.rp_filter", "net/ipv4/conf/eno2.100/rp_filter" },
		{ "net", "net" },
		{ "", NULL },
		{ "net.", NULL },
		{ ".net", NULL },
		{ "/net", NULL },
		{ "net..ipv4", NULL },
		{ "net/../kernel/core_pattern", NULL },
		{ "net/./kernel", NULL },
		/* '/' between dots stands for a dot, so this is net/../kernel. */
		{ "net.//.kernel.core_pattern", NULL },
	};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = sysctl_path(rows[i].key, path, sizeof(path));

		CHECK_TEXT(r < 0 ? NULL : path, rows[i].path, rows[i].key);
	}
	CHECK(sysctl_path("net.ipv4.ip_forward", path, 8) == -ENAMETOOLONG,
		"a sysctl that does not fit");
}

int main(void)
{
	log_close();
	for (const struct row *row = rows_document; row->piece; row++)
		check_row(row);
	for (const struct row *row = rows_process; row->piece; row++)
		check_row(row);
	for (const struct row *row = rows_linux; row->piece; row++)
		check_row(row);
	for (const struct row *row = rows_limits; row->piece; row++)
		check_row(row);
	check_parts();
	check_capability_names();
	check_sysctl_paths();
	return test_end();
}
