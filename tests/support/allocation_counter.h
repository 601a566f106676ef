// Counts calls of operator new in this program (allocation_counter.cc replaces it).
#pragma once

#include <cstdint>

namespace softac::test {

std::int64_t num_allocations();  // by all threads, since the program began

}  // namespace softac::test
