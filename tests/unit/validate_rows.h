/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_TESTS_UNIT_VALIDATE_ROWS_H
#define HULL_TESTS_UNIT_VALIDATE_ROWS_H

#include <stddef.h>

/* Where in the document a piece stands. */
enum frame { TOP, PROCESS, SECTION, RESOURCES, SECCOMP, VM };

struct row {
	enum frame frame;
	const char *piece;   /* JSON members */
	const char *message; /* behind "config.json: "; NULL: the document is accepted */
};

/* Rows of spec/validate.c and _mount, _vm; of _process and _scheduler; of _linux; of the rest. */
static const struct row rows_document[] = {
	{ TOP, "\"ociVersion\":\"1.0.0\"", NULL },
	{ TOP, "\"ociVersion\":\"1.0.2-dev\"", NULL },
	{ TOP, "\"ociVersion\":\"1.2.0+dev\"", NULL },
	{ TOP, "\"ociVersion\":\"1.1.0-rc.2+build.7\"", NULL },
	{ TOP, "\"ociVersion\":\"1.4.0\"", NULL },
	{ TOP, "\"ociVersion\":\"2.0.0\"", "ociVersion: must be 1.x, got \"2.0.0\"" },
	{ TOP, "\"ociVersion\":\"0.6.0\"", "ociVersion: must be 1.x, got \"0.6.0\"" },
	{ TOP, "\"ociVersion\":\"10.0.0\"", "ociVersion: must be 1.x, got \"10.0.0\"" },
	{ TOP, "\"ociVersion\":\"\"", "ociVersion: must be a version such as 1.3.0, got \"\"" },
	{ TOP, "\"ociVersion\":\"1\"", "ociVersion: must be a version such as 1.3.0, got \"1\"" },
	{ TOP, "\"ociVersion\":\"1.2\"",
		"ociVersion: must be a version such as 1.3.0, got \"1.2\"" },
	{ TOP, "\"ociVersion\":\"v1.0.0\"",
		"ociVersion: must be a version such as 1.3.0, got \"v1.0.0\"" },
	{ TOP, "\"ociVersion\":\"1.01.0\"",
		"ociVersion: must be a version such as 1.3.0, got \"1.01.0\"" },
	{ TOP, "\"ociVersion\":\"1.0.0-\"",
		"ociVersion: must be a version such as 1.3.0, got \"1.0.0-\"" },
	{ TOP, "\"ociVersion\":\"1.0.0-a..b\"",
		"ociVersion: must be a version such as 1.3.0, got \"1.0.0-a..b\"" },
	{ TOP, "\"ociVersion\":\"1.0.0 \"",
		"ociVersion: must be a version such as 1.3.0, got \"1.0.0 \"" },
	{ TOP, "\"ociVersion\":null", "ociVersion: is required, but missing" },
	{ TOP, "\"root\":null", "root: is required, but missing" },
	{ TOP, "\"root\":{}", "root.path: is required, but missing" },
	{ TOP, "\"root\":{\"path\":\"\"}", "root.path: must not be empty" },
	{ TOP, "\"process\":null", "process: is required, but missing" },
	{ TOP, "\"linux\":null", NULL },
	{ TOP, "\"unknown\":{\"field\":[1,2.5e3,null,\"x\"]}", NULL },
	{ TOP, "\"hostname\":\"a\"", NULL },
	{ TOP, "\"hostname\":\"\",\"linux\":{}", NULL },
	{ TOP, "\"hostname\":\"a\",\"linux\":{}",
		"hostname: must not be set without a uts namespace, got \"a\"" },
	{ TOP,
		"\"hostname\":\"a\",\"linux\":{\"namespaces\":"
		"[{\"type\":\"uts\",\"path\":\"/proc/1/ns/uts\"}]}",
		NULL },
	{ TOP, "\"domainname\":\"d\",\"linux\":{}",
		"domainname: must not be set without a uts namespace, got \"d\"" },
	{ TOP,
		"\"hostname\":\"1234567890123456789012345678901234567890"
		"1234567890123456789012345\"",
		"hostname: must have at most 64 bytes, got 65" },
	{ TOP, "\"mounts\":[{\"destination\":\"\"}]", "mounts[0].destination: must not be empty" },
	{ TOP, "\"mounts\":[{\"destination\":\"data\",\"type\":\"tmpfs\"}]", NULL },
	{ TOP, "\"mounts\":[{\"type\":\"tmpfs\"}]",
		"mounts[0].destination: is required, but missing" },
	{ TOP, "\"mounts\":[{\"destination\":\"/d\",\"options\":[\"ro\",\"rbind\"]}]",
		"mounts[0].source: is required for a bind mount, but missing" },
	{ TOP, "\"mounts\":[{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"\"}]",
		"mounts[0].source: is required for a bind mount, but missing" },
	{ TOP,
		"\"mounts\":[{\"destination\":\"/a\",\"source\":\"a\",\"options\":[\"bind\","
		"\"idmap\"]}]",
		"mounts[0].options: idmap needs uidMappings and gidMappings, of the mount or of a "
		"user namespace" },
	{ TOP,
		"\"mounts\":[{\"destination\":\"/a\",\"source\":\"a\",\"options\":[\"bind\"],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}]",
		"mounts[0].gidMappings: is required beside uidMappings, but missing" },
	{ TOP,
		"\"mounts\":[{\"destination\":\"/a\",\"source\":\"a\",\"options\":[\"bind\"],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}]",
		"mounts[0].uidMappings: is required beside gidMappings, but missing" },
	{ TOP,
		"\"mounts\":[{\"destination\":\"/a\",\"source\":\"a\",\"options\":[\"bind\","
		"\"ridmap\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}]}]",
		NULL },
	{ TOP,
		"\"mounts\":[{\"destination\":\"/a\",\"source\":\"a\",\"options\":[\"bind\"],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":0}]}]",
		"mounts[0].gidMappings[0].size: must be greater than 0" },
	{ TOP, "\"hooks\":{\"prestart\":[{\"path\":\"bin/hook\"}]}",
		"hooks.prestart[0].path: must be absolute, got \"bin/hook\"" },
	{ TOP, "\"hooks\":{\"poststop\":[{\"path\":\"/a\"},{\"path\":\"\"}]}",
		"hooks.poststop[1].path: must be absolute, got \"\"" },
	{ TOP, "\"hooks\":{\"createRuntime\":[{\"path\":\"/a\",\"timeout\":0}]}",
		"hooks.createRuntime[0].timeout: must be greater than 0 seconds, got 0" },
	{ TOP, "\"hooks\":{\"createContainer\":[{\"path\":\"/a\",\"timeout\":-1}]}",
		"hooks.createContainer[0].timeout: must be greater than 0 seconds, got -1" },
	{ TOP, "\"hooks\":{\"startContainer\":[{\"args\":[\"a\"]}]}",
		"hooks.startContainer[0].path: is required, but missing" },
	{ TOP, "\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"timeout\":1,\"env\":[\"A\"]}]}",
		NULL },
	{ TOP, "\"annotations\":{\"\":\"x\"}", "annotations: must not have an empty name" },
	{ TOP, "\"annotations\":{\"com.example\":\"\"}", NULL },
	{ TOP, "\"annotations\":{\"a\":1}", "annotations.a: must be a string, got a number" },
	{ TOP, "\"annotations\":{\"hull.isolation\":\"host\"}", NULL },
	{ TOP, "\"annotations\":{\"hull.isolation\":\"x\"}",
		"annotations[\"hull.isolation\"]: must be host or microvm, got \"x\"" },
	{ TOP, "\"annotations\":{\"hull.isolation\":\"microvm\"}", NULL },
	{ TOP, "\"vm\":{}", "vm.kernel: is required, but missing" },
	{ VM, "\"hwConfig\":{\"vcpus\":2,\"memory\":1048576}", NULL },
	{ VM, "\"kernel\":{\"path\":\"vmlinuz\"}",
		"vm.kernel.path: must be absolute, got \"vmlinuz\"" },
	{ VM, "\"kernel\":{\"path\":\"/k\",\"initrd\":\"i\"}",
		"vm.kernel.initrd: must be absolute, got \"i\"" },
	{ VM, "\"hypervisor\":{\"path\":\"qemu\"}",
		"vm.hypervisor.path: must be absolute, got \"qemu\"" },
	{ VM, "\"image\":{\"path\":\"disk\",\"format\":\"raw\"}",
		"vm.image.path: must be absolute, got \"disk\"" },
	{ VM, "\"image\":{\"path\":\"/disk\"}", NULL },
	{ VM, "\"hwConfig\":{\"iomems\":[{\"firstMFN\":1}]}",
		"vm.hwConfig.iomems[0].nrMFNs: is required, but missing" },
	{ VM, "\"hwConfig\":{\"iomems\":[{\"firstMFN\":1,\"nrMFNs\":2}],\"irqs\":[11]}", NULL },
	{ VM, "\"image\":{\"path\":\"/disk\",\"format\":\"iso\"}",
		"vm.image.format: must be one of raw, qcow2, vdi, vmdk, vhd, got \"iso\"" },
	{ VM, "\"hwConfig\":{\"deviceTree\":\"dt\"}",
		"vm.hwConfig.deviceTree: must be absolute, got \"dt\"" },
	{ VM, "\"hwConfig\":{\"vcpus\":0}", "vm.hwConfig.vcpus: must be greater than 0, got 0" },
	{ VM, "\"hwConfig\":{\"memory\":0}",
		"vm.hwConfig.memory: must be greater than 0 bytes, got 0" },
	{ 0 },
};

static const struct row rows_process[] = {
	{ PROCESS, "\"cwd\":\"tmp\"", "process.cwd: must be absolute, got \"tmp\"" },
	{ PROCESS, "\"cwd\":\"\"", "process.cwd: must be absolute, got \"\"" },
	{ PROCESS, "\"cwd\":null", "process.cwd: is required, but missing" },
	{ PROCESS, "\"args\":[]", "process.args: must hold the program to run, got nothing" },
	{ PROCESS, "\"args\":null", "process.args: must hold the program to run, got nothing" },
	{ PROCESS, "\"env\":[\"A=1\",\"B\",\"\",\"=x\"]", NULL },
	{ PROCESS, "\"user\":{\"uid\":4294967295,\"gid\":0}",
		"process.user.uid: must be less than 4294967295" },
	{ PROCESS, "\"user\":{\"uid\":0,\"gid\":4294967295}",
		"process.user.gid: must be less than 4294967295" },
	{ PROCESS, "\"user\":{\"additionalGids\":[1,4294967295]}",
		"process.user.additionalGids[1]: must be less than 4294967295" },
	{ PROCESS, "\"user\":{\"uid\":4294967296}",
		"process.user.uid: must be a whole number that fits into 32 bits without a sign, "
		"got 4294967296" },
	{ PROCESS, "\"user\":{\"uid\":-1}",
		"process.user.uid: must be a whole number that fits into 32 bits without a sign, "
		"got -1" },
	{ PROCESS, "\"consoleSize\":{\"height\":65536,\"width\":1}",
		"process.consoleSize.height: must be a whole number that fits into 16 bits without "
		"a sign, got 65536" },
	{ PROCESS, "\"consoleSize\":{\"height\":1}",
		"process.consoleSize.width: is required, but missing" },
	{ PROCESS, "\"consoleSize\":{\"height\":0,\"width\":0}", NULL },
	{ PROCESS, "\"capabilities\":{\"bounding\":[\"CAP_UNKNOWN\",\"x\"]}", NULL },
	{ PROCESS, "\"oomScoreAdj\":-1000", NULL },
	{ PROCESS, "\"oomScoreAdj\":1001", "process.oomScoreAdj: must be -1000 to 1000, got 1001" },
	{ PROCESS, "\"oomScoreAdj\":-1001",
		"process.oomScoreAdj: must be -1000 to 1000, got -1001" },
	{ PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":2}]", NULL },
	{ PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":2}]",
		"process.rlimits[0].type: must be one of RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, "
		"RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, "
		"RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, "
		"RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK, got \"RLIMIT_X\"" },
	{ PROCESS,
		"\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":2},"
		"{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":2}]",
		"process.rlimits[1].type: \"RLIMIT_CPU\" is given twice" },
	{ PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":3,\"hard\":2}]",
		"process.rlimits[0].soft: must not be greater than hard (2), got 3" },
	{ PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":3}]",
		"process.rlimits[0].hard: is required, but missing" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":-20}", NULL },
	{ PROCESS, "\"scheduler\":{\"policy\":\"\"}",
		"process.scheduler.policy: must be one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, "
		"SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE, got \"\"" },
	{ PROCESS, "\"scheduler\":{\"nice\":1}",
		"process.scheduler.policy: is required, but missing" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":20}",
		"process.scheduler.nice: must be -20 to 19, got 20" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99}", NULL },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_FIFO\"}",
		"process.scheduler.priority: must be 1 to 99 for SCHED_FIFO, got 0" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":100}",
		"process.scheduler.priority: must be 1 to 99 for SCHED_RR, got 100" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}",
		"process.scheduler.priority: must be given only for SCHED_FIFO or SCHED_RR, got "
		"1" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"X\"]}",
		"process.scheduler.flags[0]: must be one of SCHED_FLAG_RESET_ON_FORK, "
		"SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, "
		"SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX, "
		"got \"X\"" },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"deadline\":5}",
		"process.scheduler.deadline: must be given only for SCHED_DEADLINE, got 5" },
	{ PROCESS,
		"\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2000,\"deadline\":"
		"3000,\"period\":3000}",
		NULL },
	{ PROCESS, "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1000}",
		"process.scheduler.runtime: must be at least 1024 nanoseconds for SCHED_DEADLINE, "
		"got 1000" },
	{ PROCESS,
		"\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2000,\"deadline\":"
		"1999}",
		"process.scheduler.deadline: must not be less than runtime (2000), got 1999" },
	{ PROCESS,
		"\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2000,\"deadline\":"
		"3000,\"period\":2500}",
		"process.scheduler.period: must not be less than deadline (3000), got 2500" },
	{ PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":7}", NULL },
	{ PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}",
		"process.ioPriority.class: must be one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, "
		"IOPRIO_CLASS_IDLE, got \"IOPRIO_CLASS_NONE\"" },
	{ PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8}",
		"process.ioPriority.priority: must be 0 to 7, got 8" },
	{ PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":-1}",
		"process.ioPriority.priority: must be 0 to 7, got -1" },
	{ PROCESS, "\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\" 1 , 5-9,\"}", NULL },
	{ PROCESS, "\"execCPUAffinity\":{\"initial\":\"3-1\"}",
		"process.execCPUAffinity.initial: must be a list such as \"0-3,7\", got \"3-1\"" },
	{ PROCESS, "\"execCPUAffinity\":{\"final\":\"all\"}",
		"process.execCPUAffinity.final: must be a list such as \"0-3,7\", got \"all\"" },
	{ PROCESS, "\"execCPUAffinity\":{\"final\":\",\"}",
		"process.execCPUAffinity.final: must be a list such as \"0-3,7\", got \",\"" },
	{ PROCESS, "\"execCPUAffinity\":{\"final\":\"1-\"}",
		"process.execCPUAffinity.final: must be a list such as \"0-3,7\", got \"1-\"" },
	{ PROCESS, "\"execCPUAffinity\":{\"final\":\"1 2\"}",
		"process.execCPUAffinity.final: must be a list such as \"0-3,7\", got \"1 2\"" },
	{ 0 },
};

#include "tests/unit/validate_rows_linux.h"

#endif
