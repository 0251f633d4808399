/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "runtime/doctor/report.h"
#include "base/version.h"
#include "spec/config.h"

static const char *const weight_names[] = { "fact", "useful", "needed" };

static const char *text_of(const struct buffer *buffer)
{
	return buffer->length ? buffer->data : "";
}

static void json_hull(struct json_writer *writer, const struct report *report)
{
	const struct about *about = &report->about;

	json_begin_object(writer, "hull");
	json_write_string(writer, "version", HULL_VERSION);
	json_write_string(writer, "commit", report->commit);
	json_write_string(writer, "spec", SPEC_VERSION);
	json_write_string(writer, "libc", about->libc);
	json_begin_object(writer, "libraries");
	json_write_string(writer, "libseccomp", text_of(&about->seccomp));
	json_write_string(writer, "libcap", text_of(&about->capability));
	json_write_string(writer, "yajl", text_of(&about->json));
	json_end_object(writer);
	json_end_object(writer);
}

static void json_machine(struct json_writer *writer, const struct about *about)
{
	json_begin_object(writer, "machine");
	json_write_string(writer, "kernel", about->kernel.release);
	json_write_string(writer, "architecture", about->kernel.machine);
	json_write_string(writer, "distribution", text_of(&about->distribution));
	json_write_integer(writer, "cpus", about->cpus);
	json_write_unsigned(writer, "memory", about->memory);
	json_write_bool(writer, "virtualMachine", about->virtual_machine);
	json_write_unsigned(writer, "uid", about->uid);
	json_write_bool(writer, "userNamespace", about->user_namespace);
	json_end_object(writer);
}

static void json_probe(
	struct json_writer *writer, const struct probe *probe, const struct finding *finding)
{
	json_begin_object(writer, probe->name);
	json_write_string(writer, "status", doctor_status_names[finding->status]);
	json_write_string(writer, "weight", weight_names[probe->weight]);
	json_write_string(writer, "found", text_of(&finding->found));
	if (finding->status != DOCTOR_OK && finding->advice.length)
		json_write_string(writer, "advice", finding->advice.data);
	json_end_object(writer);
}

static void json_examination(struct json_writer *writer, const struct examination *examination)
{
	const struct capability *capability = examination->capability;

	json_begin_object(writer, capability->name);
	json_write_string(writer, "status", doctor_status_names[examination->status]);
	json_write_string(writer, "title", capability->title);
	json_write_bool(writer, "later", capability->later);
	json_begin_object(writer, "probes");
	for (size_t i = 0; capability->probes[i].name; i++)
		json_probe(writer, &capability->probes[i], &examination->findings[i]);
	json_end_object(writer);
	json_end_object(writer);
}

void report_write_json(struct buffer *text, const struct report *report)
{
	struct json_writer writer = { .buffer = text, .pretty = true };

	json_begin_object(&writer, NULL);
	json_write_integer(&writer, "schema", 1);
	json_write_bool(&writer, "works", report->works);
	json_hull(&writer, report);
	json_machine(&writer, &report->about);
	json_begin_object(&writer, "capabilities");
	for (size_t i = 0; i < report->count; i++)
		json_examination(&writer, &report->examinations[i]);
	json_end_object(&writer);
	json_end_object(&writer);
	buffer_text(text, "\n");
}
