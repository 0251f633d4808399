/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_DOCTOR_REPORT_H
#define HULL_RUNTIME_DOCTOR_REPORT_H

/* The report: one screen for people, or one document for programs (docs/doctor.md). */
#include "runtime/doctor/about.h"
#include "runtime/doctor/doctor.h"

struct report {
	struct about about;
	const struct examination *examinations;
	size_t count;
	bool whole; /* of all capabilities, so it can tell whether containers work */
	bool works; /* what the exit code says */
	const char *commit;
};

/* With VERBOSE every probe, else what is worth a person's attention. */
void report_write_text(struct buffer *text, const struct report *report, bool verbose);
void report_write_json(struct buffer *text, const struct report *report);

#endif
