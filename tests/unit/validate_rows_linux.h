/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of tests/unit/validate_rows.h, which includes this. */

#define USERNS "\"namespaces\":[{\"type\":\"user\"}]"
#define ONE_ID "[{\"containerID\":0,\"hostID\":1000,\"size\":1}]"

static const struct row rows_linux[] = {
	{ SECTION,
		"\"namespaces\":[{\"type\":\"uts\"},{\"type\":\"ipc\"},{\"type\":\"mount\"},"
		"{\"type\":\"uts\"}]",
		"linux.namespaces[3].type: \"uts\" is given twice" },
	{ SECTION, "\"namespaces\":[{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}]",
		"linux.namespaces[0].path: must be absolute, got \"proc/1/ns/pid\"" },
	{ SECTION, "\"namespaces\":[{\"type\":\"pid\",\"path\":\"\"}]", NULL },
	{ SECTION, "\"namespaces\":[{\"type\":\"vm\"}]",
		"linux.namespaces[0].type: unknown value \"vm\"" },
	{ SECTION, "\"namespaces\":[{\"path\":\"/x\"}]",
		"linux.namespaces[0].type: is required, but missing" },
	{ SECTION, "\"uidMappings\":" ONE_ID,
		"linux.uidMappings: must not be set without a user namespace" },
	{ SECTION, "\"gidMappings\":" ONE_ID,
		"linux.gidMappings: must not be set without a user namespace" },
	{ SECTION, USERNS, NULL },
	{ SECTION, USERNS ",\"gidMappings\":" ONE_ID,
		"linux.uidMappings: is required for a new user namespace, but missing" },
	{ SECTION, USERNS ",\"uidMappings\":" ONE_ID,
		"linux.gidMappings: is required for a new user namespace, but missing" },
	{ SECTION, USERNS ",\"uidMappings\":" ONE_ID ",\"gidMappings\":" ONE_ID, NULL },
	{ SECTION, "\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]", NULL },
	{ SECTION,
		"\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}],"
		"\"uidMappings\":" ONE_ID ",\"gidMappings\":" ONE_ID,
		NULL },
	{ SECTION, USERNS ",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":0}]",
		"linux.uidMappings[0].size: must be greater than 0" },
	{ SECTION, USERNS ",\"uidMappings\":[{\"containerID\":1,\"hostID\":0,\"size\":4294967295}]",
		"linux.uidMappings[0].size: must end the range below id 4294967295, got "
		"4294967295" },
	{ SECTION,
		USERNS ",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":10},"
		       "{\"containerID\":9,\"hostID\":100,\"size\":10}]",
		"linux.uidMappings[1]: must not overlap with linux.uidMappings[0]" },
	{ SECTION,
		USERNS ",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":10},"
		       "{\"containerID\":10,\"hostID\":5,\"size\":1}]",
		"linux.uidMappings[1]: must not overlap with linux.uidMappings[0]" },
	{ SECTION, USERNS ",\"uidMappings\":[{\"containerID\":0,\"size\":1}]",
		"linux.uidMappings[0].hostID: is required, but missing" },
	{ SECTION, "\"timeOffsets\":{}", NULL },
	{ SECTION, "\"timeOffsets\":{\"boottime\":{\"secs\":1}}",
		"linux.timeOffsets: must not be set without a new time namespace" },
	{ SECTION,
		"\"namespaces\":[{\"type\":\"time\",\"path\":\"/proc/1/ns/time\"}],"
		"\"timeOffsets\":{\"monotonic\":{\"secs\":1}}",
		"linux.timeOffsets: must not be set without a new time namespace" },
	{ SECTION,
		"\"namespaces\":[{\"type\":\"time\"}],"
		"\"timeOffsets\":{\"monotonic\":{\"secs\":-1,\"nanosecs\":999999999}}",
		NULL },
	{ SECTION,
		"\"namespaces\":[{\"type\":\"time\"}],"
		"\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}",
		"linux.timeOffsets.boottime.nanosecs: must be less than 1000000000, got "
		"1000000000" },
	{ SECTION,
		"\"namespaces\":[{\"type\":\"time\"}],"
		"\"timeOffsets\":{\"boottime\":{},\"monotonic\":null}",
		NULL },
	{ SECTION,
		"\"namespaces\":[{\"type\":\"time\"}],"
		"\"timeOffsets\":{\"boottime\":{},\"realtime\":{\"secs\":1}}",
		"linux.timeOffsets: must have monotonic and boottime alone, got \"realtime\"" },
	{ SECTION, "\"devices\":[{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":1,\"minor\":3}]",
		NULL },
	{ SECTION, "\"devices\":[{\"type\":\"p\",\"path\":\"/fifo\"}]", NULL },
	{ SECTION, "\"devices\":[{\"type\":\"x\",\"path\":\"/dev/a\"}]",
		"linux.devices[0].type: must be one of b, c, u, p, got \"x\"" },
	{ SECTION, "\"devices\":[{\"type\":\"p\",\"path\":\"dev/a\"}]",
		"linux.devices[0].path: must be absolute, got \"dev/a\"" },
	{ SECTION, "\"devices\":[{\"type\":\"b\",\"path\":\"/dev/a\",\"minor\":1}]",
		"linux.devices[0].major: is required, but missing" },
	{ SECTION, "\"devices\":[{\"type\":\"u\",\"path\":\"/dev/a\",\"major\":1}]",
		"linux.devices[0].minor: is required, but missing" },
	{ SECTION, "\"devices\":[{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":-1,\"minor\":3}]",
		"linux.devices[0].major: must be 0 to 4095, got -1" },
	{ SECTION,
		"\"devices\":[{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":1,\"minor\":"
		"1048576}]",
		"linux.devices[0].minor: must be 0 to 1048575, got 1048576" },
	{ SECTION,
		"\"devices\":[{\"type\":\"p\",\"path\":\"/a\"},{\"type\":\"p\",\"path\":\"/a\"}]",
		NULL },
	{ SECTION, "\"netDevices\":{\"eth0\":{},\"eth1\":{\"name\":\"ctr0\"}}", NULL },
	{ SECTION, "\"namespaces\":[],\"netDevices\":{\"eth0\":{}}",
		"linux.netDevices: must not be set without a network namespace" },
	{ SECTION, "\"netDevices\":{\"a/b\":{}}",
		"linux.netDevices[\"a/b\"]: must be the name of a network interface" },
	{ SECTION, "\"netDevices\":{\"eth0\":{\"name\":\"sixteen-letters-\"}}",
		"linux.netDevices[\"eth0\"].name: must be the name of a network interface, got "
		"\"sixteen-letters-\"" },
	{ SECTION, "\"netDevices\":{\"eth0\":{\"name\":\"a b\"}}",
		"linux.netDevices[\"eth0\"].name: must be the name of a network interface, got "
		"\"a b\"" },
	{ SECTION, "\"netDevices\":{\"eth0\":{\"name\":\"\"}}", NULL },
	{ SECTION, "\"netDevices\":{\"eth0\":{\"name\":\"eth%s\"}}",
		"linux.netDevices[\"eth0\"].name: must be the name of a network interface, got "
		"\"eth%s\"" },
	{ SECTION, "\"netDevices\":{\"eth0\":{\"name\":\"e%d%d\"}}",
		"linux.netDevices[\"eth0\"].name: must be the name of a network interface, got "
		"\"e%d%d\"" },
	{ SECTION, "\"netDevices\":{\"eth%d\":{}}",
		"linux.netDevices[\"eth%d\"]: must be the name of a network interface" },
	{ SECTION, "\"netDevices\":{\"eth0\":{\"name\":\"..\"}}",
		"linux.netDevices[\"eth0\"].name: must be the name of a network interface, got "
		"\"..\"" },
	{ SECTION, "\"netDevices\":{\"eth0\":{},\"eth1\":{\"name\":\"eth0\"}}",
		"linux.netDevices[\"eth1\"].name: \"eth0\" is given twice" },
	{ SECTION, "\"cgroupsPath\":\"/a/../b\"",
		"linux.cgroupsPath: must not have \"..\" as a component, got \"/a/../b\"" },
	{ SECTION, "\"cgroupsPath\":\"system.slice:hull:a..b\"", NULL },
	{ SECTION, "\"rootfsPropagation\":\"rslave\"", NULL },
	{ SECTION, "\"rootfsPropagation\":\"\"", NULL },
	{ SECTION, "\"rootfsPropagation\":\"slaves\"",
		"linux.rootfsPropagation: must be one of shared, slave, private, unbindable, "
		"rshared, rslave, rprivate, runbindable, got \"slaves\"" },
	{ SECTION, "\"maskedPaths\":[\"/proc/kcore\",\"kcore\"]",
		"linux.maskedPaths[1]: must be absolute, got \"kcore\"" },
	{ SECTION, "\"readonlyPaths\":[\"\"]",
		"linux.readonlyPaths[0]: must be absolute, got \"\"" },
	{ SECTION, "\"namespaces\":[],\"maskedPaths\":[\"/a\"]",
		"linux.maskedPaths: must not be set without a mount namespace" },
	{ SECTION, "\"namespaces\":[],\"readonlyPaths\":[\"/a\"]",
		"linux.readonlyPaths: must not be set without a mount namespace" },
	{ SECTION, "\"personality\":{\"domain\":\"LINUX32\"}", NULL },
	{ SECTION, "\"personality\":{\"domain\":\"LINUX\",\"flags\":[]}", NULL },
	{ SECTION, "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}",
		"linux.personality.flags[0]: no flag is supported, got \"X\"" },
	{ SECTION, "\"personality\":{\"domain\":\"BSD\"}",
		"linux.personality.domain: must be one of LINUX, LINUX32, got \"BSD\"" },
	{ SECTION, "\"intelRdt\":{\"closID\":\"guaranteed\",\"memBwSchema\":\"MB:0=20\"}", NULL },
	{ SECTION, "\"intelRdt\":{\"closID\":\"/\",\"schemata\":[\"L3:0=f\"]}", NULL },
	{ SECTION, "\"intelRdt\":{\"closID\":\"..\"}",
		"linux.intelRdt.closID: must be the name of a folder, got \"..\"" },
	{ SECTION, "\"intelRdt\":{\"closID\":\"mon_groups\"}",
		"linux.intelRdt.closID: must be the name of a class, got \"mon_groups\"" },
	{ SECTION, "\"intelRdt\":{\"closID\":\"a/b\"}",
		"linux.intelRdt.closID: must be the name of a folder, got \"a/b\"" },
	{ SECTION, "\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}",
		"linux.intelRdt.memBwSchema: must start with MB:, got \"L3:0=f\"" },
	{ SECTION, "\"intelRdt\":{\"memBwSchema\":\"MB:0=20\\nL3:0=1\"}",
		"linux.intelRdt.memBwSchema: must not hold a line break" },
	{ SECTION, "\"intelRdt\":{\"schemata\":[\"L3:0=f\\n\"]}",
		"linux.intelRdt.schemata[0]: must be one line" },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1\"}", NULL },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"\"}", NULL },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\"}", NULL },
	{ SECTION, "\"memoryPolicy\":{}", NULL },
	{ SECTION, "\"memoryPolicy\":{\"nodes\":\"0\"}",
		"linux.memoryPolicy.mode: invalid memory policy mode: is required, but missing" },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-9876543210\"}",
		"linux.memoryPolicy.nodes: invalid memory policy node: must be a list such as "
		"\"0-3,7\", got \"0-9876543210\"" },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"BIND\"}",
		"linux.memoryPolicy.mode: invalid memory policy mode: must be one of MPOL_DEFAULT, "
		"MPOL_LOCAL, "
		"MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_PREFERRED_MANY, "
		"MPOL_WEIGHTED_INTERLEAVE, got \"BIND\"" },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"x\"}",
		"linux.memoryPolicy.nodes: invalid memory policy node: must be a list such as "
		"\"0-3,7\", got \"x\"" },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}",
		"linux.memoryPolicy.nodes: is required for MPOL_BIND, but missing" },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}",
		"linux.memoryPolicy.nodes: must be empty for MPOL_LOCAL, got \"0\"" },
	{ SECTION, "\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"flags\":[\"MPOL_F_X\"]}",
		"linux.memoryPolicy.flags[0]: invalid memory policy flag: must be one of "
		"MPOL_F_NUMA_BALANCING, "
		"MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES, got \"MPOL_F_X\"" },
	{ SECTION,
		"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":"
		"[\"MPOL_F_STATIC_NODES\",\"MPOL_F_RELATIVE_NODES\"]}",
		"linux.memoryPolicy.flags: must not hold both MPOL_F_RELATIVE_NODES and "
		"MPOL_F_STATIC_NODES" },
	{ SECTION, "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\",\"kernel.shmmax\":\"1\"}", NULL },
	{ SECTION, "\"sysctl\":{\"net/ipv4/conf/eno2.100/rp_filter\":\"1\"}", NULL },
	{ SECTION, "\"sysctl\":{\"kernel.domainname\":\"d\",\"fs.mqueue.msg_max\":\"9\"}", NULL },
	{ SECTION, "\"sysctl\":{\"vm.swappiness\":\"1\"}",
		"linux.sysctl[\"vm.swappiness\"]: must be a sysctl of a namespace, this one is "
		"the machine's" },
	{ SECTION, "\"sysctl\":{\"kernel.core_pattern\":\"|/x\"}",
		"linux.sysctl[\"kernel.core_pattern\"]: must be a sysctl of a namespace, this one "
		"is the machine's" },
	{ SECTION, "\"sysctl\":{\"kernel.hostname\":\"x\"}",
		"linux.sysctl[\"kernel.hostname\"]: must not be set, hostname is the field for "
		"it" },
	{ SECTION, "\"sysctl\":{\"net/../kernel/core_pattern\":\"|/x\"}",
		"linux.sysctl[\"net/../kernel/core_pattern\"]: must be the name of a sysctl, it "
		"contains an invalid path" },
	{ SECTION, "\"sysctl\":{\"net.//.kernel.core_pattern\":\"|/x\"}",
		"linux.sysctl[\"net.//.kernel.core_pattern\"]: must be the name of a sysctl, it "
		"contains an invalid path" },
	{ SECTION, "\"namespaces\":[],\"sysctl\":{\"net.core.somaxconn\":\"1\"}",
		"linux.sysctl[\"net.core.somaxconn\"]: must not be set without a namespace of "
		"type network" },
	{ SECTION, "\"namespaces\":[],\"sysctl\":{\"kernel.msgmax\":\"1\"}",
		"linux.sysctl[\"kernel.msgmax\"]: must not be set without a namespace of "
		"type ipc" },
	{ SECTION, "\"namespaces\":[],\"sysctl\":{\"fs.mqueue.msg_max\":\"1\"}",
		"linux.sysctl[\"fs.mqueue.msg_max\"]: must not be set without a namespace of "
		"type ipc" },
	{ SECTION, "\"namespaces\":[],\"sysctl\":{\"kernel.domainname\":\"1\"}",
		"linux.sysctl[\"kernel.domainname\"]: must not be set without a namespace of "
		"type uts" },
	{ SECTION, "\"sysctl\":{\"user.max_pid_namespaces\":\"1\"}",
		"linux.sysctl[\"user.max_pid_namespaces\"]: must not be set without a "
		"namespace of type user" },
	{ 0 },
};

static const struct row rows_limits[] = {
	{ RESOURCES, "\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]", NULL },
	{ RESOURCES, "\"devices\":[{\"allow\":true,\"type\":\"\",\"access\":\"\"}]", NULL },
	{ RESOURCES, "\"devices\":[{\"access\":\"rwm\"}]",
		"linux.resources.devices[0].allow: is required, but missing" },
	{ RESOURCES, "\"devices\":[{\"allow\":true,\"type\":\"p\"}]",
		"linux.resources.devices[0].type: must be one of a, b, c, got \"p\"" },
	{ RESOURCES, "\"devices\":[{\"allow\":true,\"access\":\"rx\"}]",
		"linux.resources.devices[0].access: must be made of r, w and m, got \"rx\"" },
	{ RESOURCES, "\"devices\":[{\"allow\":true,\"major\":-2}]",
		"linux.resources.devices[0].major: must be -1 to 4095, got -2" },
	{ RESOURCES, "\"devices\":[{\"allow\":true,\"minor\":1048576}]",
		"linux.resources.devices[0].minor: must be -1 to 1048575, got 1048576" },
	{ RESOURCES, "\"memory\":{\"limit\":-1,\"swap\":-1,\"kernel\":-1,\"swappiness\":100}",
		NULL },
	{ RESOURCES, "\"memory\":{\"limit\":-2}",
		"linux.resources.memory.limit: must be bytes, or -1 for no limit, got -2" },
	{ RESOURCES, "\"memory\":{\"reservation\":-9}",
		"linux.resources.memory.reservation: must be bytes, or -1 for no limit, got -9" },
	{ RESOURCES, "\"memory\":{\"kernelTCP\":-9}",
		"linux.resources.memory.kernelTCP: must be bytes, or -1 for no limit, got -9" },
	{ RESOURCES, "\"memory\":{\"limit\":20,\"swap\":10}",
		"linux.resources.memory.swap: must not be less than limit (20), got 10" },
	{ RESOURCES, "\"memory\":{\"limit\":-1,\"swap\":10}",
		"linux.resources.memory.swap: must be -1 beside a limit of -1, got 10" },
	{ RESOURCES, "\"memory\":{\"swappiness\":101}",
		"linux.resources.memory.swappiness: must be 0 to 100, got 101" },
	{ RESOURCES, "\"memory\":{\"swappiness\":18446744073709551615}", NULL },
	{ RESOURCES, "\"cpu\":{\"shares\":1,\"quota\":-1,\"period\":0,\"idle\":1}", NULL },
	{ RESOURCES, "\"cpu\":{\"period\":999}",
		"linux.resources.cpu.period: must be 1000 to 1000000 microseconds, got 999" },
	{ RESOURCES, "\"cpu\":{\"period\":1000001}",
		"linux.resources.cpu.period: must be 1000 to 1000000 microseconds, got 1000001" },
	{ RESOURCES, "\"cpu\":{\"quota\":999}",
		"linux.resources.cpu.quota: must be at least 1000 microseconds, got 999" },
	{ RESOURCES, "\"cpu\":{\"quota\":1000,\"burst\":1001}",
		"linux.resources.cpu.burst: must not be greater than quota (1000), got 1001" },
	{ RESOURCES, "\"cpu\":{\"realtimePeriod\":10,\"realtimeRuntime\":11}",
		"linux.resources.cpu.realtimeRuntime: must not be greater than realtimePeriod "
		"(10), got 11" },
	{ RESOURCES, "\"cpu\":{\"idle\":2}", "linux.resources.cpu.idle: must be 0 or 1, got 2" },
	{ RESOURCES, "\"pids\":{\"limit\":-1}", NULL },
	{ RESOURCES, "\"pids\":{\"limit\":4194305}",
		"linux.resources.pids.limit: must be at most 4194304, got 4194305" },
	{ RESOURCES, "\"blockIO\":{\"weight\":0,\"leafWeight\":1000}", NULL },
	{ RESOURCES, "\"blockIO\":{\"weight\":9}",
		"linux.resources.blockIO.weight: must be 10 to 1000, got 9" },
	{ RESOURCES, "\"blockIO\":{\"leafWeight\":1001}",
		"linux.resources.blockIO.leafWeight: must be 10 to 1000, got 1001" },
	{ RESOURCES, "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}",
		"linux.resources.blockIO.weightDevice[0]: must have a weight or leafWeight" },
	{ RESOURCES, "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":5}]}",
		"linux.resources.blockIO.weightDevice[0].weight: must be 10 to 1000, got 5" },
	{ RESOURCES, "\"blockIO\":{\"weightDevice\":[{\"major\":-1,\"minor\":0,\"weight\":50}]}",
		"linux.resources.blockIO.weightDevice[0].major: must be 0 to 4095, got -1" },
	{ RESOURCES,
		"\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":-1,\"rate\":"
		"1}]}",
		"linux.resources.blockIO.throttleReadBpsDevice[0].minor: must be 0 to 1048575, "
		"got -1" },
	{ RESOURCES,
		"\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":4096,\"minor\":0,\"rate\":"
		"1}]}",
		"linux.resources.blockIO.throttleWriteIOPSDevice[0].major: must be 0 to 4095, got "
		"4096" },
	{ RESOURCES, "\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0}]}",
		"linux.resources.blockIO.throttleReadIOPSDevice[0].rate: is required, but "
		"missing" },
	{ RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]", NULL },
	{ RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":0}]",
		"linux.resources.hugepageLimits[0].pageSize: must be a size such as 2MB, got "
		"\"2M\"" },
	{ RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":0}]",
		"linux.resources.hugepageLimits[0].pageSize: must be a size such as 2MB, got "
		"\"../2MB\"" },
	{ RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]",
		"linux.resources.hugepageLimits[0].limit: is required, but missing" },
	{ RESOURCES, "\"network\":{\"priorities\":[{\"name\":\"a b\",\"priority\":1}]}",
		"linux.resources.network.priorities[0].name: must be the name of a network "
		"interface, got \"a b\"" },
	{ RESOURCES, "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}", NULL },
	{ RESOURCES, "\"rdma\":{\"mlx5_1\":{}}",
		"linux.resources.rdma[\"mlx5_1\"]: must have hcaHandles or hcaObjects" },
	{ RESOURCES, "\"rdma\":{\"\":{\"hcaObjects\":3}}",
		"linux.resources.rdma[\"\"]: must be the name of a device" },
	{ RESOURCES, "\"unified\":{\"memory.high\":\"max\"}", NULL },
	{ RESOURCES, "\"unified\":{\"../memory.high\":\"1\"}",
		"linux.resources.unified[\"../memory.high\"]: must be a file of cgroup v2 such as "
		"memory.high" },
	{ RESOURCES, "\"unified\":{\"memory\":\"1\"}",
		"linux.resources.unified[\"memory\"]: must be a file of cgroup v2 such as "
		"memory.high" },
	{ RESOURCES, "\"unified\":{\"..\":\"1\"}",
		"linux.resources.unified[\"..\"]: must be a file of cgroup v2 such as "
		"memory.high" },
	{ SECCOMP, "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38", NULL },
	{ SECCOMP, "\"defaultAction\":null",
		"linux.seccomp.defaultAction: is required, but missing" },
	{ SECCOMP, "\"defaultAction\":\"SCMP_ACT_DENY\"",
		"linux.seccomp.defaultAction: must be one of SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, "
		"SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, SCMP_ACT_TRACE, "
		"SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, got \"SCMP_ACT_DENY\"" },
	{ SECCOMP, "\"defaultAction\":\"SCMP_ACT_NOTIFY\"",
		"linux.seccomp.listenerPath: is required for SCMP_ACT_NOTIFY, but missing" },
	{ SECCOMP, "\"defaultErrnoRet\":1",
		"linux.seccomp.defaultErrnoRet: must be given only for SCMP_ACT_ERRNO or "
		"SCMP_ACT_TRACE, got 1" },
	{ SECCOMP, "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096",
		"linux.seccomp.defaultErrnoRet: must be 0 to 4095, got 4096" },
	{ SECCOMP, "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_RISCV64\"]", NULL },
	{ SECCOMP, "\"architectures\":[\"SCMP_ARCH_VAX\"]",
		"linux.seccomp.architectures[0]: must be one of SCMP_ARCH_X86, SCMP_ARCH_X86_64, "
		"SCMP_ARCH_X32, SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_LOONGARCH64, "
		"SCMP_ARCH_M68K, SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32, "
		"SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PPC, "
		"SCMP_ARCH_PPC64, SCMP_ARCH_PPC64LE, SCMP_ARCH_S390, SCMP_ARCH_S390X, "
		"SCMP_ARCH_PARISC, SCMP_ARCH_PARISC64, SCMP_ARCH_RISCV64, SCMP_ARCH_SH, "
		"SCMP_ARCH_SHEB, got \"SCMP_ARCH_VAX\"" },
	{ SECCOMP, "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]", NULL },
	{ SECCOMP, "\"flags\":[\"LOG\"]",
		"linux.seccomp.flags[0]: must be one of SECCOMP_FILTER_FLAG_TSYNC, "
		"SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, "
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, got \"LOG\"" },
	{ SECCOMP, "\"listenerMetadata\":\"x\"",
		"linux.seccomp.listenerMetadata: must not be set without listenerPath" },
	{ SECCOMP, "\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_ALLOW\"}]",
		"linux.seccomp.syscalls[0].names: must have at least one member" },
	{ SECCOMP, "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]",
		"linux.seccomp.syscalls[0].names: is required, but missing" },
	{ SECCOMP, "\"syscalls\":[{\"names\":[\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"}]",
		NULL },
	{ SECCOMP, "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"X\"}]",
		"linux.seccomp.syscalls[0].action: must be one of SCMP_ACT_KILL, "
		"SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, "
		"SCMP_ACT_TRACE, SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, got \"X\"" },
	{ SECCOMP, "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}]",
		"linux.seccomp.syscalls[0].errnoRet: must be given only for SCMP_ACT_ERRNO or "
		"SCMP_ACT_TRACE, got 1" },
	{ SECCOMP,
		"\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":"
		"65536}]",
		"linux.seccomp.syscalls[0].errnoRet: must be 0 to 65535, got 65536" },
	{ SECCOMP, "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_NOTIFY\"}]",
		"linux.seccomp.listenerPath: is required for SCMP_ACT_NOTIFY, but missing" },
	{ SECCOMP,
		"\"listenerPath\":\"/run/a\",\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":"
		"\"SCMP_ACT_NOTIFY\"}]",
		NULL },
	{ SECCOMP,
		"\"listenerPath\":\"/run/a\",\"syscalls\":[{\"names\":[\"mkdir\",\"write\"],"
		"\"action\":\"SCMP_ACT_NOTIFY\"}]",
		NULL },
	{ SECCOMP,
		"\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]",
		"linux.seccomp.syscalls[0].args[0].index: must be 0 to 5, got 6" },
	{ SECCOMP,
		"\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":0,\"value\":0,\"op\":\"==\"}]}]",
		"linux.seccomp.syscalls[0].args[0].op: must be one of SCMP_CMP_NE, SCMP_CMP_LT, "
		"SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ, got "
		"\"==\"" },
	{ 0 },
};
