/* The options of programs that write Parquet, apart from others so that only those load the codecs. */
#include "cli/cli.h"
#include "parquet/parquet.h"

static const char *const encodings[] = { "plain", "delta", NULL };

static void
set_codec(const char *option, char *arg)
{
	cli.codec = pq_codec_of(cli_word(option, arg, pq_codec_words()));
}

const struct cli_option cli_codec[] = {
	{ 0, "codec", "CODEC", "compress new files with snappy (default), zstd, gzip or none", CLI_CALL,
	    .call = set_codec },
	{ 0, "encoding", "ENCODING", "plain (default), or delta: often smaller, but not every reader knows it",
	    CLI_WORD,
	    .to = &cli.encoding, .words = encodings },
	{ 0 }
};
