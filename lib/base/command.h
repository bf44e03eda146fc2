/* Running another program, with all that it starts, until the last of it has ended. */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include "base/msg.h"

/*
 * Runs argv[0], found by PATH, with the arguments argv, ended by NULL, and waits for its end. Processes that it leaves
 * are sent SIGTERM and waited for. So are all, once, when this process gets SIGHUP, SIGINT or SIGTERM meanwhile. If
 * this process is killed, the program gets SIGTERM.
 *
 * Returns a status for the exit of this program: that of the other, if it is one of the house's; EX_IOERR for any
 * other; 128 and the signal that stopped this process; EX_SOFTWARE or EX_OSERR for a program that a signal ended. -1
 * fills err.
 */
int command_run(char *const argv[], struct msg *err);

#endif
