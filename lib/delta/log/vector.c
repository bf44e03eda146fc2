#include "delta/log/vector.h"

#include <inttypes.h>
#include <string.h>

#include "delta/log/uri.h"

void
delta_dv_id(struct buf *out, const struct delta_dv *dv)
{
	buf_addf(out, "%c%s", dv->storage, dv->path_or_inline);
	if (dv->has_offset)
		buf_addf(out, "@%" PRId64, dv->offset);
}

static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

bool
delta_z85(struct buf *out, const char *text, size_t n)
{
	const char *at;
	uint64_t v;
	size_t i, k;

	if (n % 5 != 0)
		return false;
	for (i = 0; i < n; i += 5) {
		v = 0;
		for (k = 0; k < 5; k++) {
			if (text[i + k] == '\0' || (at = strchr(alphabet, text[i + k])) == NULL)
				return false;
			v = 85 * v + (uint64_t)(at - alphabet);
		}
		if (v > UINT32_MAX)
			return false;
		for (k = 0; k < 4; k++)
			buf_addc(out, (uint8_t)(v >> (24 - 8 * k)));
	}
	return true;
}

/* Appends four bytes as the five characters of a number, big-endian. */
static void
put_word(struct buf *out, uint32_t v)
{
	uint8_t text[5];
	size_t i;

	for (i = 5; i > 0; v /= 85)
		text[--i] = (uint8_t)alphabet[v % 85];
	buf_add(out, text, sizeof(text));
}

void
delta_dv_put_uuid(const char *uuid, struct buf *out)
{
	enum { DIGITS = 8 };
	uint32_t v = 0;
	unsigned n = 0;

	for (; *uuid != '\0'; uuid++) {
		if (*uuid == '-')
			continue;
		v = v << 4 | (uint32_t)(*uuid <= '9' ? *uuid - '0' : *uuid - 'a' + 10);
		if (++n % DIGITS == 0)
			put_word(out, v);
	}
}

/* Converts "<prefix><20 characters of Z85>" to "<prefix>/deletion_vector_<uuid>.bin". */
static bool
uuid_name(const char *text, struct buf *name)
{
	enum { UUID_CHARS = 20 };
	size_t n = strlen(text), i;
	struct buf uuid = { 0 };
	bool fine;

	fine = n >= UUID_CHARS && delta_z85(&uuid, text + n - UUID_CHARS, UUID_CHARS);
	if (fine) {
		if (n > UUID_CHARS) {
			buf_add(name, text, n - UUID_CHARS);
			buf_addc(name, '/');
		}
		buf_adds(name, "deletion_vector_");
		for (i = 0; i < uuid.len; i++)
			buf_addf(name, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid.p[i]);
		buf_adds(name, ".bin");
	}
	buf_cstr(name);
	buf_free(&uuid);
	return fine;
}

bool
delta_dv_name(const struct delta_dv *dv, const char *root, struct buf *name)
{
	name->len = 0;
	return dv->storage == 'u' ? uuid_name(dv->path_or_inline, name) :
	    dv->storage == 'p' && delta_uri_name(dv->path_or_inline, root, name);
}
