/* SPDX-License-Identifier: Apache-2.0 */
#include "image/platform.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"

/* Other names of architectures: the kernel's and Debian's. */
static const struct {
	const char *name, *architecture, *variant;
} other_names[] = {
	{ "x86_64", "amd64", NULL },
	{ "x86-64", "amd64", NULL },
	{ "aarch64", "arm64", NULL },
	{ "armhf", "arm", "v7" },
	{ "armv7l", "arm", "v7" },
	{ "armel", "arm", "v6" },
	{ "armv6l", "arm", "v6" },
	{ "armv5l", "arm", "v5" },
	{ "i386", "386", NULL },
	{ "i686", "386", NULL },
	{ "ppc64el", "ppc64le", NULL },
	{ "loongarch64", "loong64", NULL },
};

static void use_other_name(struct platform *platform)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_names); i++) {
		if (strcmp(platform->architecture, other_names[i].name) != 0)
			continue;
		platform->architecture = other_names[i].architecture;
		if (!platform->variant)
			platform->variant = other_names[i].variant;
		return;
	}
}

static bool word_is_valid(const char *word)
{
	return *word && word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-.")] == '\0';
}

int platform_parse(struct arena *arena, const char *text, struct platform *platform)
{
	char *words = arena_copy(arena, text, strlen(text)), *slash = strchr(words, '/');

	*platform = (struct platform){ "linux", words, NULL };
	if (slash) {
		*slash = '\0';
		platform->os = words;
		platform->architecture = slash + 1;
		slash = strchr(slash + 1, '/');
		if (slash) {
			*slash = '\0';
			platform->variant = slash + 1;
		}
	}
	if (!word_is_valid(platform->os) || !word_is_valid(platform->architecture) ||
		(platform->variant && !word_is_valid(platform->variant)))
		return error_set(EINVAL,
			"platform \"%s\": must be OS/ARCH or OS/ARCH/VARIANT, such as linux/arm/v7",
			text);
	use_other_name(platform);
	return 0;
}

void platform_host(struct platform *platform)
{
	static struct utsname names;

	(void)uname(&names);
	*platform = (struct platform){ "linux", names.machine, NULL };
	use_other_name(platform);
}

const char *platform_text(struct arena *arena, const struct platform *platform)
{
	return arena_format(arena, "%s/%s%s%s", platform->os, platform->architecture,
		platform->variant ? "/" : "", platform->variant ? platform->variant : "");
}

/* "v7" is 7; what is not said is what the architecture began with. */
static unsigned int variant_number(const struct platform *platform)
{
	const char *variant = platform->variant;

	if (variant && variant[0] == 'v' && variant[1] >= '1' && variant[1] <= '9')
		return (unsigned int)strtoul(variant + 1, NULL, 10);
	if (!strcmp(platform->architecture, "arm"))
		return 7;
	return strcmp(platform->architecture, "arm64") != 0 ? 1 : 8;
}

unsigned int platform_fit(const struct platform *wanted, const struct platform *have)
{
	unsigned int most = variant_number(wanted), number = variant_number(have);

	if (strcmp(wanted->os, have->os) != 0 ||
		strcmp(wanted->architecture, have->architecture) != 0)
		return 0;
	if (number > most)
		return 0;
	/* Of two that say the same, the one that says it plainly. */
	return 2 * number + (wanted->variant ? have->variant != NULL : have->variant == NULL);
}
