/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/version.h"
#include "checkpoint/migrate.h"
#include "checkpoint/tree_transfer.h"
#include "checkpoint/tree_walk.h"

#define SECOND	    1000000000ULL
#define MILLISECOND 1000000ULL
#define MEBIBYTE    1048576ULL
/* What a container costs that has no memory, and what each MiB takes to save and to restore. */
#define FIXED_COST   (150 * MILLISECOND)
#define SAVE_COST    (800 * MILLISECOND / 1000)
#define RESTORE_COST (1000 * MILLISECOND / 1000)
/* Until something was sent: a gigabit a second. */
#define FIRST_SPEED  (120 * MEBIBYTE)
#define SPEED_SAMPLE MEBIBYTE
#define ASKS	     6
#define FIRST_PAUSE  100 /* ms, doubled each time */

struct sending {
	struct migrate_plan *plan;
	struct tree_list files; /* of the root file system, as the target has it */
	int64_t files_since;
	uint64_t begun, stopped, total, speed; /* total: bytes of memory; speed: bytes per second */
	unsigned int round;
	uint64_t predicted;
};

/* ---- files ----------------------------------------------------------------------------------- */

static int64_t wall_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * (int64_t)SECOND + now.tv_nsec;
}

static void learn_speed(struct sending *sending, uint64_t bytes, uint64_t nanoseconds)
{
	if (bytes >= SPEED_SAMPLE && nanoseconds > MILLISECOND)
		sending->speed = bytes * 1000 / (nanoseconds / MILLISECOND);
}

static int send_files(struct sending *sending)
{
	struct migrate_plan *plan = sending->plan;
	struct migrate_progress progress = { .phase = MIGRATE_FILES };
	uint64_t begun = clock_monotonic(), sent = plan->transport->sent;
	int r;

	if (plan->rootfs_fd < 0)
		return 0;
	sending->files_since = wall_clock();
	r = tree_walk(plan->rootfs_fd, &sending->files);
	if (r >= 0)
		r = tree_send(plan->transport, plan->rootfs_fd, &sending->files, true);
	if (r < 0)
		return r;
	progress.bytes = plan->transport->sent - sent;
	progress.nanoseconds = clock_monotonic() - begun;
	learn_speed(sending, progress.bytes, progress.nanoseconds);
	plan->tell(plan->context, &progress);
	return 0;
}

static int send_changed_files(struct sending *sending)
{
	_cleanup_tree_list_ struct tree_list now = { 0 }, changes = { 0 };
	struct migrate_plan *plan = sending->plan;
	int r;

	if (plan->rootfs_fd < 0)
		return 0;
	r = tree_walk(plan->rootfs_fd, &now);
	if (r < 0)
		return r;
	tree_changes(&sending->files, &now, sending->files_since, &changes);
	return tree_send(plan->transport, plan->rootfs_fd, &changes, false);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void predict(struct sending *sending, uint64_t dirty)
{
	sending->predicted = FIXED_COST + dirty * 1000 / sending->speed * MILLISECOND +
			     dirty / MEBIBYTE * SAVE_COST +
			     sending->total / MEBIBYTE * RESTORE_COST;
}

static int copy_round(struct sending *sending, struct migrate_progress *progress)
{
	struct migrate_plan *plan = sending->plan;
	uint64_t begun = clock_monotonic(), sent = plan->transport->sent;
	uint32_t number = htole32(++sending->round);
	int r = plan->what->copy_round(plan->self, sending->round, plan->transport);

	if (r >= 0)
		r = transport_put(plan->transport, FRAME_ROUND, &number, sizeof(number));
	if (r >= 0)
		r = transport_expect(plan->transport, FRAME_OK);
	if (r >= 0)
		r = plan->what->dirty_left(plan->self, &progress->dirty);
	if (r < 0)
		return r;
	progress->phase = MIGRATE_ROUND;
	progress->round = sending->round;
	progress->bytes = plan->transport->sent - sent;
	progress->nanoseconds = clock_monotonic() - begun;
	progress->dirty_rate = progress->dirty * 1000 / (progress->nanoseconds / MILLISECOND + 1);
	learn_speed(sending, progress->bytes, progress->nanoseconds);
	if (sending->round == 1)
		sending->total = progress->bytes;
	predict(sending, progress->dirty);
	progress->predicted = sending->predicted;
	plan->tell(plan->context, progress);
	return 0;
}

static int copy_rounds(struct sending *sending, bool has_rounds)
{
	struct migrate_plan *plan = sending->plan;
	struct migrate_progress progress = { 0 };
	uint64_t last = UINT64_MAX;
	int r = plan->what->dirty_left(plan->self, &sending->total);

	if (r < 0)
		return r;
	predict(sending, sending->total);
	while (has_rounds && sending->round < plan->max_rounds && last) {
		r = copy_round(sending, &progress);
		if (r < 0)
			return r;
		if (sending->predicted <= plan->max_downtime ||
			/* It does not converge. */
			progress.dirty >= last / 10 * 9)
			break;
		last = progress.dirty;
	}
	if (plan->give_up && sending->predicted > plan->max_downtime)
		return error_set(ETIME,
			"it would stand still for %llu ms, which is longer than --max-downtime",
			(unsigned long long)(sending->predicted / MILLISECOND));
	return 0;
}

/* ---- the change of owners -------------------------------------------------------------------- */

/* The connection is lost between COMMIT and DONE: only the target can say whether it has heard. */
static int ask_owner(struct sending *sending)
{
	struct migrate_plan *plan = sending->plan;
	_cleanup_free_ char *why = string_copy(error_text(-EPIPE));
	unsigned int pause = FIRST_PAUSE;

	for (int i = 0; i < ASKS; i++, pause *= 2) {
		enum frame_type answer;

		if (plan->ask(plan->context, &answer) >= 0)
			return answer == FRAME_MINE ? 0 : error_set(ECONNABORTED, "%s", why);
		clock_sleep(pause);
	}
	return error_set(-MIGRATE_IN_DOUBT,
		"%s, and cannot be asked whether it has the container. Until that is known it "
		"stays "
		"paused: hull migrate --settle",
		why);
}

static int commit(struct sending *sending)
{
	struct migrate_plan *plan = sending->plan;
	int r = plan->what->give(plan->self);

	if (r < 0)
		return r;
	r = transport_put(plan->transport, FRAME_COMMIT, NULL, 0);
	if (plan->transport->one_way) {
		if (r >= 0)
			r = transport_flush(plan->transport);
		return r < 0 ? r : plan->commit(plan->context);
	}
	if (r >= 0)
		r = transport_expect(plan->transport, FRAME_DONE);
	/* Only its own word that it has failed is sure. */
	return r >= 0 || plan->transport->failed ? r : ask_owner(sending);
}

/* Nothing of it runs. */
static int hand_over(void *context)
{
	struct sending *sending = context;
	struct migrate_plan *plan = sending->plan;
	uint32_t number = htole32(sending->round);
	int r = send_changed_files(sending);

	if (r >= 0)
		r = plan->what->send_last(plan->self, sending->round, plan->transport);
	if (r >= 0)
		r = transport_put(plan->transport, FRAME_RESTORE, &number, sizeof(number));
	if (r >= 0)
		r = transport_expect(plan->transport, FRAME_READY);
	if (r < 0) {
		/* Before anything else: it shall let go of what it has made. */
		transport_fail(plan->transport, r);
		return r;
	}
	r = commit(sending);
	if (r >= 0)
		sending->stopped = clock_monotonic() - sending->stopped;
	return r;
}

static int send_all(struct sending *sending)
{
	struct migrate_plan *plan = sending->plan;
	_cleanup_buffer_ struct buffer hello = { 0 };
	bool has_rounds = false;
	int r = plan->what->begin(plan->self, &plan->manifest, &has_rounds);

	if (r < 0)
		return r;
	plan->manifest.protocol = MIGRATION_PROTOCOL;
	plan->manifest.hull = HULL_VERSION;
	migration_manifest_write(&plan->manifest, &hello);
	r = transport_put(plan->transport, FRAME_HELLO, hello.data, hello.length);
	if (r >= 0)
		r = transport_expect(plan->transport, FRAME_ACCEPT);
	if (r >= 0)
		r = send_files(sending);
	if (r >= 0)
		r = copy_rounds(sending, has_rounds);
	if (r < 0)
		return r;
	plan->tell(plan->context, &(struct migrate_progress){ .phase = MIGRATE_STOPPED,
					  .predicted = sending->predicted });
	sending->round++;
	sending->stopped = clock_monotonic();
	return plan->what->stop(plan->self, sending->round, hand_over, sending);
}

int migrate_send(struct migrate_plan *plan)
{
	struct sending sending = { .plan = plan, .begun = clock_monotonic(), .speed = FIRST_SPEED };
	int r = send_all(&sending);

	if (r == MIGRATE_IN_DOUBT) {
		tree_list_free(&sending.files);
		return r;
	}
	if (r < 0) {
		transport_fail(plan->transport, r);
		plan->what->roll_back(plan->self);
	} else {
		r = plan->what->finish(plan->self);
		/* It is there whether or not this arrives. */
		if (!plan->transport->one_way &&
			transport_put(plan->transport, FRAME_BYE, NULL, 0) >= 0)
			(void)transport_flush(plan->transport);
		plan->tell(plan->context, &(struct migrate_progress){ .phase = MIGRATE_DONE,
						  .round = sending.round,
						  .bytes = plan->transport->sent,
						  .nanoseconds = clock_monotonic() - sending.begun,
						  .predicted = sending.predicted,
						  .downtime = sending.stopped });
	}
	tree_list_free(&sending.files);
	return r;
}

int migrate_ask(struct transport *transport, const char *key, enum frame_type *answer)
{
	struct frame frame;
	int r = transport_put(transport, FRAME_ASK, key, strlen(key));

	if (r >= 0)
		r = transport_next(transport, &frame);
	if (r < 0)
		return r;
	*answer = frame.type;
	return frame.type == FRAME_MINE || frame.type == FRAME_YOURS ? 0 : frame_unexpected(&frame);
}
