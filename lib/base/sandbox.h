/*
 * Gives up what a program that parses foreign text does not need: after sandbox_enter a fault in a parser can no longer
 * reach another file, a socket, another process or new machine code. The kernel enforces it, by a seccomp filter and, for
 * names of files, by Landlock.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

enum sandbox_need {
	SANDBOX_SPILL = 1,	/* makes temporary files (struct spill) */
	SANDBOX_READ = 2,	/* opens files for reading, below `root` alone where that is given */
	SANDBOX_REPORT = 4	/* says what the kernel lacks */
};

/*
 * Call before the first foreign byte is read, after io_open_ahead and io_create_ahead for what is named on the command
 * line. Reading and writing open descriptors, memory and threads remain, and the outputs can still take their names. Any other
 * system call fails with EPERM from then on; there is no way back.
 *
 * Does nothing under sanitizers, with ACCT_SANDBOX=no in the environment, and where the kernel has no seccomp; SANDBOX_REPORT
 * says the latter. Without Landlock names of files are not confined: what SANDBOX_READ and outputs need is allowed for all
 * names.
 */
void sandbox_enter(unsigned needs, const char *root);

#endif
