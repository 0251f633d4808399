/* SPDX-License-Identifier: Apache-2.0 */
#include "image/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/file.h"
#include "base/version.h"

#define CPUINFO_BYTES_MOST (16u << 20)
#define RECORD_BYTES_MOST  (64u << 20)
#define TERMS		   "https://w3id.org/ro/terms/workflow-run#"
#define OWN_TERMS	   "#hull-"
#define LOCK_ID		   "#hull.lock"

/* ---- the machine ----------------------------------------------------------------------------- */

/* The value of the first line "NAME : VALUE" of /proc/cpuinfo. */
static const char *find_line(struct arena *arena, const char *text, const char *name)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *colon = strchr(line, ':');

		if (!strncmp(line, name, strlen(name)) && colon) {
			colon += 1 + (colon[1] == ' ');
			return arena_copy(arena, colon, strcspn(colon, "\n"));
		}
	}
	return "";
}

void record_find_machine(struct arena *arena, struct record_machine *machine)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct utsname names = { 0 };

	(void)uname(&names);
	(void)file_read_at(AT_FDCWD, "/proc/cpuinfo", &text, CPUINFO_BYTES_MOST);
	buffer_text(&text, "");
	machine->processor = find_line(arena, text.data, "model name");
	machine->flags = find_line(arena, text.data, "flags");
	machine->kernel =
		arena_format(arena, "%s %s %s", names.sysname, names.release, names.machine);
	machine->runtime = "hull " HULL_VERSION;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_reference(struct json_writer *writer, const char *key, const char *id)
{
	json_begin_object(writer, key);
	json_write_string(writer, "@id", id);
	json_end_object(writer);
}

static void begin_entity(struct json_writer *writer, const char *id, const char *type)
{
	json_begin_object(writer, NULL);
	json_write_string(writer, "@id", id);
	json_write_string(writer, "@type", type);
}

static void write_time(struct json_writer *writer, const char *key, const struct timespec *time)
{
	char date[40] = "";
	_cleanup_free_ char *text = NULL;
	struct tm parts;

	(void)gmtime_r(&time->tv_sec, &parts);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
	text = string_format("%s.%03ldZ", date, time->tv_nsec / 1000000);
	json_write_string(writer, key, text);
}

static void write_file(struct json_writer *writer, const char *place, const char *path,
	const struct digest *digest, uint64_t size)
{
	_cleanup_free_ char *id = string_format("file://%s", place);

	begin_entity(writer, id, "File");
	json_write_string(writer, "name", path);
	json_write_string(writer, "sha256", digest->hex);
	json_write_unsigned(writer, "contentSize", size);
	json_end_object(writer);
}

static void write_files(struct json_writer *writer, const struct record *record)
{
	for (size_t i = 0; i < record->lock.inputs.count; i++) {
		const struct lock_input *input = &record->lock.inputs.items[i];

		write_file(writer, input->path, input->path, &input->digest, input->size);
	}
	for (size_t i = 0; i < record->outputs.count; i++) {
		const struct record_file *file = &record->outputs.items[i];

		write_file(writer, file->place, file->path, &file->digest, file->size);
	}
}

/* References to them: the inputs, the outputs or both. */
static void write_parts(
	struct json_writer *writer, const char *key, const struct record *record, int which)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < record->lock.inputs.count && which & 1; i++) {
		_cleanup_free_ char *id =
			string_format("file://%s", record->lock.inputs.items[i].path);

		write_reference(writer, NULL, id);
	}
	for (size_t i = 0; i < record->outputs.count && which & 2; i++) {
		_cleanup_free_ char *id =
			string_format("file://%s", record->outputs.items[i].place);

		write_reference(writer, NULL, id);
	}
	json_end_array(writer);
}

static void write_property(
	struct json_writer *writer, const char *id, const char *name, const char *value)
{
	begin_entity(writer, id, "PropertyValue");
	json_write_string(writer, "name", name);
	json_write_string(writer, "value", value);
	json_end_object(writer);
}

/* The machine's facts, under the identifiers that the run names. */
static const struct {
	const char *id, *name;
	size_t offset;
} facts[] = {
	{ OWN_TERMS "processor", "processor", offsetof(struct record_machine, processor) },
	{ OWN_TERMS "flags", "processor flags", offsetof(struct record_machine, flags) },
	{ OWN_TERMS "kernel", "kernel", offsetof(struct record_machine, kernel) },
	{ OWN_TERMS "runtime", "runtime", offsetof(struct record_machine, runtime) },
};

static const char *fact(const struct record_machine *machine, size_t i)
{
	return *(const char *const *)((const char *)machine + facts[i].offset);
}

static void write_machine(struct json_writer *writer, const struct record_machine *machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		write_property(writer, facts[i].id, facts[i].name, fact(machine, i));
}

static void write_usage(struct json_writer *writer, const struct record *record)
{
	const struct timeval *user = &record->usage.ru_utime, *kernel = &record->usage.ru_stime;
	_cleanup_free_ char *seconds =
		string_format("%.3f", (double)(user->tv_sec + kernel->tv_sec) +
					      (double)(user->tv_usec + kernel->tv_usec) / 1e6);
	_cleanup_free_ char *memory = string_format("%ld", record->usage.ru_maxrss);
	_cleanup_free_ char *code = string_format("%d", record->exit_code);

	write_property(writer, OWN_TERMS "cpu-seconds", "processor time, seconds", seconds);
	write_property(writer, OWN_TERMS "memory", "largest resident set, KiB", memory);
	write_property(writer, OWN_TERMS "exit-code", "exit code", code);
}

static void write_env(struct json_writer *writer, const struct shape *shape)
{
	for (size_t i = 0; i < shape->env.count; i++) {
		const char *assignment = shape->env.items[i];
		size_t length = strcspn(assignment, "=");
		_cleanup_free_ char *name = string_format("%.*s", (int)length, assignment);
		_cleanup_free_ char *id = string_format("#env-%s", name);

		write_property(writer, id, name, assignment + length + 1);
	}
}

static void write_run(struct json_writer *writer, const struct record *record, const char *id)
{
	const struct shape *shape = &record->lock.shape;

	begin_entity(writer, id, "CreateAction");
	json_write_string(writer, "name", record->lock.reference);
	write_reference(writer, "instrument", "#command");
	write_parts(writer, "object", record, 1);
	write_parts(writer, "result", record, 2);
	write_time(writer, "startTime", &record->started);
	write_time(writer, "endTime", &record->ended);
	write_reference(writer, "actionStatus",
		record->exit_code ? "http://schema.org/FailedActionStatus"
				  : "http://schema.org/CompletedActionStatus");
	write_reference(writer, "containerImage", "#image");
	json_begin_array(writer, "environment");
	for (size_t i = 0; i < shape->env.count; i++) {
		_cleanup_free_ char *variable = string_format(
			"#env-%.*s", (int)strcspn(shape->env.items[i], "="), shape->env.items[i]);

		write_reference(writer, NULL, variable);
	}
	json_end_array(writer);
	json_begin_array(writer, "resourceUsage");
	write_reference(writer, NULL, OWN_TERMS "cpu-seconds");
	write_reference(writer, NULL, OWN_TERMS "memory");
	write_reference(writer, NULL, OWN_TERMS "exit-code");
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		write_reference(writer, NULL, facts[i].id);
	json_end_array(writer);
	json_end_object(writer);
}

static void write_command(struct json_writer *writer, const struct shape *shape)
{
	_cleanup_buffer_ struct buffer words = { 0 };

	for (size_t i = 0; i < shape->args.count; i++)
		buffer_format(&words, "%s%s", i ? " " : "", shape->args.items[i]);
	begin_entity(writer, "#command", "SoftwareApplication");
	json_write_string(writer, "name", words.data ? words.data : "");
	json_end_object(writer);
}

static void write_image(struct json_writer *writer, const struct lock *lock)
{
	begin_entity(writer, "#image", "ContainerImage");
	write_reference(writer, "additionalType", TERMS "DockerImage");
	json_write_string(writer, "name", lock->reference);
	json_write_string(writer, "sha256", lock->image.manifest.digest.hex);
	json_end_object(writer);
}

static void write_lock(struct json_writer *writer, struct lock *lock)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	lock_write(&text, lock);
	begin_entity(writer, LOCK_ID, "CreativeWork");
	json_write_string(writer, "name", "hull.lock");
	json_write_string(writer, "encodingFormat", "application/json");
	json_write_string(writer, "sha256", lock->environment.hex);
	json_write_string(writer, "text", text.data);
	json_end_object(writer);
}

static void write_root(struct json_writer *writer, const struct record *record, const char *id)
{
	begin_entity(writer, "ro-crate-metadata.json", "CreativeWork");
	write_reference(writer, "conformsTo", "https://w3id.org/ro/crate/1.3");
	write_reference(writer, "about", "./");
	json_end_object(writer);
	begin_entity(writer, "./", "Dataset");
	write_reference(writer, "conformsTo", "https://w3id.org/ro/wfrun/process/0.6");
	json_write_string(writer, "name", record->lock.reference);
	write_time(writer, "datePublished", &record->ended);
	write_parts(writer, "hasPart", record, 3);
	json_begin_array(writer, "mentions");
	write_reference(writer, NULL, id);
	write_reference(writer, NULL, LOCK_ID);
	json_end_array(writer);
	json_end_object(writer);
}

/* RFC 9562, version 4. */
static void make_id(char id[48])
{
	unsigned char b[16] = { 0 };

	(void)getrandom(b, sizeof(b), 0);
	(void)snprintf(id, 48,
		"urn:uuid:%02x%02x%02x%02x-%02x%02x-4%x%02x-%x%x%02x-%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6] & 15, b[7], 8 | (b[8] & 3), b[8] >> 4,
		b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void record_write(struct buffer *text, struct record *record)
{
	struct json_writer writer = { .buffer = text, .pretty = true };
	char id[48];

	make_id(id);
	json_begin_object(&writer, NULL);
	json_begin_array(&writer, "@context");
	json_write_string(&writer, NULL, "https://w3id.org/ro/crate/1.3/context");
	json_write_string(&writer, NULL, "https://w3id.org/ro/terms/workflow-run/context");
	json_end_array(&writer);
	json_begin_array(&writer, "@graph");
	write_root(&writer, record, id);
	write_run(&writer, record, id);
	write_command(&writer, &record->lock.shape);
	write_image(&writer, &record->lock);
	write_files(&writer, record);
	write_env(&writer, &record->lock.shape);
	write_machine(&writer, &record->machine);
	write_usage(&writer, record);
	write_lock(&writer, &record->lock);
	json_end_array(&writer);
	json_end_object(&writer);
	buffer_text(text, "\n");
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *text_of(const struct json *object, const char *key)
{
	const struct json *node = object ? json_get(object, key) : NULL;

	return node && node->type == JSON_STRING ? node->text : NULL;
}

static const struct json *find_entity(const struct json *graph, const char *id)
{
	json_for_each (entity, graph) {
		const char *own = entity->type == JSON_OBJECT ? text_of(entity, "@id") : NULL;

		if (own && !strcmp(own, id))
			return entity;
	}
	return NULL;
}

/* The action whose results are wanted. */
static const struct json *find_run(const struct json *graph)
{
	json_for_each (entity, graph) {
		const char *type = entity->type == JSON_OBJECT ? text_of(entity, "@type") : NULL;

		if (type && !strcmp(type, "CreateAction"))
			return entity;
	}
	return NULL;
}

static int read_output(const struct json *graph, const char *id, struct record_file *file)
{
	const struct json *entity = find_entity(graph, id);
	const struct json *size = entity ? json_get(entity, "contentSize") : NULL;
	const char *name = text_of(entity, "name"), *hex = text_of(entity, "sha256");
	char text[DIGEST_TEXT];

	if (!name || !hex || !size || json_unsigned(size, &file->size) < 0 ||
		strlen(hex) != DIGEST_HEX || strncmp(id, "file://", 7) != 0)
		return error_set(EINVAL, "%s: is no File with name, sha256 and contentSize", id);
	(void)snprintf(text, sizeof(text), "sha256:%s", hex);
	file->path = name;
	file->place = id + strlen("file://");
	return digest_parse(text, &file->digest);
}

static int read_outputs(struct arena *arena, const struct json *graph, const struct json *results,
	struct record_files *files)
{
	files->items = arena_allocate(arena, (results->count + 1) * sizeof(*files->items));
	json_for_each (item, results) {
		const char *id = item->type == JSON_OBJECT ? text_of(item, "@id") : NULL;
		int r = id ? read_output(graph, id, &files->items[files->count])
			   : error_set(EINVAL, "result: must name files");

		if (r < 0)
			return r;
		files->count++;
	}
	return 0;
}

static void read_machine(const struct json *graph, struct record *record)
{
	const char *code = text_of(find_entity(graph, OWN_TERMS "exit-code"), "value");

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		const char *value = text_of(find_entity(graph, facts[i].id), "value");

		*(const char **)((char *)&record->machine + facts[i].offset) = value ? value : "";
	}
	record->exit_code = code ? (int)strtol(code, NULL, 10) : 0;
}

static int record_parse(
	struct arena *arena, const char *name, const struct buffer *text, struct record *record)
{
	const struct json *graph, *run, *results;
	const char *lock;
	struct json *root;
	int r = json_parse(arena, name, text->data ? text->data : "", text->length, &root);

	if (r < 0)
		return r;
	graph = root->type == JSON_OBJECT ? json_get(root, "@graph") : NULL;
	if (!graph || graph->type != JSON_ARRAY)
		return error_set(EINVAL, "%s: is no RO-Crate: it has no @graph", name);
	run = find_run(graph);
	lock = text_of(find_entity(graph, LOCK_ID), "text");
	if (!run || !lock)
		return error_set(EINVAL,
			"%s: is no record of hull's: it has no CreateAction or no hull.lock", name);
	r = lock_parse(arena, name, lock, strlen(lock), &record->lock, NULL);
	if (r >= 0 && record->lock.altered)
		r = error_set(EINVAL, "%s: its hull.lock was changed", name);
	results = json_get(run, "result");
	if (r >= 0 && results && results->type == JSON_ARRAY) {
		r = read_outputs(arena, graph, results, &record->outputs);
		if (r < 0)
			return error_context(r, "%s", name);
	}
	read_machine(graph, record);
	return r;
}

int record_load(struct arena *arena, const char *path, struct record *record)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(AT_FDCWD, path, &text, RECORD_BYTES_MOST);

	*record = (struct record){ 0 };
	if (r < 0)
		return error_errno(r, "record %s", path);
	return record_parse(arena, path, &text, record);
}
