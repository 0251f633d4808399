/* SPDX-License-Identifier: Apache-2.0 */
/* Several blobs at a time, each resumed where it was cut. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "image/registry_session.h"

#define TOGETHER_MOST		    4
#define NANOSECONDS_PER_MILLISECOND 1000000u

enum lane_state { LANE_FREE, LANE_RUNS, LANE_WAITS };

/* A blob under way. */
struct lane {
	enum lane_state state;
	struct registry *registry;
	struct blob_fetch *fetch;
	struct registry_site *site;
	struct http_transfer transfer;
	uint64_t came;	     /* bytes of the blob that are with the taker */
	uint64_t skip;	     /* of this answer: the server began earlier than it was asked to */
	uint64_t not_before; /* LANE_WAITS: clock_monotonic */
	bool answered;	     /* the first byte of this answer came */
	bool challenged;     /* logged in for this request already */
	unsigned int tries;  /* since bytes came */
	int refused;	     /* what came is wrong, with a message */
};

struct fetching {
	struct registry *registry;
	struct blob_fetch *fetches;
	size_t count, next;
	struct lane lanes[TOGETHER_MOST];
	int result;
	char message[ERROR_TEXT_BYTES];
};

/* ---- what comes ---- */

/* Where the bytes of this answer start; what a server says of its length is checked here too. */
static int check_answer(struct lane *lane, const struct http_answer *answer)
{
	uint64_t size = lane->fetch->blob->size, first = 0, last = 0, whole;
	const char *range = http_header(answer, "Content-Range", NULL);
	const char *type = http_header(answer, "Content-Type", NULL);
	const char *length = http_header(answer, "Content-Length", NULL);
	uint64_t said;

	if (type && !strncasecmp(type, "text/html", 9))
		return error_set(EPROTO,
			"registry %s: it answered text/html instead of a blob: is it a registry?",
			lane->site->host);
	if (answer->status == 206) {
		if (!range || sscanf(range, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last,
				      &whole) < 2)
			return error_set(EPROTO,
				"registry %s: a part of a blob without "
				"Content-Range",
				lane->site->host);
		if (first > lane->came)
			return error_set(EPROTO,
				"registry %s: it sends from byte %" PRIu64
				", asked for was %" PRIu64,
				lane->site->host, first, lane->came);
	}
	lane->skip = lane->came - first;
	if (length && sscanf(length, "%" SCNu64, &said) == 1 && said != size - first)
		return error_set(EBADMSG,
			"registry %s: the blob has %" PRIu64 " bytes by the manifest, but the "
			"registry sends %" PRIu64,
			lane->site->host, size, first + said);
	return 0;
}

static int take(void *context, const struct http_answer *answer, const void *bytes, size_t length)
{
	struct lane *lane = context;
	const char *from = bytes;

	if (!lane->answered) {
		lane->answered = true;
		lane->refused = check_answer(lane, answer);
		if (lane->refused < 0)
			return lane->refused;
	}
	if (lane->skip >= length) {
		lane->skip -= length;
		return 0;
	}
	from += lane->skip;
	length -= lane->skip;
	lane->skip = 0;
	if (length > lane->fetch->blob->size - lane->came)
		lane->refused = error_set(EBADMSG,
			"registry %s: the blob is longer than the %" PRIu64
			" bytes that the manifest says",
			lane->site->host, lane->fetch->blob->size);
	else
		lane->refused = lane->fetch->take(lane->fetch->context, from, length);
	if (lane->refused < 0)
		return lane->refused;
	lane->came += length;
	lane->tries = 0;
	return 0;
}

/* ---- lanes ---- */

static void start_request(struct lane *lane)
{
	struct registry *registry = lane->registry;

	lane->state = LANE_RUNS;
	lane->answered = false;
	lane->skip = 0;
	lane->transfer = (struct http_transfer){
		.request = { .method = "GET",
			.url = arena_format(&registry->arena, "%s/blobs/%s", lane->site->base,
				DIGEST_SHOW(&lane->fetch->blob->digest)),
			.trust = &lane->site->trust,
			.from = lane->came,
			.take = take,
			.context = lane },
	};
	registry_authorize(lane->site, &lane->transfer.request);
	http_begin(registry->http, &lane->transfer);
}

static void keep_failure(struct fetching *fetching, int result)
{
	if (result >= 0 || fetching->result < 0)
		return;
	fetching->result = result;
	(void)snprintf(fetching->message, sizeof(fetching->message), "%s", error_text(result));
}

static void finish(struct fetching *fetching, struct lane *lane, int result)
{
	lane->state = LANE_FREE;
	keep_failure(fetching, lane->fetch->end(lane->fetch->context, result));
}

/* The next blob that has something to be fetched. */
static void fill(struct fetching *fetching, struct lane *lane)
{
	while (fetching->result >= 0 && fetching->next < fetching->count) {
		struct blob_fetch *fetch = &fetching->fetches[fetching->next++];
		uint64_t from = 0;
		int r = fetch->begin(fetch->context, &from);

		if (r < 0)
			keep_failure(fetching, r);
		if (r != 0)
			continue;
		*lane = (struct lane){ .registry = fetching->registry,
			.fetch = fetch,
			.site = fetching->registry->site,
			.came = from };
		if (from < fetch->blob->size) {
			start_request(lane);
			return;
		}
		/* All came before, and the end of it did not. */
		finish(fetching, lane, 0);
	}
}

/* Something may go better later, or elsewhere: true when the lane goes on. */
static bool goes_on(struct lane *lane, const char **why, int *error)
{
	const struct http_answer *answer = &lane->transfer.answer;
	struct registry *registry = lane->registry;
	struct http_answer cut = { .error = -EPIPE, .may_be_tried_again = true };
	int delay;

	*why = NULL;
	if (lane->refused < 0)
		return false;
	if (answer->status == 401 && !answer->error && !lane->challenged) {
		lane->challenged = true;
		*error = registry_answer_challenge(registry, lane->site, answer, NULL);
		lane->not_before = 0;
		return *error >= 0;
	}
	/* An end before the end, whatever the registry thinks of it. */
	if (!answer->error && (answer->status == 200 || answer->status == 206)) {
		answer = &cut;
		*why = "the connection was cut";
	}
	delay = registry_retry_delay(registry, answer, lane->tries++);
	if (delay < 0)
		return false;
	log_info("registry %s: blob at byte %" PRIu64 ": %s; trying again in %.1f s",
		lane->site->host, lane->came,
		*why		? *why
		: answer->error ? answer->words
				: "no answer",
		delay / 1000.0);
	lane->challenged = false;
	lane->not_before = clock_monotonic() + (uint64_t)delay * NANOSECONDS_PER_MILLISECOND;
	return true;
}

static int describe(struct lane *lane, const char *why)
{
	const struct http_answer *answer = &lane->transfer.answer;
	const struct descriptor *blob = lane->fetch->blob;

	if (lane->refused < 0)
		return error_set(lane->refused, "%s", answer->words);
	if (why || answer->may_be_tried_again)
		return error_set(why ? EPIPE : answer->error,
			"registry %s: blob %.19s...: %s after %" PRIu64 " of %" PRIu64
			" bytes; what came is kept, the next try goes on from there",
			lane->site->host, DIGEST_SHOW(&blob->digest), why ? why : answer->words,
			lane->came, blob->size);
	return registry_refuse(lane->registry, lane->site, answer,
		arena_format(&lane->registry->arena, "blob %.19s...", DIGEST_SHOW(&blob->digest)));
}

static void next_step(struct fetching *fetching, struct lane *lane)
{
	const struct registry *registry = fetching->registry;
	const char *why = NULL;
	int result = 0;

	if (lane->came == lane->fetch->blob->size && lane->refused >= 0) {
		http_end(registry->http, &lane->transfer);
		finish(fetching, lane, 0);
		return;
	}
	if (goes_on(lane, &why, &result)) {
		http_end(registry->http, &lane->transfer);
		lane->state = LANE_WAITS;
		return;
	}
	if (result >= 0)
		result = describe(lane, why);
	http_end(registry->http, &lane->transfer);
	/* A mirror that lacks a blob, or has a wrong one: the next site. */
	if (lane->site < registry->sites + registry->site_count - 1 && lane->site->is_mirror &&
		lane->refused >= 0) {
		log_info("mirror %s: %s", lane->site->host, error_text(result));
		lane->site++;
		lane->tries = 0;
		lane->challenged = false;
		lane->not_before = 0;
		lane->state = LANE_WAITS;
		return;
	}
	finish(fetching, lane, result);
}

/* One round over the lanes: true when some are busy. *PATIENCE: milliseconds until one wakes. */
static bool step(struct fetching *fetching, int *patience)
{
	uint64_t now = clock_monotonic();
	bool busy = false;

	*patience = 1000;
	for (size_t i = 0; i < TOGETHER_MOST; i++) {
		struct lane *lane = &fetching->lanes[i];

		if (lane->state == LANE_RUNS && lane->transfer.done)
			next_step(fetching, lane);
		if (lane->state != LANE_FREE && fetching->result < 0) {
			if (lane->state == LANE_RUNS)
				http_end(fetching->registry->http, &lane->transfer);
			finish(fetching, lane, -ECANCELED);
		}
		if (lane->state == LANE_WAITS && lane->not_before <= now)
			start_request(lane);
		if (lane->state == LANE_WAITS) {
			uint64_t left = (lane->not_before - now) / NANOSECONDS_PER_MILLISECOND + 1;

			*patience = left < (uint64_t)*patience ? (int)left : *patience;
		}
		if (lane->state == LANE_FREE)
			fill(fetching, lane);
		busy |= lane->state != LANE_FREE;
	}
	return busy;
}

int registry_fetch_all(struct registry *registry, struct blob_fetch *fetches, size_t count)
{
	struct fetching *fetching = arena_allocate(&registry->arena, sizeof(*fetching));
	int patience;

	fetching->registry = registry;
	fetching->fetches = fetches;
	fetching->count = count;
	while (step(fetching, &patience))
		http_pump(registry->http, patience);
	return fetching->result < 0 ? error_set(fetching->result, "%s", fetching->message) : 0;
}
