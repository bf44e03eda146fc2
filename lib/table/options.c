/* Options of the programs that write Parquet. */
#include "base/cli.h"
#include "base/msg.h"
#include "table/table.h"

void
table_option_codec(const char *word, enum pq_codec *codec)
{
	if (!pq_codec_parse(word, codec))
		cli_usage("--codec: snappy, zstd, gzip or none, not %s", msg_quotes(word));
}

void
table_option_encoding(const char *word, bool *delta)
{
	if (!pq_encoding_parse(word, delta))
		cli_usage("--encoding: plain or delta, not %s", msg_quotes(word));
}
