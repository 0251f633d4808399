/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/doctor/report.h"
#include "base/version.h"

#define INDENT "           " /* below a capability's name */

static void text_head(struct buffer *text, const struct report *report)
{
	const struct about *about = &report->about;

	buffer_format(text, "hull %s, commit %s; %s; libseccomp %s, libcap %s, yajl %s\n",
		HULL_VERSION, report->commit, about->libc, about->seccomp.data,
		about->capability.data, about->json.data);
	buffer_format(text, "Linux %s %s; %s; %ld CPUs, %llu MiB%s; ", about->kernel.release,
		about->kernel.machine, about->distribution.data, about->cpus, about->memory >> 20,
		about->virtual_machine ? ", a virtual machine" : "");
	if (about->uid)
		buffer_format(text, "uid %u", about->uid);
	else
		buffer_text(text, "root");
	buffer_format(text, "%s\n", about->user_namespace ? " of a user namespace" : "");
}

static void text_probe(
	struct buffer *text, const struct probe *probe, const struct finding *finding)
{
	buffer_format(text, INDENT "%-7s  %s: %s\n", doctor_status_names[finding->status],
		probe->name, finding->found.data ? finding->found.data : "");
	if (finding->status != DOCTOR_OK && finding->advice.length)
		buffer_format(text, INDENT "         -> %s\n", finding->advice.data);
}

/* Behind the title: what engines there are; or, of what is for later, what is not there. */
static void text_names(struct buffer *text, const struct examination *examination)
{
	const struct capability *capability = examination->capability;
	const char *separator = capability->any ? ": " : "; not here: ";

	for (size_t i = 0; capability->probes[i].name; i++) {
		const struct finding *finding = &examination->findings[i];

		if (capability->any ? finding->status == DOCTOR_MISSING
				    : finding->status == DOCTOR_OK ||
					      capability->probes[i].weight == DOCTOR_FACT)
			continue;
		buffer_format(text, "%s%s", separator, capability->probes[i].name);
		if (capability->any)
			buffer_format(text, " %s", finding->found.data);
		separator = ", ";
	}
}

static void text_examination(
	struct buffer *text, const struct examination *examination, bool verbose)
{
	const struct capability *capability = examination->capability;

	buffer_format(text, "  %-7s  %-10s  %s", doctor_status_names[examination->status],
		capability->name, capability->title);
	if (!verbose && (capability->later || capability->any))
		text_names(text, examination);
	buffer_text(text, "\n");
	for (size_t i = 0; capability->probes[i].name; i++) {
		const struct probe *probe = &capability->probes[i];
		const struct finding *finding = &examination->findings[i];

		if (verbose || (!capability->later && probe->weight != DOCTOR_FACT &&
				       finding->status != DOCTOR_OK))
			text_probe(text, probe, finding);
	}
}

void report_write_text(struct buffer *text, const struct report *report, bool verbose)
{
	bool later = false;

	text_head(text, report);
	for (size_t i = 0; i < report->count; i++) {
		const struct examination *examination = &report->examinations[i];

		if (i == 0 || examination->capability->later != later) {
			later = examination->capability->later;
			buffer_text(text, later ? "\nFor later: this machine has it, and hull does "
						  "not use it yet\n"
						: "\nhull can\n");
		}
		text_examination(text, examination, verbose);
	}
	if (!report->whole)
		return;
	buffer_format(text, "\nContainers %s here.%s\n", report->works ? "work" : "do not work",
		verbose ? "" : " `hull doctor -v` tells all, `hull doctor NAME` all of one.");
}
