// Other libraries' sgemm, found at run time for comparison: never needed to build or to run softac.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace softac::app {

// One matrix product C = op(A) op(B) of row-major matrices: C is m × n, op(A) m × k, op(B) k × n.
struct Product {
  int m, n, k;
  bool transpose_a = false, transpose_b = false;
};

class Blas {
 public:
  virtual ~Blas() = default;
  virtual std::string name() const = 0;     // "OpenBLAS"
  virtual std::string version() const = 0;  // as the library says it
  virtual void multiply(const Product& product, const float* a, const float* b, float* c) const = 0;
};

struct BlasSearch {
  std::vector<std::unique_ptr<Blas>> found;
  std::vector<std::string> missing;  // names of those that are not installed
};

// oneDNN and OpenBLAS, told to use `threads` threads. Loads them into the process for good.
BlasSearch find_blas(int threads);

}  // namespace softac::app
