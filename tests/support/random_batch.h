// A batch of random transitions, a tenth of them terminated.
#pragma once

#include <cstdint>

#include "softac/panels.h"
#include "softac/rng.h"

namespace softac {

template <class T>
void fill(BatchView<T> batch, std::uint64_t seed) {
  Rng rng(seed, StreamKind::test);
  for (int r = 0; r < 2 * batch.batch_size; ++r) {
    for (int c = 0; c < batch.obs_dim; ++c) batch.x.at(r, c) = static_cast<T>(rng.normal());
    for (int k = 0; k < batch.act_dim; ++k) batch.x.at(r, batch.obs_dim + k) = static_cast<T>(rng.uniform(-1, 1));
  }
  for (int b = 0; b < batch.batch_size; ++b) {
    batch.reward[b] = static_cast<T>(rng.normal());
    batch.discount[b] = rng.uniform() < 0.1 ? T(0) : static_cast<T>(0.99);
  }
}

}  // namespace softac
