// SPDX-License-Identifier: Apache-2.0
// The libuv loop itself, for the rooms that wrap sockets (net, store). Nobody else includes this.
#pragma once
#include "loop/loop.h"
#include <uv.h>

uv_loop_t *loop_uv(struct loop *l);
// One buffer for every reader of the loop: its bytes are good until the callback that got it returns.
#define LOOP_SCRATCH 65536
char *loop_scratch(struct loop *l);
