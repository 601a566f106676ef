// The known name that a mistyped one most likely meant, for error messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace softac {

// Number of single-character insertions, deletions, substitutions and swaps of neighbours that turn a into b; letters
// that differ only in case cost nothing (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the smallest distance to name, the first of equals; empty if none is near enough to be a likely
// typo (a third of the longer name's length, at least 2).
std::string nearest_match(std::string_view name, const std::vector<std::string>& candidates);

// " (did you mean 'X'?)" or an empty string.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace softac
