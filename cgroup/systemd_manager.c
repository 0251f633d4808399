/* SPDX-License-Identifier: Apache-2.0 */

/* Calls to systemd (org.freedesktop.systemd1(5)), and waiting for its jobs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/systemd.h"

#define SYSTEMD		  "org.freedesktop.systemd1"
#define SYSTEMD_PATH	  "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER	  "org.freedesktop.systemd1.Manager"
#define ERROR_NO_UNIT	  "org.freedesktop.systemd1.NoSuchUnit"
#define ERROR_UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

int systemd_connect(struct systemd_unit *unit)
{
	int r = 0;

	if (!unit->bus)
		r = unit->user ? dbus_open_user(&unit->bus) : dbus_open_system(&unit->bus);
	return r < 0 ? error_context(r, "%s", unit->user ? "the user's systemd" : "systemd") : 0;
}

static int manager_call(struct systemd_unit *unit, const char *member, const char *signature,
	const struct dbus_writer *body, struct dbus_message *answer)
{
	const struct dbus_message call = { .destination = SYSTEMD,
		.path = SYSTEMD_PATH,
		.interface = SYSTEMD_MANAGER,
		.member = member,
		.signature = signature };
	int r = dbus_call(unit->bus, &call, body, answer);

	return r < 0 ? error_context(r, "systemd: unit %s", unit->name) : 0;
}

int systemd_manager_group(struct systemd_unit *unit, char **group)
{
	const struct dbus_message call = { .destination = SYSTEMD,
		.path = SYSTEMD_PATH,
		.interface = "org.freedesktop.DBus.Properties",
		.member = "Get",
		.signature = "ss" };
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	struct dbus_message answer;
	struct dbus_reader reader;
	const char *type, *path;
	int r;

	dbus_put_string(&body, SYSTEMD_MANAGER);
	dbus_put_string(&body, "ControlGroup");
	r = dbus_call(unit->bus, &call, &body, &answer);
	if (r < 0)
		return error_context(r, "the user's systemd");
	reader = dbus_reader_of(&answer, "v");
	type = dbus_get_signature(&reader);
	path = dbus_get_string(&reader);
	if (reader.bad || strcmp(type, "s") != 0)
		return error_set(EBADMSG, "the user's systemd does not tell where its group is");
	*group = string_copy(path + strspn(path, "/"));
	return 0;
}

/* A job: done when its manager, and nobody else, says that it is removed. */
struct job {
	char *path, *sender, *result;
};

static void job_free(struct job *job)
{
	free(job->path);
	free(job->sender);
	free(job->result);
}

#define _cleanup_job_ __attribute__((cleanup(job_free)))

/* JobRemoved: id u, job o, unit s, result s. */
static bool job_is_removed(const struct dbus_message *signal, void *context)
{
	struct dbus_reader reader = dbus_reader_of(signal, "uoss");
	struct job *job = context;
	const char *path, *result;

	if (!signal->member || strcmp(signal->member, "JobRemoved") != 0 || !signal->sender ||
		strcmp(signal->sender, job->sender) != 0)
		return false;
	(void)dbus_get_uint32(&reader);
	path = dbus_get_string(&reader);
	(void)dbus_get_string(&reader);
	result = dbus_get_string(&reader);
	if (reader.bad || strcmp(path, job->path) != 0)
		return false;
	job->result = string_copy(result);
	return true;
}

/* Before a call that makes a job: jobs may be done before it is answered. */
static int job_expect(struct systemd_unit *unit)
{
	_cleanup_free_ char *rule =
		string_format("type='signal',sender='" SYSTEMD "',path='" SYSTEMD_PATH
			      "',interface='" SYSTEMD_MANAGER "',member='JobRemoved',arg2='%s'",
			unit->name);
	int r = dbus_match(unit->bus, rule);

	return r < 0 ? error_context(r, "systemd: unit %s", unit->name) : 0;
}

static int job_wait(
	struct systemd_unit *unit, const char *member, const struct dbus_message *answer)
{
	struct dbus_reader reader = dbus_reader_of(answer, "o");
	_cleanup_job_ struct job job = { .path = string_copy(dbus_get_string(&reader)),
		.sender = string_copy(answer->sender ? answer->sender : "") };
	int r = reader.bad ? error_set(EBADMSG, "D-Bus: a broken message")
			   : dbus_wait(unit->bus, job_is_removed, &job);

	if (r < 0 || !job.result)
		return error_context(r, "systemd: unit %s: %s", unit->name, member);
	if (strcmp(job.result, "done") != 0)
		return error_set(EIO, "systemd: unit %s: %s: the job ended with \"%s\"", unit->name,
			member, job.result);
	return 0;
}

static int manager_reset(struct systemd_unit *unit)
{
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	int r;

	dbus_put_string(&body, unit->name);
	r = manager_call(unit, "ResetFailedUnit", "s", &body, NULL);
	if (r == -EREMOTEIO && dbus_error_is(unit->bus, ERROR_NO_UNIT)) {
		error_clear();
		return 0;
	}
	return r;
}

int systemd_manager_start(struct systemd_unit *unit, const struct systemd_properties *properties)
{
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	struct dbus_message answer;
	int r = job_expect(unit);

	dbus_put_string(&body, unit->name);
	dbus_put_string(&body, "replace");
	systemd_properties_write(&body, properties);
	dbus_end_array(&body, dbus_begin_array(&body, 8), 8); /* units to make besides: none */
	for (int attempt = 0; r >= 0; attempt++) {
		r = manager_call(unit, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, &answer);
		if (r != -EREMOTEIO || !dbus_error_is(unit->bus, ERROR_UNIT_EXISTS))
			break;
		if (attempt)
			return error_set(EEXIST,
				"systemd: unit %s: exists already, and is not this container's",
				unit->name);
		/* One that has failed is remembered until somebody has taken note. */
		r = manager_reset(unit);
	}
	return r < 0 ? r : job_wait(unit, "StartTransientUnit", &answer);
}

int systemd_manager_set(struct systemd_unit *unit, const struct systemd_properties *properties)
{
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };

	dbus_put_string(&body, unit->name);
	dbus_put_bool(&body, true); /* until the next boot */
	systemd_properties_write(&body, properties);
	return manager_call(unit, "SetUnitProperties", "sba(sv)", &body, NULL);
}

int systemd_manager_stop(struct systemd_unit *unit)
{
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	struct dbus_message answer;
	int r = job_expect(unit);

	dbus_put_string(&body, unit->name);
	dbus_put_string(&body, "replace");
	if (r >= 0)
		r = manager_call(unit, "StopUnit", "ss", &body, &answer);
	if (r == -EREMOTEIO && dbus_error_is(unit->bus, ERROR_NO_UNIT)) {
		error_clear();
		return 0;
	}
	if (r >= 0)
		r = job_wait(unit, "StopUnit", &answer);
	return r < 0 ? r : manager_reset(unit);
}

int systemd_manager_attach(struct systemd_unit *unit, pid_t pid)
{
	_cleanup_dbus_writer_ struct dbus_writer body = { 0 };
	size_t array;

	dbus_put_string(&body, unit->name);
	dbus_put_string(&body, "");
	array = dbus_begin_array(&body, 4);
	dbus_put_uint32(&body, (uint32_t)pid);
	dbus_end_array(&body, array, 4);
	return manager_call(unit, "AttachProcessesToUnit", "ssau", &body, NULL);
}
