load helper

# against_python SEED CASES: random patterns, each with random texts, by rematch and by Python's re; those that Python refuses are refused.
# Classes are ASCII's in both, and . is any character.
against_python() {
	python3 - "$1" "$2" <<-'P'
	import random, re, signal, subprocess, sys, warnings
	warnings.simplefilter('ignore')
	seed, cases = int(sys.argv[1]), int(sys.argv[2])
	r = random.Random(seed)
	chars = list('abcab12 -._') + ['\n', '\t', '\0', 'é', 'ü', '€', '😀', 'Z', ']', '^', '\\', '{', '}']
	atoms = ['a', 'b', 'c', '1', '.', '[ab]', '[^a]', '[a-c]', r'[\d_]', r'\d', r'\D', r'\w', r'\W', r'\s', r'\S', 'é', '[à-ÿ]', '[^é]', '€', '😀', r'\.',
	    r'\\', r'\-', '[-a]', '[a-]', '[]a]', '[^]]', r'[\]\\^]', r'\t', r'\x41', r'\n', '}', ']', '_', r'[^\w\s]', '[+-.]', r'[\x00-\x1f]', '()']
	counts = ['*', '+', '?', '{2}', '{0,2}', '{1,}', '{1,3}', '{0}', '*?', '+?', '??', '{2,3}?']
	odd = ['\\q', '\\', '[', '(', ')', '**', '[b-a]', '{2,1}', '(?', '|*', '\\y', '[a']

	def pattern(depth):	# and a text that it matches, most of the time
	    out = text = ''
	    for _ in range(r.randrange(1, 5)):
	        if depth and r.randrange(3) == 0:
	            one, sample = pattern(depth - 1)
	            if r.randrange(2):
	                other, second = pattern(depth - 1)
	                one, sample = one + '|' + other, r.choice([sample, second])
	            one = r.choice(['(', '(?:']) + one + ')'
	        else:
	            one = r.choice(atoms)
	            sample = next((c for c in r.sample(chars, len(chars)) if re.fullmatch(one, c, re.ASCII | re.DOTALL)), '')
	        out += one
	        if r.randrange(3) == 0:
	            out += r.choice(counts)
	            sample *= r.randrange(4)
	        text += sample
	    return out, text

	patterns, texts = [], []
	for _ in range(cases):
	    p, sample = pattern(r.randrange(4))
	    if r.randrange(20) == 0:
	        at = r.randrange(len(p) + 1)
	        p = p[:at] + r.choice(odd) + p[at:]
	    patterns.append(p)
	    # Python backtracks: a long text can cost it time without end.
	    texts.append([''.join(r.choice(chars) for _ in range(r.randrange(8))) for _ in range(20)] + [sample[:12]])
	lines = ''.join(' '.join(x.encode().hex() for x in [p] + t) + ' \n' for p, t in zip(patterns, texts))
	out = subprocess.run(['rematch'], input=lines, capture_output=True, text=True, check=True).stdout.split('\n')
	assert len(out) == cases + 1
	class TooLong(Exception):
	    pass

	def give_up(*_):
	    raise TooLong

	signal.signal(signal.SIGVTALRM, give_up)	# a few nested repetitions take it hours, which is no answer
	said = unanswered = 0
	for p, t, got in zip(patterns, texts, out):
	    try:
	        want = re.compile(p, re.ASCII | re.DOTALL)
	    except re.error as e:
	        assert not got[0] in '01', (seed, p, str(e), got)
	        continue
	    if got[0] not in '01':	# what is refused here and has a meaning there
	        assert got in ('undefined escape in a pattern', 'a repetition repeated in a pattern', 'unsupported group in a pattern',
	            'a collating element in a pattern', 'no such class in a pattern', 'invalid {} in a pattern',
	            'nothing to repeat in a pattern', 'invalid \\x in a pattern', 'a back-reference in a pattern'), (seed, p, got)
	        continue
	    for x, one in zip(t, got):
	        signal.setitimer(signal.ITIMER_VIRTUAL, 1)
	        try:
	            matches = want.fullmatch(x) is not None
	        except TooLong:
	            unanswered += 1
	            continue
	        finally:
	            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
	        assert matches == (one == '1'), (seed, p, x, one)
	        said += one == '1'
	assert said > cases and unanswered <= 20 + cases // 100, (said, unanswered)
	print('seed %d: %d patterns, %d matches' % (seed, cases, said))
	P
}

@test "regex: random patterns match what Python matches" {
	command -v python3 >/dev/null || skip 'SKIPPED: python3 is not there'
	against_python "${ACCT_SEED:-$(date +%s)}" "${ACCT_CASES:-4000}" >&3 2>&3
}

@test "regex: no locale changes what a pattern matches" {
	echo "{name: t, columns: [{name: a, type: string, pattern: '\w+|[à-ý]+|.'}]}" >t.yaml
	printf '%s\n' a abc É éà €€ '€' 'ab é' I ı >t.csv
	sed -i '1i a' t.csv
	for locale in C C.UTF-8 POSIX tr_TR.UTF-8; do
		acct-ingest -s t.yaml t.csv | LC_ALL=$locale LANG=$locale acct-clean -s t.yaml | acct-cat >"$locale"
		cmp C "$locale"
	done
	same "$(printf '%s\n' a a abc É éà '€' I ı)" "$(cat C)"
}
