/* SPDX-License-Identifier: Apache-2.0 */
/* What an update makes of config.json, and what it takes over from it. */
#include "spec/update.h"

#include <unistd.h>

#include "base/error.h"
#include "tests/unit/test.h"

static void check_document(const char *document, const char *update, const char *wanted)
{
	_cleanup_buffer_ struct buffer text = { 0 }, old = { 0 }, new = { 0 };

	buffer_text(&old, document);
	buffer_text(&new, update);
	if (update_document(&text, &old, "resources", &new) < 0) {
		CHECK_TEXT("refused", wanted, update);
		error_clear();
		return;
	}
	CHECK_TEXT(text.data, wanted, update);
}

static void test_documents(void)
{
#define IN(resources) "{\"linux\":{\"resources\":" resources "}}"
	check_document("{}", "{}", IN("{}"));
	check_document("{\"a\":[1,{\"b\":null}],\"linux\":{\"c\":1.50}}",
		"{\"pids\":{\"limit\":5}}",
		"{\"a\":[1,{\"b\":null}],\"linux\":{\"c\":1.50,\"resources\":{\"pids\":{\"limit\":"
		"5}}"
		"}}");
	check_document(IN("{\"pids\":{\"limit\":7},\"x\":true}"), "{\"pids\":{\"limit\":5}}",
		IN("{\"pids\":{\"limit\":5},\"x\":true}"));
	/* What is not given. */
	check_document(IN("{\"cpu\":{\"shares\":7,\"cpus\":\"0\",\"idle\":1,\"burst\":3}}"),
		"{\"cpu\":{\"shares\":0,\"cpus\":\"\",\"idle\":0,\"burst\":0},\"memory\":null,"
		"\"hugepageLimits\":[]}",
		IN("{\"cpu\":{\"shares\":7,\"cpus\":\"0\",\"idle\":0,\"burst\":0}}"));
	check_document(IN("{\"memory\":null}"), "{\"memory\":{\"limit\":1}}",
		IN("{\"memory\":{\"limit\":1}}"));
	check_document(IN("null"), "{\"memory\":{\"limit\":1}}", IN("{\"memory\":{\"limit\":1}}"));
	/* Numbers beyond a double's digits. */
	check_document(IN("{\"a\":9223372036854775807}"), "{\"b\":18446744073709551615}",
		IN("{\"a\":9223372036854775807,\"b\":18446744073709551615}"));
	/* Lists: by size or device, rules as a whole. */
	check_document(IN("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1},"
			  "{\"pageSize\":\"1GB\",\"limit\":2}]}"),
		"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":3}]}",
		IN("{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":2},"
		   "{\"pageSize\":\"2MB\",\"limit\":3}]}"));
	check_document(IN("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,"
			  "\"rate\":1},{\"major\":8,\"minor\":1,\"rate\":2}]}}"),
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5}]}}",
		IN("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":2},"
		   "{\"major\":8,\"minor\":0,\"rate\":5}]}}"));
	check_document(IN("{\"devices\":[{\"allow\":false},{\"allow\":true,\"major\":1,\"minor\":2}"
			  "]}"),
		"{\"devices\":[{\"allow\":false}]}", IN("{\"devices\":[{\"allow\":false}]}"));
	check_document("[", "{}", "refused");
}

/* The swap limit that is applied, or why nothing is. */
static void check_complete(const char *present, const char *update, const char *wanted)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *old, *new;
	char got[64];

	NEED(config_parse_resources(&arena, "old", present, strlen(present), &old) >= 0);
	NEED(config_parse_resources(&arena, "new", update, strlen(update), &new) >= 0);
	if (update_complete(new, old, &arena) < 0)
		(void)snprintf(got, sizeof(got), "refused");
	else if (new->memory &&new->memory->swap.set)
		(void)snprintf(got, sizeof(got), "%lld%s", (long long)new->memory->swap.value,
			new->memory->check_before_update.value ? " checked" : "");
	else
		(void)snprintf(got, sizeof(got), "none");
	error_clear();
	CHECK_TEXT(got, wanted, update);
}

static void test_complete(void)
{
	static const char both[] = "{\"memory\":{\"limit\":10,\"swap\":20}}";

	check_complete("{}", "{\"memory\":{\"limit\":10}}", "none");
	check_complete(both, "{}", "none");
	check_complete(both, "{\"memory\":{\"reservation\":5}}", "none");
	check_complete(both, "{\"memory\":{\"limit\":15}}", "20");
	check_complete(both, "{\"memory\":{\"limit\":15,\"swap\":0}}", "20");
	check_complete(both, "{\"memory\":{\"limit\":30}}", "refused");
	check_complete(both, "{\"memory\":{\"limit\":30,\"swap\":40}}", "40");
	check_complete(both, "{\"memory\":{\"limit\":-1}}", "-1");
	check_complete(
		"{\"memory\":{\"limit\":10,\"swap\":-1}}", "{\"memory\":{\"limit\":30}}", "none");
	check_complete("{\"memory\":{\"swap\":20,\"limit\":10,\"checkBeforeUpdate\":true}}",
		"{\"memory\":{\"limit\":15}}", "20 checked");
	check_complete("{\"memory\":{\"swap\":20,\"limit\":10,\"checkBeforeUpdate\":true}}",
		"{\"memory\":{\"limit\":15,\"checkBeforeUpdate\":false}}", "20");
}

int main(void)
{
	test_documents();
	test_complete();
	return test_end();
}
