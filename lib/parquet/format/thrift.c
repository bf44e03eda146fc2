/* Thrift's compact protocol: a reader that checks every length, and a writer. */
#include <string.h>

#include "parquet/format/thrift.h"
#include "parquet/format/varint.h"

enum { SKIP_DEPTH = 32 };

static void
set_bad(struct thrift_in *in, bool torn)
{
	if (!in->bad)
		in->torn = torn;
	in->bad = true;
	in->p = in->end;
}

static uint8_t
get_byte(struct thrift_in *in)
{
	if (in->p >= in->end) {
		set_bad(in, true);
		return 0;
	}
	return *in->p++;
}

static uint64_t
get_varint(struct thrift_in *in)
{
	uint64_t v;
	int got = varint_get(&in->p, in->end, VARINT_MAX, &v);

	if (got == 1)
		return v;
	set_bad(in, got == 0);
	return 0;
}

static int64_t
get_zigzag(struct thrift_in *in)
{
	return varint_unzigzag(get_varint(in));
}

bool
thrift_next(struct thrift_in *in, struct thrift_field *f)
{
	uint8_t b = get_byte(in);
	int64_t id;

	f->type = b & 0x0f;
	if (in->bad || b == THRIFT_STOP)
		return false;
	id = b >> 4 != 0 ? f->id + (b >> 4) : get_zigzag(in);
	if (in->bad || f->type == THRIFT_STOP || f->type > THRIFT_UUID || id < -32768 || id > 32767) {
		set_bad(in, false);
		return false;
	}
	f->id = (int)id;
	return true;
}

int64_t
thrift_int(struct thrift_in *in, uint8_t type)
{
	if (type == THRIFT_I8)
		return (int8_t)get_byte(in);
	if (type == THRIFT_I16 || type == THRIFT_I32 || type == THRIFT_I64)
		return get_zigzag(in);
	set_bad(in, false);
	return 0;
}

int32_t
thrift_int32(struct thrift_in *in, uint8_t type)
{
	int64_t v = thrift_int(in, type);

	if (v < INT32_MIN || v > INT32_MAX) {
		set_bad(in, false);
		return 0;
	}
	return (int32_t)v;
}

bool
thrift_bool(struct thrift_in *in, uint8_t type)
{
	if (type != THRIFT_TRUE && type != THRIFT_FALSE)
		set_bad(in, false);
	return type == THRIFT_TRUE;
}

static struct pq_bytes
get_bytes(struct thrift_in *in)
{
	uint64_t n = get_varint(in);
	struct pq_bytes b = { in->p, 0 };

	if (n > (uint64_t)(in->end - in->p)) {
		set_bad(in, true);
		return b;
	}
	b.n = (size_t)n;
	in->p += n;
	return b;
}

struct pq_bytes
thrift_bytes(struct thrift_in *in, uint8_t type)
{
	if (type != THRIFT_BINARY)
		set_bad(in, false);
	return get_bytes(in);
}

size_t
thrift_list(struct thrift_in *in, uint8_t type, uint8_t *elem)
{
	uint64_t n;
	uint8_t b;

	*elem = 0;
	if (type != THRIFT_LIST && type != THRIFT_SET)
		set_bad(in, false);
	b = get_byte(in);
	*elem = b & 0x0f;
	n = b >> 4 == 15 ? get_varint(in) : b >> 4;
	if (n > (uint64_t)(in->end - in->p)) {	/* every element takes at least one byte */
		set_bad(in, true);
		return 0;
	}
	return (size_t)n;
}

bool
thrift_struct(struct thrift_in *in, uint8_t type)
{
	if (type != THRIFT_STRUCT)
		set_bad(in, false);
	return !in->bad;
}

static void
skip_bytes(struct thrift_in *in, size_t n)
{
	if (n > (size_t)(in->end - in->p))
		set_bad(in, true);
	else
		in->p += n;
}

static void skip(struct thrift_in *in, uint8_t type, unsigned depth);

static void
skip_elem(struct thrift_in *in, uint8_t type, unsigned depth)
{
	if (type == THRIFT_TRUE || type == THRIFT_FALSE)
		get_byte(in);
	else
		skip(in, type, depth);
}

static void
skip_map(struct thrift_in *in, unsigned depth)
{
	uint64_t n = get_varint(in);
	uint8_t types;

	if (n == 0)
		return;
	types = get_byte(in);
	for (; n > 0 && !in->bad; n--) {
		skip_elem(in, types >> 4, depth);
		skip_elem(in, types & 0x0f, depth);
	}
}

static void
skip(struct thrift_in *in, uint8_t type, unsigned depth)
{
	struct thrift_field f = { 0, 0 };
	uint8_t elem;
	size_t n;

	if (depth == SKIP_DEPTH) {
		set_bad(in, false);
		return;
	}
	switch (type) {
	case THRIFT_TRUE:
	case THRIFT_FALSE:
		break;
	case THRIFT_I8:
		get_byte(in);
		break;
	case THRIFT_I16:
	case THRIFT_I32:
	case THRIFT_I64:
		get_varint(in);
		break;
	case THRIFT_DOUBLE:
		skip_bytes(in, 8);
		break;
	case THRIFT_UUID:
		skip_bytes(in, 16);
		break;
	case THRIFT_BINARY:
		get_bytes(in);
		break;
	case THRIFT_LIST:
	case THRIFT_SET:
		for (n = thrift_list(in, type, &elem); n > 0 && !in->bad; n--)
			skip_elem(in, elem, depth + 1);
		break;
	case THRIFT_MAP:
		skip_map(in, depth + 1);
		break;
	case THRIFT_STRUCT:
		while (thrift_next(in, &f))
			skip(in, f.type, depth + 1);
		break;
	default:
		set_bad(in, false);
	}
}

void
thrift_skip(struct thrift_in *in, uint8_t type)
{
	skip(in, type, 0);
}

/* ---- writing ---- */

static void
put_field(struct thrift_out *o, int id, uint8_t type)
{
	int *last = &o->last[o->depth - 1];
	int delta = id - *last;

	if (delta >= 1 && delta <= 15) {
		buf_addc(o->b, (uint8_t)(delta << 4 | type));
	} else {
		buf_addc(o->b, type);
		varint_add(o->b, varint_zigzag(id));
	}
	*last = id;
}

void
thrift_start(struct thrift_out *o, struct buf *b)
{
	o->b = b;
	o->depth = 1;
	o->last[0] = 0;
}

void
thrift_put_bool(struct thrift_out *o, int id, bool v)
{
	put_field(o, id, v ? THRIFT_TRUE : THRIFT_FALSE);
}

void
thrift_put_i8(struct thrift_out *o, int id, int8_t v)
{
	put_field(o, id, THRIFT_I8);
	buf_addc(o->b, (uint8_t)v);
}

void
thrift_put_i16(struct thrift_out *o, int id, int16_t v)
{
	put_field(o, id, THRIFT_I16);
	varint_add(o->b, varint_zigzag(v));
}

void
thrift_put_i32(struct thrift_out *o, int id, int32_t v)
{
	put_field(o, id, THRIFT_I32);
	varint_add(o->b, varint_zigzag(v));
}

void
thrift_put_i64(struct thrift_out *o, int id, int64_t v)
{
	put_field(o, id, THRIFT_I64);
	varint_add(o->b, varint_zigzag(v));
}

void
thrift_put_bytes(struct thrift_out *o, int id, const void *p, size_t n)
{
	put_field(o, id, THRIFT_BINARY);
	thrift_elem_bytes(o, p, n);
}

void
thrift_put_string(struct thrift_out *o, int id, const char *s)
{
	thrift_put_bytes(o, id, s, strlen(s));
}

void
thrift_put_struct(struct thrift_out *o, int id)
{
	put_field(o, id, THRIFT_STRUCT);
	thrift_elem_struct(o);
}

void
thrift_put_list(struct thrift_out *o, int id, uint8_t elem, size_t n)
{
	put_field(o, id, THRIFT_LIST);
	if (n < 15) {
		buf_addc(o->b, (uint8_t)(n << 4 | elem));
	} else {
		buf_addc(o->b, (uint8_t)(0xf0 | elem));
		varint_add(o->b, n);
	}
}

void
thrift_elem_struct(struct thrift_out *o)
{
	o->last[o->depth++] = 0;
}

void
thrift_elem_int(struct thrift_out *o, int64_t v)
{
	varint_add(o->b, varint_zigzag(v));
}

void
thrift_elem_bytes(struct thrift_out *o, const void *p, size_t n)
{
	varint_add(o->b, n);
	if (n > 0)
		buf_add(o->b, p, n);
}

void
thrift_elem_put_bool(struct thrift_out *o, bool v)
{
	buf_addc(o->b, v ? 1 : 2);
}

void
thrift_end(struct thrift_out *o)
{
	buf_addc(o->b, THRIFT_STOP);
	o->depth--;
}
