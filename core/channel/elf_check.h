// SPDX-License-Identifier: Apache-2.0
// What a plugin file is, read without running anything of it.
#pragma once
#include "base/err.h"
#include "base/str.h"

// A shared library for this machine that needs only the C and C++ run-time libraries? 0 or E_INVALID with the rule and
// the remedy.
MUST_USE int elf_check(struct str file, struct err *e);
