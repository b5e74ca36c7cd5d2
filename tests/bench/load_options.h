// SPDX-License-Identifier: Apache-2.0
// The load generator's command line.
#pragma once
#include "load.h"

// Ends the program when something is wrong.
void load_options_read(struct load_options *o, int argc, char **argv);
