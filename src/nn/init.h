// First values of weights and biases of a matrix or a column.
#pragma once

#include "nn/params.h"
#include "softac/choices.h"
#include "softac/rng.h"

namespace softac {

// Outputs [first, first + count) of a slot as those of a layer of their own: in = the slot's inputs, out = count.
//   torch            uniform in ±1/√in, biases too
//   lecun_normal     normal cut at ±2 with std √(1/in)/0.8796…, the std of a unit normal so cut (JAX)
//   he_normal        the same with √(2/in)
//   xavier_uniform   uniform in ±√(6/(in + out))
//   orthogonal       orthonormal rows or columns, whichever are fewer, uniformly drawn; orthogonal_sqrt2: √2 times
//   zero             weights 0
// Biases are 0 but for torch's. Draws from rng in the order of the outputs, weights of an output before its bias
// (orthogonal columns: in the order of the inputs). Computed in double and rounded once.
template <class T>
void init_weights(WeightInit rule, const Slot& slot, int first, int count, T* params, Rng& rng);

}  // namespace softac
