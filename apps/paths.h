// Paths that stay what they are where an environment changes the directory of the process.
#pragma once

#include <string>
#include <vector>

namespace softac::app {

// The folder in which the process started, as the first call found it; "" where that is gone.
const std::string& start_folder();

// From the root; "" stays "".
std::string absolute_path(const std::string& path);

std::vector<std::string> absolute_paths(std::vector<std::string> paths);

// As people gave it: from the folder in which the process started, where it is below that.
std::string shown_path(const std::string& path);

// This program's own file, which a child process can be started from.
std::string program_path();

}  // namespace softac::app
