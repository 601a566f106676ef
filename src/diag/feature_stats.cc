#include "diag/feature_stats.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "softac/error.h"

namespace softac {
namespace {

constexpr int kMaxSteps = 100;  // per eigenvalue; two are usual

// One Householder step: column k below the diagonal becomes (±|x|, 0, …); returns that entry.
double reflect(std::vector<double>& a, int n, int k, std::vector<double>& v, std::vector<double>& p) {
  const auto at = [n](int i, int j) { return static_cast<std::size_t>(i) * n + j; };
  const int m = n - k - 1;
  double squares = 0.0;
  for (int i = 0; i < m; ++i) {
    v[i] = a[at(k + 1 + i, k)];
    squares += v[i] * v[i];
  }
  const double length = std::sqrt(squares), first = v[0];
  if (m == 1 || length == 0.0) return first;
  const double entry = first > 0.0 ? -length : length;
  v[0] -= entry;
  const double v_squares = 2.0 * (squares - first * entry);
  if (v_squares == 0.0) return entry;
  // A ← H A H, H = I − 2 v vᵀ/(vᵀv): A − v wᵀ − w vᵀ with p = 2 A v/(vᵀv), w = p − (pᵀv/(vᵀv)) v.
  std::fill_n(p.begin(), m, 0.0);
  for (int i = 0; i < m; ++i) {
    const double* row = &a[at(k + 1 + i, k + 1)];
    const double scale = 2.0 * v[i] / v_squares;
    for (int j = 0; j < m; ++j) p[j] += scale * row[j];
  }
  double product = 0.0;
  for (int i = 0; i < m; ++i) product += p[i] * v[i];
  const double share = product / v_squares;
  for (int i = 0; i < m; ++i) p[i] -= share * v[i];
  for (int i = 0; i < m; ++i) {
    double* row = &a[at(k + 1 + i, k + 1)];
    const double vi = v[i], wi = p[i];
    for (int j = 0; j < m; ++j) row[j] -= vi * p[j] + wi * v[j];
  }
  return entry;
}

// Eigenvalues of the tridiagonal matrix with diagonal d (n) and off-diagonal e (n, the last unused), in d.
void tridiagonal_eigenvalues(std::vector<double>& d, std::vector<double>& e) {
  const std::size_t n = d.size();
  for (std::size_t low = 0; low < n; ++low) {
    for (int step = 0; step < kMaxSteps; ++step) {
      std::size_t high = low;  // [low, high] is one unreduced block
      while (high + 1 < n && std::fabs(e[high]) >
                                 std::numeric_limits<double>::epsilon() * (std::fabs(d[high]) + std::fabs(d[high + 1])))
        ++high;
      if (high == low) break;
      const double half = (d[low + 1] - d[low]) / (2.0 * e[low]), root = std::sqrt(half * half + 1.0);
      double g = d[high] - d[low] + e[low] / (half + (half < 0.0 ? -root : root));
      double sine = 1.0, cosine = 1.0, shift = 0.0;
      bool split = false;
      for (std::size_t i = high; i-- > low;) {
        const double f = sine * e[i], b = cosine * e[i], length = std::sqrt(f * f + g * g);
        e[i + 1] = length;
        if (length == 0.0) {
          d[i + 1] -= shift;
          e[high] = 0.0;
          split = true;
          break;
        }
        sine = f / length;
        cosine = g / length;
        g = d[i + 1] - shift;
        const double turn = (d[i] - g) * sine + 2.0 * cosine * b;
        shift = sine * turn;
        d[i + 1] = g + shift;
        g = cosine * turn - b;
      }
      if (split) continue;
      d[low] -= shift;
      e[low] = g;
      e[high] = 0.0;
    }
  }
}

}  // namespace

double dead_share(Panels<const float> features) {
  int dead = 0;
  for (int c = 0; c < features.cols; ++c) {
    bool fires = false;
    for (int r = 0; r < features.rows && !fires; ++r) fires = features.at(r, c) != 0.0f;
    dead += fires ? 0 : 1;
  }
  return static_cast<double>(dead) / features.cols;
}

double zero_share(Panels<const float> features) {
  std::int64_t zeros = 0;
  for (int r = 0; r < features.rows; ++r) {
    for (int c = 0; c < features.cols; ++c) zeros += features.at(r, c) == 0.0f ? 1 : 0;
  }
  return static_cast<double>(zeros) / (static_cast<double>(features.rows) * features.cols);
}

std::vector<double> symmetric_eigenvalues(std::vector<double>& matrix, int n) {
  const std::size_t size = n;
  SOFTAC_REQUIRE(n > 0 && matrix.size() == size * size, n, matrix.size());
  std::vector<double> d(size), e(size, 0.0), v(size), p(size);
  for (int k = 0; k + 1 < n; ++k) e[k] = reflect(matrix, n, k, v, p);
  for (std::size_t i = 0; i < size; ++i) d[i] = matrix[i * size + i];
  tridiagonal_eigenvalues(d, e);
  std::sort(d.begin(), d.end());
  return d;
}

// The singular values are the roots of the eigenvalues of FᵀF or F Fᵀ, whichever is smaller.
int effective_rank(Panels<const float> features, double delta) {
  const int rows = features.rows, cols = features.cols, n = std::min(rows, cols);
  const std::size_t size = n;
  std::vector<double> gram(size * size, 0.0), line(size);
  for (int k = 0; k < std::max(rows, cols); ++k) {
    for (int i = 0; i < n; ++i) line[i] = static_cast<double>(cols <= rows ? features.at(k, i) : features.at(i, k));
    for (std::size_t i = 0; i < size; ++i) {
      if (line[i] == 0.0) continue;
      double* row = &gram[i * size];
      const double scale = line[i];
      for (std::size_t j = 0; j <= i; ++j) row[j] += scale * line[j];
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < i; ++j) gram[j * size + i] = gram[i * size + j];
  }
  std::vector<double> sigma = symmetric_eigenvalues(gram, n);
  double sum = 0.0;
  for (double& value : sigma) sum += value = std::sqrt(std::max(value, 0.0));
  double so_far = 0.0;
  int rank = 0;
  for (auto value = sigma.rbegin(); value != sigma.rend() && so_far < (1.0 - delta) * sum; ++value) {
    so_far += *value;
    ++rank;
  }
  return rank;
}

}  // namespace softac
