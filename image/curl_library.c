/* SPDX-License-Identifier: Apache-2.0 */
#include "image/curl_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define LIBRARY "libcurl.so.4"

struct curl_library curl_library;

#define CURL_ROW(name_) { "curl_" #name_, offsetof(struct curl_library, name_) },

static const struct {
	const char *name;
	size_t offset;
} functions[] = { CURL_FUNCTIONS(CURL_ROW) };

int curl_library_load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return error_set(ENOPKG, "cannot load %s: %s", LIBRARY, dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		void *address = dlsym(library, functions[i].name);

		if (!address)
			return error_set(ENOPKG, "%s has no %s", LIBRARY, functions[i].name);
		memcpy((char *)&curl_library + functions[i].offset, &address, sizeof(address));
	}
	return 0;
}
