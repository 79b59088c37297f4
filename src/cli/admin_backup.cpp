#include "cli/admin_report.h"
#include "cli/admin_upkeep.h"
#include "torchhub/server/backup.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

using nlohmann::json;

struct BackupArguments {
  std::string folder = {};
  std::string since = {};
  bool as_json = false;
};

void print(const BackupReport& report, bool json_wanted) {
  if (json_wanted) {
    fmt::print("{}\n", json{{"repositories", report.repositories},
                            {"objects", report.objects},
                            {"keptFiles", report.kept_files},
                            {"linkedFiles", report.linked_files},
                            {"copiedFiles", report.copied_files},
                            {"copiedBytes", report.copied_bytes},
                            {"warnings", report.warnings}}
                           .dump(2));
  } else {
    fmt::print("{} repositories, {} LFS objects: {} files were there, {} linked, {} copied ({}).\n",
               report.repositories, report.objects, report.kept_files, report.linked_files,
               report.copied_files, readable_bytes(report.copied_bytes));
  }
  for (const std::string& warning : report.warnings) fmt::print(stderr, "warning: {}\n", warning);
  if (!report.warnings.empty()) throw ExitStatus{kProblemFound};
}

}  // namespace

void add_admin_backup(CLI::App& admin, const DataName& data) {
  const auto arguments = std::make_shared<BackupArguments>();
  CLI::App* backup = admin.add_subcommand(
      "backup", "Copy the data folder; a server may run. The copy is a data folder itself");
  backup
      ->add_option("FOLDER", arguments->folder,
                   "New or empty, or of an earlier backup, to which what is new is added")
      ->required();
  backup
      ->add_option("--since", arguments->since,
                   "An earlier backup elsewhere, to share unchanged files with")
      ->type_name("FOLDER");
  backup->add_flag("--json", arguments->as_json, "Print JSON");
  backup->callback([data, arguments] {
    BackupOptions options;
    if (!arguments->since.empty()) options.since = arguments->since;
    print(back_up(*data, arguments->folder, options), arguments->as_json);
  });
  CLI::App* restore = admin.add_subcommand(
      "restore", "Copy a backup into a data folder that is missing or empty, and check it");
  restore->add_option("FOLDER", arguments->folder, "The backup")->required();
  restore->add_flag("--json", arguments->as_json, "Print JSON: the findings of the check");
  restore->callback([data, arguments] {
    restore_backup(arguments->folder, *data);
    print_check(check_hub(*data), arguments->as_json);
  });
}

}  // namespace torchhub::cli
