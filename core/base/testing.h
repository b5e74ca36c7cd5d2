// SPDX-License-Identifier: Apache-2.0
// What cmocka wants included before it, and strings for its assertions.
#pragma once
#include "base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define assert_str(s, literal) assert_true(str_eq((s), STR(literal)))
#define assert_buf(b, literal) assert_string_equal(buf_str(b).p, literal)
