#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/io.h"
#include "base/progress.h"
#include "check/parts.h"

enum { PIECE = 256 * 1024, SUM = 32 };

static int
digest(struct check *c, EVP_MD_CTX *ctx, int fd, const char *path, struct msg *err)
{
	uint8_t *piece = xmalloc(PIECE);
	ssize_t n;
	bool good = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	while (good && (n = io_read(fd, piece, PIECE, path, err)) != 0) {
		good = n > 0 && EVP_DigestUpdate(ctx, piece, (size_t)n) == 1;
		c->bytes += n > 0 ? (uint64_t)n : 0;
		progress_add(n > 0 ? (uint64_t)n : 0, 0);
		progress_poll();
	}
	free(piece);
	return good ? 0 : msg_set(err, EX_SOFTWARE, "%s: SHA-256 failed", path);
}

int
check_sha256(struct check *c, const char *path, char out[CHECK_SHA256], struct msg *err)
{
	uint8_t sum[SUM];
	EVP_MD_CTX *ctx;
	int fd = io_open(path, err), failed, i;

	if (fd < 0)
		return -1;
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		msg_die(EX_OSERR, "out of memory");
	failed = digest(c, ctx, fd, path, err);
	if (!failed && EVP_DigestFinal_ex(ctx, sum, NULL) != 1)
		failed = msg_set(err, EX_SOFTWARE, "%s: SHA-256 failed", path);
	for (i = 0; !failed && i < SUM; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	EVP_MD_CTX_free(ctx);
	close(fd);
	return failed;
}
