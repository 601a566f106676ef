// What a layer's outputs over a batch say about it: units that never fire, zeros, and the effective rank.
#pragma once

#include <vector>

#include "softac/panels.h"

namespace softac {

// Share of the columns that are 0 in every row: ReLU units that pass nothing on, and no gradient either.
double dead_share(Panels<const float> features);

// Share of the elements that are 0, which products leave out.
double zero_share(Panels<const float> features);

// srank_δ (Kumar et al., arXiv 2010.14498): the smallest k such that the k largest singular values of the (rows, units)
// matrix make up a share of at least 1 − δ of their sum; 0 for a matrix of zeros.
int effective_rank(Panels<const float> features, double delta = 0.01);

// Eigenvalues of a symmetric matrix (n, n), row-major, ascending: Householder's tridiagonal form, then QL steps with
// implicit shifts (Golub and Van Loan, Matrix Computations, 8.3). The matrix is overwritten.
std::vector<double> symmetric_eigenvalues(std::vector<double>& matrix, int n);

}  // namespace softac
