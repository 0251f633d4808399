/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* "12", "1.5" or ".5": whole + fraction / fraction_unit, so that whole numbers lose no digit. */
struct decimal {
	uint64_t whole, fraction, fraction_unit;
};

static int decimal_read(const char **at, struct decimal *decimal)
{
	const char *begin = *at;

	*decimal = (struct decimal){ .fraction_unit = 1 };
	for (; **at >= '0' && **at <= '9'; ++*at)
		if (__builtin_mul_overflow(decimal->whole, 10, &decimal->whole) ||
			__builtin_add_overflow(
				decimal->whole, (uint64_t)(**at - '0'), &decimal->whole))
			return -ERANGE;
	if (**at != '.')
		return *at > begin ? 0 : -EINVAL;
	for (++*at; **at >= '0' && **at <= '9'; ++*at) {
		if (decimal->fraction_unit >= 1000000000000000000u)
			continue;
		decimal->fraction = decimal->fraction * 10 + (uint64_t)(**at - '0');
		decimal->fraction_unit *= 10;
	}
	return *at > begin + 1 ? 0 : -EINVAL;
}

static int decimal_times(const struct decimal *decimal, uint64_t unit, uint64_t *product)
{
	uint64_t part = (uint64_t)((long double)decimal->fraction * (long double)unit /
				   (long double)decimal->fraction_unit);

	if (__builtin_mul_overflow(decimal->whole, unit, product) ||
		__builtin_add_overflow(*product, part, product) || *product > INT64_MAX)
		return -ERANGE;
	return 0;
}

int quantity_bytes(const char *text, int64_t *bytes)
{
	static const char letters[] = "kmgtp";
	struct decimal decimal;
	uint64_t product;
	unsigned int shift = 0;
	int r = decimal_read(&text, &decimal);

	if (r < 0)
		return r;
	text += *text == ' ';
	/* A letter, perhaps with "b" or "ib" behind it; "b" alone is a byte. */
	if (*text) {
		char letter = (char)(*text | 0x20);
		const char *found = strchr(letters, letter);

		if (found) {
			shift = 10 * (unsigned int)(found - letters + 1);
			text++;
			text += *text && (*text | 0x20) == 'i' && (text[1] | 0x20) == 'b';
		}
		text += *text && (*text | 0x20) == 'b';
	}
	if (*text)
		return -EINVAL;
	r = decimal_times(&decimal, UINT64_C(1) << shift, &product);
	if (r >= 0)
		*bytes = (int64_t)product;
	return r;
}

/* The unit at TEXT in nanoseconds and its length; 0 when there is none. */
static uint64_t duration_unit(const char *text, size_t *length)
{
	static const struct {
		const char *name;
		uint64_t nanoseconds;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "\xc2\xb5s", 1000 }, /* µ, the micro sign */
		{ "\xce\xbcs", 1000 }, /* μ, the Greek letter */
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60000000000 },
		{ "h", 3600000000000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		*length = strlen(units[i].name);
		if (!strncmp(text, units[i].name, *length))
			return units[i].nanoseconds;
	}
	return 0;
}

int quantity_duration(const char *text, uint64_t *nanoseconds)
{
	uint64_t sum = 0;

	do {
		struct decimal decimal;
		size_t length = 0;
		uint64_t unit, part;
		int r = decimal_read(&text, &decimal);

		if (r < 0)
			return r;
		unit = duration_unit(text, &length);
		/* Without a unit only where it is the only number. */
		if (!unit && (*text || sum))
			return -EINVAL;
		r = decimal_times(&decimal, unit ? unit : 1000000000, &part);
		if (r < 0)
			return r;
		if (__builtin_add_overflow(sum, part, &sum) || sum > INT64_MAX)
			return -ERANGE;
		text += unit ? length : 0;
	} while (*text);
	*nanoseconds = sum;
	return 0;
}
