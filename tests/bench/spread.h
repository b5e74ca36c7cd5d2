// SPDX-License-Identifier: Apache-2.0
// Whose turn it is to write: the same in the load and in the bare limit, so that both touch the same pages.
#pragma once
#include <stdint.h>

// Message n is of this one of so many contacts: not the neighbour of the one before, and each once in a round when
// their number and the factor have no divisor in common (5,000 and 2654435761).
static inline uint64_t spread(uint64_t n, uint64_t contacts) { return n * 2654435761u % contacts; }
