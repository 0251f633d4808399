/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/capability.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

#define CAPABILITIES_MOST 64

static int capability_number(const char *name)
{
	cap_value_t value;

	if (strncmp(name, "CAP_", 4) != 0 || cap_from_name(name, &value) < 0)
		return -EINVAL;
	return value < CAPABILITIES_MOST ? value : -EINVAL;
}

static uint64_t capability_parse_list(const char *set, const struct string_list *list)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < list->count; i++) {
		int number = capability_number(list->items[i]);

		if (number < 0 || number >= cap_max_bits())
			log_warning("process.capabilities.%s: %s is unknown here, left out", set,
				list->items[i]);
		else if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 1)
			log_warning("process.capabilities.%s: %s is not hull's to give, left out",
				set, list->items[i]);
		else
			bits |= 1ull << number;
	}
	return bits;
}

static void capability_warn_ambient(uint64_t refused)
{
	for (int number = 0; refused >> number; number++)
		if (refused & 1ull << number)
			log_warning("process.capabilities.ambient: can't raise ambient capability "
				    "%s: not both permitted and inheritable, left out",
				capability_names()[number]);
}

void capability_parse(const struct config_capabilities *config, struct capability_sets *sets)
{
	uint64_t grantable;

	*sets = (struct capability_sets){ 0 };
	if (!config)
		return;
	sets->bounding = capability_parse_list("bounding", &config->bounding);
	sets->effective = capability_parse_list("effective", &config->effective);
	sets->inheritable = capability_parse_list("inheritable", &config->inheritable);
	sets->permitted = capability_parse_list("permitted", &config->permitted);
	sets->ambient = capability_parse_list("ambient", &config->ambient);
	if (sets->effective & ~sets->permitted)
		log_warning("process.capabilities.effective: what is not permitted is left out");
	sets->effective &= sets->permitted;
	grantable = sets->permitted & sets->inheritable;
	capability_warn_ambient(sets->ambient & ~grantable);
	sets->ambient &= grantable;
}

int capability_drop_bounding(const struct capability_sets *sets)
{
	for (int number = 0; number < cap_max_bits(); number++) {
		if (sets->bounding & 1ull << number)
			continue;
		/* Without CAP_SETPCAP nothing can be dropped; what is not there needs not be. */
		if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0 &&
			prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1)
			return error_errno(errno, "process.capabilities.bounding: cannot drop");
	}
	return 0;
}

static int capability_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
			(uint32_t)(inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int capability_apply(const struct capability_sets *sets, uint64_t also_held)
{
	int r;

	/* An ambient capability of hull's own would survive otherwise. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_errno(errno, "process.capabilities.ambient: cannot clear");
	r = capability_set(
		sets->effective | also_held, sets->permitted | also_held, sets->inheritable);
	if (r < 0)
		return error_errno(r, "process.capabilities: cannot be set");
	for (int number = 0; number < CAPABILITIES_MOST; number++)
		if (sets->ambient & 1ull << number &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
			return error_errno(errno, "process.capabilities.ambient: cannot raise");
	return 0;
}

const char *const *capability_names(void)
{
	static char upper[CAPABILITIES_MOST][32];
	static const char *names[CAPABILITIES_MOST + 1];
	int most = cap_max_bits();

	for (int number = 0; number < most && number < CAPABILITIES_MOST; number++) {
		char *lower = cap_to_name(number);

		(void)snprintf(upper[number], sizeof(upper[number]), "%s", lower ? lower : "");
		for (char *c = upper[number]; *c; c++)
			if (*c >= 'a' && *c <= 'z')
				*c -= 32;
		names[number] = upper[number];
		cap_free(lower);
	}
	return names;
}

#define TEXT_OF(number_)       TEXT_OF_VALUE(number_)
#define TEXT_OF_VALUE(number_) #number_

const char *capability_library_version(void)
{
	return TEXT_OF(LIBCAP_MAJOR) "." TEXT_OF(LIBCAP_MINOR);
}
