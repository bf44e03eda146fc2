load helper

# What the compiler, the linker and the kernel do so that a fault in a parser stays a fault.

@test "hardening: programs are position-independent, with relocations read-only before main and no executable stack" {
	unsanitized 'sanitizers are not combined with it'
	for program in "$BUILD"/bin/acct-*; do
		readelf -h "$program" | grep -q 'Type: *DYN'
		readelf -d "$program" | grep -q 'FLAGS_1.*NOW.*PIE'
		readelf -d "$program" | grep -q 'BIND_NOW'
		readelf -lW "$program" | grep -q GNU_RELRO
		readelf -lW "$program" | grep 'GNU_STACK' | grep -q ' RW '
	done
}

@test "hardening: the stack protector and checked library calls are in every program" {
	unsanitized 'sanitizers are not combined with it'
	for program in "$BUILD"/bin/acct-*; do
		nm -D --undefined-only "$program" >symbols
		grep -q ' __stack_chk_fail' symbols
		grep -Eq ' __(snprintf|vsnprintf|fprintf|memcpy|sprintf)_chk' symbols
	done
}

@test "hardening: functions of a processor with indirect branch tracking begin with a landing place" {
	unsanitized 'sanitizers are not combined with it'
	case $(uname -m) in
	x86_64) landing=endbr64 ;;
	*) skip 'SKIPPED: for x86-64 only' ;;
	esac
	objdump -d --disassemble=main "$BUILD/bin/acct-ingest" | grep -q "$landing"
}
