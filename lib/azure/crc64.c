/* CRC-64 with the polynomial of NVMe, eight bytes at a time. */
#include <pthread.h>
#include <string.h>

#include "azure/azure.h"

#define POLYNOMIAL UINT64_C(0x9a6c9329ac4bc9b5)		/* bits reversed */

static uint64_t tables[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fill(void)
{
	unsigned i, k;

	for (i = 0; i < 256; i++) {
		uint64_t c = i;

		for (k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
		tables[0][i] = c;
	}
	for (k = 1; k < 8; k++)
		for (i = 0; i < 256; i++)
			tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 255];
}

uint64_t
azure_crc64(uint64_t crc, const void *p, size_t n)
{
	const uint8_t *at = p;
	uint64_t c = ~crc, w;

	pthread_once(&once, fill);
	for (; n >= 8; n -= 8, at += 8) {
		memcpy(&w, at, 8);
		w ^= c;
		c = tables[7][w & 255] ^ tables[6][w >> 8 & 255] ^ tables[5][w >> 16 & 255] ^
		    tables[4][w >> 24 & 255] ^ tables[3][w >> 32 & 255] ^ tables[2][w >> 40 & 255] ^
		    tables[1][w >> 48 & 255] ^ tables[0][w >> 56];
	}
	for (; n > 0; n--, at++)
		c = c >> 8 ^ tables[0][(c ^ *at) & 255];
	return ~c;
}
