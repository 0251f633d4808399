/* SPDX-License-Identifier: Apache-2.0 */
#include "image/curl_library.h"

#include "base/memory.h"
#include "image/library.h"

struct curl_library curl_library;

#define CURL_ROW(name_) { "curl_" #name_, offsetof(struct curl_library, name_) },

int curl_library_load(void)
{
	static const struct library_function functions[] = { CURL_FUNCTIONS(CURL_ROW) };

	return library_load("libcurl.so.4", functions, ARRAY_SIZE(functions), &curl_library);
}
