/*
 * Drops privileges that a program that parses untrusted input does not need: after sandbox_enter a bug in a parser
 * cannot reach another file, a socket, another process or new machine code. Enforced by the kernel, with a seccomp
 * filter and, for file names, Landlock.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

enum sandbox_need {
	SANDBOX_SPILL = 1,	/* creates temporary files (struct spill) */
	SANDBOX_READ = 2,	/* opens files for reading, only below `root` if that is given */
	SANDBOX_REPORT = 4,	/* reports what the kernel lacks */
	SANDBOX_NET = 8		/* opens sockets, and reads the files of name resolution */
};

/*
 * Call before reading the first byte of input, after io_open_ahead and io_create_ahead for the files named on the
 * command line. Open descriptors, memory and threads stay usable, and outputs can still be committed. Any other system
 * call then fails with EPERM; this cannot be undone.
 *
 * Does nothing under sanitizers, with ACCT_SANDBOX=no in the environment, and if the kernel has no seccomp, which
 * SANDBOX_REPORT reports. Without Landlock file names are not restricted: what SANDBOX_READ and outputs need is allowed
 * for all names.
 */
void sandbox_enter(unsigned needs, const char *root);

#endif
