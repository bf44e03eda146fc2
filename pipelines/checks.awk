# Reads checks and prints what must be measured and what compared, columns separated by tabs. A line of input is LABEL, TEXT and its number in the
# job's file, where TEXT is "TERM = TERM [+ TERM ...]"; without a label it is measured only.
#
#	pass	PATH PREDICATE COLUMNS AGGREGATES TOTALS TERM...	a pass over a table, for acct-read and acct-balance; TOTALS sums the
#									groups where keys are counted, and is a dash elsewhere
#	term	TERM PATH		what the runner measures for each source, whether asked or not
#	check	LABEL LEFT SIGN RIGHT	sums of numbers and of terms, each between the bytes 1 and 2
#	error	NUMBER TEXT		what is wrong, and where
#
# A missing word is a dash.

BEGIN {
	FS = OFS = "\t"
	functions = "sum count keys rejected orphans lines"
}

function fail(what) {
	print "error", $3, what
	failed = 1
	exit 1
}

# Adds what a term needs to the pass over its table.
function add_to_pass(text, name, path, column, predicate,    key, n) {
	key = path "\t" predicate
	if (!(key in terms))
		passes[++npasses] = key
	if (column != "-" && index("," columns[key] ",", "," column ",") == 0)
		columns[key] = columns[key] (columns[key] == "" ? "" : ",") column
	n = ++count[key]
	if (name == "keys") {
		keyed[key] = 1
		totals[key] = totals[key] " a" n "=count()"
	} else {
		aggregates[key] = aggregates[key] " a" n "=" name "(" (column == "-" ? "" : column) ")"
		totals[key] = totals[key] " a" n "=sum(a" n ")"
	}
	terms[key] = terms[key] "\t" text
}

# Takes FOLDER/TABLE[.COLUMN] [where PREDICATE] apart.
function term(name, inside,    predicate, path, column, text) {
	predicate = column = "-"
	if (match(inside, / +[wW][hH][eE][rR][eE] +/)) {
		predicate = substr(inside, RSTART + RLENGTH)
		inside = substr(inside, 1, RSTART - 1)
	}
	gsub(/^ +| +$/, "", inside)
	gsub(/^ +| +$/, "", predicate)
	path = inside
	if (match(inside, /\./)) {
		path = substr(inside, 1, RSTART - 1)
		column = substr(inside, RSTART + 1)
	}
	if (path !~ /^(bronze|silver|gold)\/[A-Za-z0-9_-]+$/ || column !~ /^[^ ]+$/)
		fail("expected FOLDER/TABLE or FOLDER/TABLE.COLUMN: '" inside "'")
	if (name == "sum" && column == "-")
		fail("sum: expected FOLDER/TABLE.COLUMN: '" inside "'")
	text = name "(" inside (predicate == "-" ? "" : " where " predicate) ")"
	if (!(text in seen)) {
		seen[text] = 1
		if (name == "sum" || name == "count" || name == "keys")
			add_to_pass(text, name, path, column, predicate)
		else if (predicate != "-")
			fail(name ": cannot have a predicate: '" predicate "'")
		else
			print "term", text, path
	}
	return "\001" text "\002"
}

# Returns the length of the text up to the parenthesis that closes the one before it, 0 if none does. Quoted text may hold any.
function closing(text,    i, c, depth, quote) {
	depth = 1
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (quote != "") {
			if (c == quote)
				quote = ""
		} else if (c == "'" || c == "\"")
			quote = c
		else if (c == "(")
			depth++
		else if (c == ")" && --depth == 0)
			return i
	}
	return 0
}

# Prints the sums of a check, compared two by two.
function check(label, text,    out, sign, left, name, n, wanted) {
	wanted = 1		# a term or number must follow
	while (text != "") {
		if (match(text, /^ +/)) {
			text = substr(text, RLENGTH + 1)
		} else if (wanted && match(text, /^[a-z]+\(/)) {
			name = substr(text, 1, RLENGTH - 1)
			text = substr(text, RLENGTH + 1)
			if (index(" " functions " ", " " name " ") == 0)
				fail("no such function: '" name "'; functions are: " functions)
			n = closing(text)
			if (n == 0)
				fail(name ": missing ')'")
			out = out term(name, substr(text, 1, n - 1))
			text = substr(text, n + 1)
			wanted = 0
		} else if (wanted && match(text, /^-?[0-9]+(\.[0-9]+)?/)) {
			out = out "(" substr(text, 1, RLENGTH) ")"
			text = substr(text, RLENGTH + 1)
			wanted = 0
		} else if (!wanted && match(text, /^[+-]/)) {
			out = out " " substr(text, 1, 1) " "
			text = substr(text, 2)
			wanted = 1
		} else if (!wanted && match(text, /^(=|<=|>=)/)) {
			if (sign != "")
				print "check", label, left, sign, out
			sign = substr(text, 1, RLENGTH)
			left = out
			out = ""
			text = substr(text, RLENGTH + 1)
			wanted = 1
		} else
			fail("expected " (wanted ? "a term or a number" : "+, -, =, <= or >=") ": '" text "'")
	}
	if (wanted)
		fail("expected a term or a number at the end")
	if (label != "" && sign == "")
		fail("expected =, <= or >= at the end")
	if (label != "")
		print "check", label, left, sign, out
}

{ check($1, $2) }

END {
	for (i = 1; !failed && i <= npasses; i++) {
		key = passes[i]
		print "pass", key, columns[key] == "" ? "-" : columns[key], aggregates[key] == "" ? "-" : substr(aggregates[key], 2), \
			keyed[key] ? substr(totals[key], 2) : "-", substr(terms[key], 2)
	}
}
