/* SPDX-License-Identifier: Apache-2.0 */
#include "image/signature.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "image/base64.h"
#include "image/gpg.h"
#include "image/json_reader.h"
#include "image/public_key.h"

#define MEDIA_PAYLOAD	     "application/vnd.dev.cosign.simplesigning.v1+json"
#define ANNOTATION_SIGNATURE "dev.cosignproject.cosign/signature"
#define TYPE_COSIGN	     "cosign container image signature"
#define TYPE_GPG	     "atomic container signature"
#define SIGNATURES_MOST	     64

struct signatures {
	struct arena *arena;
	struct image_source *source;
	const struct digest *digest; /* of the image */
	/* Fetched once, for all requirements. */
	bool fetched;
	struct {
		struct buffer payload, signature;
	} items[SIGNATURES_MOST];
	size_t count;
	struct buffer gpg[SIGNATURES_MOST];
	size_t gpg_count;
	bool gpg_fetched;
	const char *why_not; /* the last that did not hold */
};

static void signatures_free(struct signatures *signatures)
{
	for (size_t i = 0; i < signatures->count; i++) {
		buffer_free(&signatures->items[i].payload);
		buffer_free(&signatures->items[i].signature);
	}
	for (size_t i = 0; i < signatures->gpg_count; i++)
		buffer_free(&signatures->gpg[i]);
}

/* One of the layers; what is no signature is passed over. */
static int add(struct signatures *signatures, const struct json *layer)
{
	const struct json *type = json_get(layer, "mediaType"), *size = json_get(layer, "size");
	const struct json *digest = json_get(layer, "digest");
	const struct json *annotations = json_get(layer, "annotations");
	const struct json *text = annotations ? json_get(annotations, ANNOTATION_SIGNATURE) : NULL;
	struct descriptor blob = { 0 };
	struct buffer *payload = &signatures->items[signatures->count].payload;
	struct buffer *signature = &signatures->items[signatures->count].signature;

	if (!type || type->type != JSON_STRING || strcmp(type->text, MEDIA_PAYLOAD) != 0 || !text ||
		text->type != JSON_STRING || !digest || digest->type != JSON_STRING || !size ||
		json_unsigned(size, &blob.size) < 0 ||
		digest_parse(digest->text, &blob.digest) < 0) {
		error_clear();
		return 0;
	}
	signatures->count++;
	if (base64_decode(text->text, signature) < 0)
		signature->length = 0;
	return signatures->source->kind->blob(signatures->source, &blob, payload);
}

static int fetch(struct signatures *signatures)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	const struct json *layers;
	struct json *root;
	int r;

	if (signatures->fetched)
		return 0;
	signatures->fetched = true;
	if (!signatures->source->kind->attached)
		return 0;
	r = signatures->source->kind->attached(signatures->source, signatures->arena,
		arena_format(signatures->arena, "sha256-%s.sig", signatures->digest->hex), &bytes);
	if (r == -ENOENT) {
		error_clear();
		return 0;
	}
	if (r >= 0)
		r = json_parse(signatures->arena, "the manifest of the signatures", bytes.data,
			bytes.length, &root);
	if (r < 0)
		return r;
	layers = json_get(root, "layers");
	if (!layers || layers->type != JSON_ARRAY)
		return 0;
	json_for_each (layer, layers) {
		if (signatures->count == SIGNATURES_MOST)
			break;
		r = layer->type == JSON_OBJECT ? add(signatures, layer) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *text_at(const struct json *node, const char *a, const char *b, const char *c)
{
	const char *const keys[] = { a, b, c };

	for (size_t i = 0; node && i < ARRAY_SIZE(keys) && keys[i]; i++)
		node = node->type == JSON_OBJECT ? json_get(node, keys[i]) : NULL;
	return node && node->type == JSON_STRING ? node->text : NULL;
}

/* What a payload that is really the signer's says: NULL, or why it is not about this image. */
static const char *read_payload(struct signatures *signatures,
	const struct policy_requirement *requirement, const char *wanted_type,
	const struct buffer *payload)
{
	const char *digest, *name, *type;
	struct json *root;

	if (json_parse(signatures->arena, "payload", payload->data, payload->length, &root) < 0) {
		error_clear();
		return "the signed text is no JSON";
	}
	type = text_at(root, "critical", "type", NULL);
	digest = text_at(root, "critical", "image", "docker-manifest-digest");
	name = text_at(root, "critical", "identity", "docker-reference");
	if (!type || strcmp(type, wanted_type) != 0 || !digest || !name)
		return "the signed text is not about an image";
	if (strcmp(digest, DIGEST_SHOW(signatures->digest)) != 0)
		return arena_format(signatures->arena, "it was signed for %.80s", digest);
	if (!policy_identity_fits(requirement, signatures->source->reference, name))
		return arena_format(signatures->arena, "it was signed as \"%.200s\"", name);
	return NULL;
}

static int verify_by(struct signatures *signatures, const struct policy_requirement *requirement,
	const struct policy_key *pem)
{
	_cleanup_public_key_ struct public_key *key = NULL;
	int r = public_key_parse(pem->name, pem->pem, pem->length, &key);

	for (size_t i = 0; r >= 0 && i < signatures->count; i++) {
		const struct buffer *payload = &signatures->items[i].payload;
		const char *why_not = "no signature is by a key of the policy";

		if (public_key_verify(
			    key, &signatures->items[i].signature, payload->data, payload->length))
			why_not = read_payload(signatures, requirement, TYPE_COSIGN, payload);
		if (!why_not) {
			log_info(
				"%s: signed by %s", signatures->source->reference->text, pem->name);
			return 1;
		}
		signatures->why_not = why_not;
	}
	return r;
}

static int verify(struct signatures *signatures, const struct policy_requirement *requirement)
{
	int r = fetch(signatures);

	if (r >= 0 && !signatures->count)
		signatures->why_not = "it has no signature";
	for (size_t i = 0; r == 0 && i < requirement->key_count; i++)
		r = verify_by(signatures, requirement, &requirement->keys[i]);
	return r;
}

/* ---- by GPG: the payload is inside of the signature ------------------------------------------ */

static int fetch_gpg(struct signatures *signatures)
{
	const struct image_source *source = signatures->source;
	int r = 0;

	if (signatures->gpg_fetched)
		return 0;
	signatures->gpg_fetched = true;
	while (r >= 0 && source->kind->signature && signatures->gpg_count < SIGNATURES_MOST) {
		struct buffer *bytes = &signatures->gpg[signatures->gpg_count];

		r = source->kind->signature(signatures->source, signatures->digest,
			(unsigned int)signatures->gpg_count + 1, bytes);
		signatures->gpg_count += r >= 0;
	}
	return r == -ENOENT ? 0 : r;
}

static int verify_gpg_by(struct signatures *signatures,
	const struct policy_requirement *requirement, const struct policy_key *keyring)
{
	for (size_t i = 0; i < signatures->gpg_count; i++) {
		_cleanup_buffer_ struct buffer payload = { 0 };
		int r = gpg_verify(keyring->pem, keyring->length, &signatures->gpg[i], &payload);

		if (r < 0)
			return r;
		signatures->why_not =
			r == 0 || !payload.length
				? "no signature is by a key of the policy"
				: read_payload(signatures, requirement, TYPE_GPG, &payload);
		if (signatures->why_not)
			continue;
		log_info("%s: signed by %s", signatures->source->reference->text, keyring->name);
		return 1;
	}
	return 0;
}

static int verify_gpg(struct signatures *signatures, const struct policy_requirement *requirement)
{
	int r = fetch_gpg(signatures);

	if (r >= 0 && !signatures->gpg_count)
		signatures->why_not = "it has no signature";
	for (size_t i = 0; r == 0 && i < requirement->key_count; i++)
		r = verify_gpg_by(signatures, requirement, &requirement->keys[i]);
	return r;
}

int signature_check(struct arena *arena, const struct policy *policy, struct image_source *source,
	const struct digest *digest)
{
	__attribute__((cleanup(signatures_free))) struct signatures signatures = {
		.arena = arena, .source = source, .digest = digest
	};

	for (size_t i = 0; i < policy->count; i++) {
		const struct policy_requirement *requirement = &policy->requirements[i];
		int r = requirement->kind == POLICY_ACCEPT;

		if (requirement->kind == POLICY_REJECT)
			signatures.why_not = "all such images are";
		else if (requirement->kind == POLICY_SIGSTORE)
			r = verify(&signatures, requirement);
		else if (requirement->kind == POLICY_GPG)
			r = verify_gpg(&signatures, requirement);
		if (r < 0)
			return r;
		if (r == 0)
			return error_set(EACCES, "%s: refused by %s (%s): %s",
				source->reference->text, policy->path, policy->scope,
				signatures.why_not);
	}
	return 0;
}
