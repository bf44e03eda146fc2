#include "val/check.h"

#include "val/int.h"

static bool
check_bool(const struct val_range *r, const uint8_t *p, size_t n)
{
	(void)r;
	return n == 1 && (*p == '0' || *p == '1');
}

static bool
check_float(const struct val_range *r, const uint8_t *p, size_t n)
{
	double v;

	(void)r;
	return val_get_float(p, n, &v);
}

static bool
check_wide(const struct val_range *r, const uint8_t *p, size_t n)
{
	i128 v;

	return val_get_wide(p, n, &v) && v >= r->low && v <= r->high;
}

static bool
check_text(const struct val_range *r, const uint8_t *p, size_t n)
{
	return val_check_string(p, n, r->raw);
}

/*
 * Integers of few groups are in range whatever their value and need no decoding, only these checks: the length matches
 * the head byte, every group has its top bit set, the first group is not zero unless it is the only one. This table is
 * indexed by head byte; longer fields are decoded.
 */
#define TOPS(groups) (UINT64_C(0x8080808080808080) << (64 - 8 * (groups)))

static const struct form {
	uint64_t tops;			/* top bits of the groups, the first group highest */
	uint8_t groups;			/* 0: not the head of a number of up to 8 groups */
	uint8_t zero;			/* invalid value of the first group */
} forms[256] = {
	[0x41] = { TOPS(1), 1, 0 }, [0x42] = { TOPS(2), 2, 0x80 }, [0x43] = { TOPS(3), 3, 0x80 },
	    [0x44] = { TOPS(4), 4, 0x80 },
	[0x45] = { TOPS(5), 5, 0x80 }, [0x46] = { TOPS(6), 6, 0x80 }, [0x47] = { TOPS(7), 7, 0x80 },
	    [0x48] = { TOPS(8), 8, 0x80 },
	[0x3f] = { TOPS(1), 1, 0 }, [0x3e] = { TOPS(2), 2, 0xff }, [0x3d] = { TOPS(3), 3, 0xff },
	    [0x3c] = { TOPS(4), 4, 0xff },
	[0x3b] = { TOPS(5), 5, 0xff }, [0x3a] = { TOPS(6), 6, 0xff }, [0x39] = { TOPS(7), 7, 0xff },
	    [0x38] = { TOPS(8), 8, 0xff },
};

static inline __attribute__((always_inline)) bool
check_int(const struct val_range *r, const uint8_t *p, size_t n)
{
	const struct form *form = &forms[p[0]];
	uint64_t w;

	if (form->groups - 1u >= r->safe_groups)
		return check_wide(r, p, n);
	w = val_load(p + 1);
	return (n == form->groups + 1u) & ((w & form->tops) == form->tops) & (w >> 56 != form->zero);
}

/* Returns the largest number of groups, at most 8, for which every number is in range. */
static unsigned
safe_groups(const struct val_range *r)
{
	unsigned n = 0;

	while (n < 8 && ((i128)1 << 7 * (n + 1)) - 1 <= r->high && -((i128)1 << 7 * (n + 1)) >= r->low)
		n++;
	return n;
}

void
val_checker(struct val_checker *c, struct val_type t, bool raw)
{
	static bool (*const checks[])(const struct val_range *, const uint8_t *, size_t) = { [VAL_AS_BIT] = check_bool,
	    [VAL_AS_INT] = check_int, [VAL_AS_FLOAT] = check_float, [VAL_AS_TEXT] = check_text };
	struct val_range *r = &c->range;

	r->raw = raw;
	r->low = val_of(t)->low;
	r->high = val_of(t)->high;
	if (t.kind == VAL_DECIMAL) {
		r->high = num_pow10(t.precision) - 1;
		r->low = -r->high;
	}
	c->check = checks[val_of(t)->form];
	r->safe_groups = safe_groups(r);
}

bool
val_check(struct val_type t, const uint8_t *p, size_t n, bool raw)
{
	struct val_checker c;

	if (n == 0)
		return false;
	val_checker(&c, t, raw);
	return val_is_null(p, n) || c.check(&c.range, p, n);
}

static inline __attribute__((always_inline)) size_t
check_column(const struct val_checker *c, bool required, const uint8_t *base, const uint32_t *off, size_t stride,
    size_t n,
    bool (*check)(const struct val_range *, const uint8_t *, size_t))
{
	const uint8_t *p;
	size_t i, len;

	for (i = 0; i < n; i++, off += stride) {
		p = base + off[0];
		len = (size_t)(off[1] - off[0]) - 1;
		if (__builtin_expect(len == 0, 0))
			return i;
		if (!check(&c->range, p, len) && (required || !val_is_null(p, len)))
			return i;
	}
	return n;
}

size_t
val_check_column(const struct val_checker *c, bool required, const uint8_t *base, const uint32_t *off, size_t stride,
    size_t n)
{
	/* The common types, with their check inlined into the loop. */
	if (c->check == check_int)
		return check_column(c, required, base, off, stride, n, check_int);
	if (c->check == check_text)
		return val_check_string_column(c->range.raw, required, base, off, stride, n);
	return check_column(c, required, base, off, stride, n, c->check);
}
