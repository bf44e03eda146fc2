#include "spill/parts.h"

void
spill_parts_init(struct spill_parts *p, unsigned bits, uint64_t seed)
{
	size_t i;

	p->bits = bits;
	p->seed = seed;
	for (i = 0; i < (size_t)1 << bits; i++)
		spill_init(&p->file[i]);
}

void
spill_parts_close(struct spill_parts *p)
{
	size_t i;

	for (i = 0; i < (size_t)1 << p->bits; i++)
		spill_close(&p->file[i]);
}

int
spill_parts_park(struct spill_parts *p, struct msg *err)
{
	size_t i;

	for (i = 0; i < (size_t)1 << p->bits; i++)
		if (spill_park(&p->file[i], err) < 0)
			return -1;
	return 0;
}
