// Pieces of the page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/page.h"

namespace softac::report {

extern const std::string_view kPageScript;  // of at most 150 lines
// The style sheet, with rules that hide the curves of each group whose box is not checked.
std::string page_style(std::size_t num_groups);

std::string summary_table(const std::vector<RunHistory>& runs, const RunGroups& groups);
std::string runs_table(const std::vector<RunHistory>& runs, const RunGroups& groups);
std::string differences_table(const RunGroups& groups);  // "" where there are none
std::string settings_tables(const std::vector<RunHistory>& runs, const RunGroups& groups);
std::string provenance_table(const std::vector<RunHistory>& runs);
std::string videos_part(const std::vector<ReportRun>& runs);  // "" where there are none

// A line in the group's colour, as its curves have.
std::string group_swatch(std::size_t group);

}  // namespace softac::report
