/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/command.h"
#include "runtime/doctor/report.h"
#include "base/version.h"

#define CAPABILITIES_MOST 16

struct doctor_options {
	bool json, verbose;
};

static const struct option options[] = {
	{ "json", 0, OPTION_FLAG, offsetof(struct doctor_options, json), NULL,
		"print one JSON document" },
	{ "verbose", 'v', OPTION_FLAG, offsetof(struct doctor_options, verbose), NULL,
		"every probe, not only what is missing" },
	{ 0 },
};

/* Of the whole machine: containers, and the cgroups without which none is made. */
static bool doctor_works(const struct examination *examinations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct capability *capability = examinations[i].capability;
		bool counts = count == 1 || capability == &doctor_containers ||
			      capability == &doctor_cgroups;

		if (counts && examinations[i].status == DOCTOR_MISSING)
			return false;
	}
	return true;
}

static int doctor_print(const struct report *report, const struct doctor_options *wanted)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (wanted->json)
		report_write_json(&text, report);
	else
		report_write_text(&text, report, wanted->verbose || !report->whole);
	fputs(text.data, stdout);
	return report->works ? 0 : 1;
}

static int doctor_run(const struct invocation *invocation)
{
	const struct capability *one[] = { NULL, NULL }, *const *wanted = doctor_capabilities;
	struct examination examinations[CAPABILITIES_MOST];
	struct report report = { .examinations = examinations, .commit = HULL_COMMIT };
	int code;

	if (invocation->operand_count) {
		one[0] = doctor_capability(invocation->operands[0]);
		if (!one[0])
			return error_set(EINVAL,
				"doctor: there is no capability \"%s\" (see "
				"`hull doctor`)",
				invocation->operands[0]);
		wanted = one;
	}
	for (; wanted[report.count] && report.count < CAPABILITIES_MOST; report.count++)
		examination_run(&examinations[report.count], wanted[report.count]);
	report.whole = wanted == doctor_capabilities;
	report.works = doctor_works(examinations, report.count);
	about_collect(&report.about);
	code = doctor_print(&report, invocation->options);
	about_free(&report.about);
	for (size_t i = 0; i < report.count; i++)
		examination_free(&examinations[i]);
	return code;
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "[OPTIONS] [CAPABILITY]",
	.summary = "tell what this machine lets hull do, and what to do about the rest",
	.options = options,
	.options_bytes = sizeof(struct doctor_options),
	.operands_most = 1,
	.run = doctor_run,
};
