// What this build is and which processor it runs on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/input_files.h"
#include "run/fork.h"

namespace softac {

std::string softac_version();    // "0.1.0"
std::string softac_commit();     // of the sources when they were built; "" if unknown
bool softac_tree_changed();      // whether the sources differed from that commit
std::string compiler_version();  // "g++ 12.2.0"
std::string cpu_model();         // as the system names it; "" if unknown

// Names as in /proc/cpuinfo of what the kernels could use, e.g. "avx2"; empty on other processors than x86-64.
std::vector<std::string> cpu_features();

// The text of provenance.json: version, commit, compiler, processor, backend, versions of the libraries, MuJoCo's
// included. And what the run reads from outside: files, and for a fork its parent.
std::string provenance_json(const std::string& backend, int threads, const std::vector<InputFile>& inputs = {},
                            const std::optional<ForkParent>& parent = {});

}  // namespace softac
