/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/doctor/doctor.h"

const char *const doctor_status_names[] = { "ok", "limited", "missing" };

const struct capability *const doctor_capabilities[] = {
	&doctor_containers,
	&doctor_cgroups,
	&doctor_rootless,
	&doctor_security,
	&doctor_resources,
	&doctor_engines,
	&doctor_emulation,
	&doctor_checkpoint,
	&doctor_microvm,
	&doctor_images,
	&doctor_tuning,
	NULL,
};

const struct capability *doctor_capability(const char *name)
{
	for (const struct capability *const *at = doctor_capabilities; *at; at++)
		if (!strcmp((*at)->name, name))
			return *at;
	return NULL;
}

static void finding_append(struct buffer *text, const char *format, va_list arguments)
{
	if (text->length)
		buffer_text(text, "; ");
	buffer_format_list(text, format, arguments);
}

void finding_set(struct finding *finding, enum doctor_status status, const char *format, ...)
{
	va_list arguments;

	finding->status = status;
	finding->found.length = 0;
	va_start(arguments, format);
	finding_append(&finding->found, format, arguments);
	va_end(arguments);
}

void finding_add(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	finding_append(&finding->found, format, arguments);
	va_end(arguments);
}

void finding_advise(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	finding_append(&finding->advice, format, arguments);
	va_end(arguments);
}

void finding_limit(struct finding *finding)
{
	if (finding->status == DOCTOR_OK)
		finding->status = DOCTOR_LIMITED;
}

/* What a finding means for the whole: a useful thing that is missing limits it. */
static enum doctor_status examination_weigh(
	const struct probe *probe, const struct finding *finding)
{
	if (probe->weight == DOCTOR_FACT)
		return DOCTOR_OK;
	if (probe->weight == DOCTOR_USEFUL && finding->status == DOCTOR_MISSING)
		return DOCTOR_LIMITED;
	return finding->status;
}

void examination_run(struct examination *examination, const struct capability *capability)
{
	size_t count = 0;

	while (capability->probes[count].name)
		count++;
	examination->capability = capability;
	examination->findings = memory_allocate_zero(count * sizeof(*examination->findings));
	examination->status = capability->any ? DOCTOR_MISSING : DOCTOR_OK;
	for (size_t i = 0; i < count; i++) {
		const struct probe *probe = &capability->probes[i];
		struct finding *finding = &examination->findings[i];
		enum doctor_status status;

		probe->run(finding);
		/* What went wrong in a probe is its finding, and no error of hull's. */
		error_clear();
		status = examination_weigh(probe, finding);
		if (capability->any && finding->status < examination->status)
			examination->status = finding->status;
		if (!capability->any && status > examination->status)
			examination->status = status;
	}
}

void examination_free(struct examination *examination)
{
	const struct probe *probe =
		examination->capability ? examination->capability->probes : NULL;

	for (size_t i = 0; probe && probe[i].name; i++) {
		buffer_free(&examination->findings[i].found);
		buffer_free(&examination->findings[i].advice);
	}
	memory_free_pointer(&examination->findings);
}
