// The report of several runs as one HTML page that needs nothing but itself.
#pragma once

#include <string>
#include <vector>

#include "report/groups.h"
#include "report/videos.h"

namespace softac::report {

struct ReportRun {
  RunHistory history;
  std::vector<Video> videos;
};

// Reads the runs, their videos as well. Throws IoError as read_run_history does.
std::vector<ReportRun> read_report_runs(FileSystem& fs, const std::vector<Path>& dirs);

struct PageOptions {
  int reload_sec = 0;  // the page loads itself again after so many seconds; 0: never
};

// At least one run. Nothing in the page comes from elsewhere, and its security policy allows no request: styles and the
// one script by their hashes, pictures and videos as data: addresses. Without script everything but the numbers under
// the pointer works.
std::string report_page(const std::vector<ReportRun>& runs, const PageOptions& options = {});

}  // namespace softac::report
