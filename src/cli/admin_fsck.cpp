#include "cli/admin_report.h"
#include "cli/admin_upkeep.h"
#include "torchhub/server/fsck.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

using nlohmann::json;

struct FsckArguments {
  FsckOptions options = {};
  bool as_json = false;
};

json as_json(const FsckReport& report) {
  json findings = json::array();
  for (const FsckFinding& finding : report.findings) {
    findings.push_back({{"problem", finding.problem},
                        {"kind", finding.kind},
                        {"where", finding.where},
                        {"text", finding.text},
                        {"done", finding.done.empty() ? json() : json(finding.done)}});
  }
  return {{"repositories", report.repositories},
          {"gitObjects", report.git_objects},
          {"objects", report.objects},
          {"objectBytes", report.object_bytes},
          {"findings", findings}};
}

void print(const FsckReport& report) {
  for (const FsckFinding& finding : report.findings) {
    fmt::print("{:<8} {}: {}\n", finding.problem ? "problem" : "note", finding.where, finding.text);
    if (!finding.done.empty()) fmt::print("{:<8} put right: {}\n", "", finding.done);
  }
  fmt::print("{} repositories, {} objects in git, {} LFS objects of {}: {}\n", report.repositories,
             report.git_objects, report.objects, readable_bytes(report.object_bytes),
             report.problem_found() ? "problems were found." : "no problem.");
}

}  // namespace

void print_check(const FsckReport& report, bool json_wanted) {
  if (json_wanted) {
    fmt::print("{}\n", as_json(report).dump(2));
  } else {
    print(report);
  }
  if (report.problem_found()) throw ExitStatus{kProblemFound};
}

void add_admin_fsck(CLI::App& admin, const DataName& data) {
  const auto arguments = std::make_shared<FsckArguments>();
  CLI::App* fsck = admin.add_subcommand(
      "fsck",
      "Compare database, repositories and objects; ends with 1 if it finds a problem. A server may "
      "run, but not during --repair and --rebuild");
  fsck->add_flag("--repair", arguments->options.repair,
                 "Put right what can be; nothing is deleted, what is in the way goes to the trash");
  fsck->add_flag("--rebuild", arguments->options.rebuild,
                 "Make a new database from the repositories: tokens and members are gone then");
  fsck->add_flag("--deep", arguments->options.deep, "Read and hash every byte");
  fsck->add_flag("--json", arguments->as_json, "Print JSON");
  fsck->callback(
      [data, arguments] { print_check(check_hub(*data, arguments->options), arguments->as_json); });
}

}  // namespace torchhub::cli
