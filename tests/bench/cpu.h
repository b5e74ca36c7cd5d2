// SPDX-License-Identifier: Apache-2.0
// CPU time in microseconds.
#pragma once

// Of the processes of "NAME=PID,PID…"; one that has ended counts nothing.
double cpu_of(const char *who);
// Of this process.
double cpu_own(void);
