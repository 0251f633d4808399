/* SPDX-License-Identifier: Apache-2.0 */
#include "image/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

int library_load(
	const char *file, const struct library_function *functions, size_t count, void *table)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return error_set(ENOPKG, "cannot load %s: %s", file, dlerror());
	for (size_t i = 0; i < count; i++) {
		void *address = dlsym(library, functions[i].name);

		if (!address)
			return error_set(ENOPKG, "%s has no %s", file, functions[i].name);
		memcpy((char *)table + functions[i].offset, &address, sizeof(address));
	}
	return 0;
}
