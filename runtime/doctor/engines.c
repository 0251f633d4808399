/* SPDX-License-Identifier: Apache-2.0 */

/* The engines that are installed, and whether their configuration names hull. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

/* `ENGINE --version` asks nobody else; one that takes longer is left alone. */
#define VERSION_MILLISECONDS 5000

/* What is in front of "1.2.3" in a line like "podman version 1.2.3". */
static const char *version_of(const char *line)
{
	const char *at = strpbrk(line, "0123456789");

	return at ? at : line;
}

static void engine_look(struct finding *finding, const char *name, const char *settings)
{
	_cleanup_free_ char *path = attempt_find_program(name);
	char *const arguments[] = { path, "--version", NULL };
	_cleanup_buffer_ struct buffer line = { 0 };
	int r;

	if (!path) {
		finding_set(finding, DOCTOR_MISSING, "no %s in PATH", name);
		return;
	}
	r = attempt_program(arguments, VERSION_MILLISECONDS, &line);
	if (r == 0 && line.data) {
		finding_set(finding, DOCTOR_OK, "%.60s (%s)", version_of(line.data), path);
		if (machine_has_text(settings, "hull"))
			finding_add(finding, "%s names hull", settings);
		return;
	}
	finding_set(finding, DOCTOR_LIMITED, "%s", path);
	if (r == -ETIMEDOUT)
		finding_add(finding, "--version took longer than 5 seconds");
	else
		finding_add(finding, "--version failed");
	finding_advise(finding, "run %s --version", path);
}

static void probe_podman(struct finding *finding)
{
	engine_look(finding, "podman", "/etc/containers/containers.conf");
}

static void probe_buildah(struct finding *finding)
{
	engine_look(finding, "buildah", "/etc/containers/containers.conf");
}

static void probe_docker(struct finding *finding)
{
	engine_look(finding, "docker", "/etc/docker/daemon.json");
}

static void probe_containerd(struct finding *finding)
{
	engine_look(finding, "containerd", "/etc/containerd/config.toml");
}

static void probe_crio(struct finding *finding)
{
	engine_look(finding, "crio", "/etc/crio/crio.conf");
}

const struct capability doctor_engines = {
	.name = "engines",
	.title = "be the runtime of an engine",
	.any = true,
	.probes =
		(const struct probe[]){
			{ "podman", DOCTOR_FACT, probe_podman },
			{ "buildah", DOCTOR_FACT, probe_buildah },
			{ "docker", DOCTOR_FACT, probe_docker },
			{ "containerd", DOCTOR_FACT, probe_containerd },
			{ "cri-o", DOCTOR_FACT, probe_crio },
			{ 0 },
		},
};
