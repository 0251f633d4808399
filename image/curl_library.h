/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CURL_LIBRARY_H
#define HULL_IMAGE_CURL_LIBRARY_H

/*
 * libcurl, loaded when it is first needed: it brings some thirty libraries, which
 * cost several milliseconds, and running an image that is here asks no registry.
 * Include this in place of curl/curl.h.
 */
#include <curl/curl.h>

#define CURL_FUNCTIONS(row_)                                                                       \
	row_(easy_cleanup) row_(easy_getinfo) row_(easy_init) row_(easy_setopt)                    \
		row_(easy_strerror) row_(free) row_(global_init) row_(multi_add_handle)            \
			row_(multi_cleanup) row_(multi_info_read) row_(multi_init)                 \
				row_(multi_perform) row_(multi_poll) row_(multi_remove_handle)     \
					row_(slist_append) row_(slist_free_all) row_(url)          \
						row_(url_cleanup) row_(url_get) row_(url_set)

#undef curl_easy_getinfo
#undef curl_easy_setopt

#define CURL_MEMBER(name_) __typeof__(curl_##name_) *name_;
struct curl_library {
	CURL_FUNCTIONS(CURL_MEMBER)
};

/* Filled by curl_library_load. */
extern struct curl_library curl_library;

/* 0, also when it is there already; else a negative errno with a message. */
int curl_library_load(void);

#define curl_easy_cleanup	 curl_library.easy_cleanup
#define curl_easy_getinfo	 curl_library.easy_getinfo
#define curl_easy_init		 curl_library.easy_init
#define curl_easy_setopt	 curl_library.easy_setopt
#define curl_easy_strerror	 curl_library.easy_strerror
#define curl_free		 curl_library.free
#define curl_global_init	 curl_library.global_init
#define curl_multi_add_handle	 curl_library.multi_add_handle
#define curl_multi_cleanup	 curl_library.multi_cleanup
#define curl_multi_info_read	 curl_library.multi_info_read
#define curl_multi_init		 curl_library.multi_init
#define curl_multi_perform	 curl_library.multi_perform
#define curl_multi_poll		 curl_library.multi_poll
#define curl_multi_remove_handle curl_library.multi_remove_handle
#define curl_slist_append	 curl_library.slist_append
#define curl_slist_free_all	 curl_library.slist_free_all
#define curl_url		 curl_library.url
#define curl_url_cleanup	 curl_library.url_cleanup
#define curl_url_get		 curl_library.url_get
#define curl_url_set		 curl_library.url_set

#endif
