/* SPDX-License-Identifier: Apache-2.0 */
#include "image/public_key.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "image/library.h"

/* libcrypto's functions, loaded with the first key. */
#define FUNCTIONS(row_)                                                                            \
	row_(BIO_free) row_(BIO_new_mem_buf) row_(EVP_DigestVerify) row_(EVP_DigestVerifyInit)     \
		row_(EVP_MD_CTX_free) row_(EVP_MD_CTX_new) row_(EVP_PKEY_free)                     \
			row_(EVP_PKEY_get_id) row_(EVP_sha256) row_(PEM_read_bio_PUBKEY)

#define MEMBER(name_) __typeof__(name_) *name_;
#define ROW(name_)    { #name_, offsetof(struct crypto, name_) },

static struct crypto {
	FUNCTIONS(MEMBER)
} crypto;

static const struct library_function functions[] = { FUNCTIONS(ROW) };

static EVP_PKEY *key_of(const struct public_key *public_key)
{
	return (EVP_PKEY *)public_key;
}

int public_key_parse(
	const char *name, const char *pem, size_t length, struct public_key **public_key)
{
	int r = library_load("libcrypto.so.3", functions, ARRAY_SIZE(functions), &crypto);
	EVP_PKEY *key;
	BIO *bio;

	*public_key = NULL;
	if (r < 0)
		return r;
	bio = crypto.BIO_new_mem_buf(pem, (int)length);
	key = bio ? crypto.PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	(void)crypto.BIO_free(bio);
	*public_key = (struct public_key *)key;
	return key ? 0 : error_set(EINVAL, "%s: is no public key (PEM)", name);
}

void public_key_free(struct public_key **public_key)
{
	if (*public_key)
		crypto.EVP_PKEY_free(key_of(*public_key));
	*public_key = NULL;
}

bool public_key_verify(const struct public_key *public_key, const struct buffer *signature,
	const void *bytes, size_t length)
{
	EVP_PKEY *key = key_of(public_key);
	const EVP_MD *hash =
		crypto.EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? NULL : crypto.EVP_sha256();
	EVP_MD_CTX *context = crypto.EVP_MD_CTX_new();
	bool good = context && crypto.EVP_DigestVerifyInit(context, NULL, hash, NULL, key) == 1 &&
		    crypto.EVP_DigestVerify(context, (const unsigned char *)signature->data,
			    signature->length, bytes, length) == 1;

	crypto.EVP_MD_CTX_free(context);
	return good;
}
