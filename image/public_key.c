/* SPDX-License-Identifier: Apache-2.0 */
#include "image/public_key.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/error.h"

static EVP_PKEY *key_of(const struct public_key *public_key)
{
	return (EVP_PKEY *)public_key;
}

int public_key_parse(
	const char *name, const char *pem, size_t length, struct public_key **public_key)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)length);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	(void)BIO_free(bio);
	*public_key = (struct public_key *)key;
	return key ? 0 : error_set(EINVAL, "%s: is no public key (PEM)", name);
}

void public_key_free(struct public_key **public_key)
{
	EVP_PKEY_free(key_of(*public_key));
	*public_key = NULL;
}

bool public_key_verify(const struct public_key *public_key, const struct buffer *signature,
	const void *bytes, size_t length)
{
	EVP_PKEY *key = key_of(public_key);
	const EVP_MD *hash = EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestVerifyInit(context, NULL, hash, NULL, key) == 1 &&
		    EVP_DigestVerify(context, (const unsigned char *)signature->data,
			    signature->length, bytes, length) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

int base64_decode(const char *text, struct buffer *bytes)
{
	size_t length = strlen(text), padding = 0;
	int n;

	while (length && strchr("\r\n", text[length - 1]))
		length--;
	if (!length || length % 4 || length > INT_MAX)
		return -EINVAL;
	while (padding < 2 && text[length - 1 - padding] == '=')
		padding++;
	n = EVP_DecodeBlock((unsigned char *)buffer_reserve(bytes, length),
		(const unsigned char *)text, (int)length);
	if (n < 0)
		return -EINVAL;
	/* It counts the padding as bytes. */
	bytes->length += (size_t)n - padding;
	return 0;
}
