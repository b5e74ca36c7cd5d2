// SPDX-License-Identifier: Apache-2.0
// CPU time in microseconds.
#pragma once

// Of the process of "NAME=PID", or of all children of "NAME=@PID"; one that has ended counts nothing.
double cpu_of(const char *who);
// Of this process.
double cpu_own(void);
// Of everything on this machine.
double cpu_machine(void);
