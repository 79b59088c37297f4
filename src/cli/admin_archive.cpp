#include "cli/admin_upkeep.h"
#include "torchhub/server/archive.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

using nlohmann::json;

struct ArchiveArguments {
  std::string name = {};
  std::string type = "model";
  std::string file = {};
  bool as_json = false;
};

void print(const ArchiveReport& report, bool json_wanted) {
  if (json_wanted) {
    fmt::print("{}\n", json{{"type", to_string(report.repo.type)},
                            {"name", report.repo.id.str()},
                            {"refs", report.refs},
                            {"objects", report.objects},
                            {"bytes", report.bytes}}
                           .dump(2));
    return;
  }
  fmt::print("{} {}: {} branches and tags, {} LFS objects, a file of {}.\n",
             to_string(report.repo.type), report.repo.id.str(), report.refs, report.objects,
             readable_bytes(report.bytes));
}

}  // namespace

void add_admin_archive(CLI::App& admin, const DataName& data) {
  const auto arguments = std::make_shared<ArchiveArguments>();
  CLI::App* out =
      admin.add_subcommand("export", "Write a repository into one file; a server may run");
  out->add_option("NAME", arguments->name, "owner/name")->required();
  out->add_option("FILE", arguments->file, "A tar archive; replaced if it is there")->required();
  out->add_option("--type", arguments->type, "model, dataset or space")
      ->capture_default_str()
      ->check(CLI::IsMember({"model", "dataset", "space"}));
  out->add_flag("--json", arguments->as_json, "Print JSON");
  out->callback([data, arguments] {
    const Repo repo{RepoId::parse(arguments->name), parse_repo_type(arguments->type)};
    print(export_repository(*data, repo, arguments->file), arguments->as_json);
  });
  CLI::App* in =
      admin.add_subcommand("import", "Make a repository of such a file; a server may run");
  in->add_option("FILE", arguments->file, "What 'export' wrote")->required();
  in->add_option("--as", arguments->name, "Another name, owner/name");
  in->add_flag("--json", arguments->as_json, "Print JSON");
  in->callback([data, arguments] {
    ImportOptions options;
    if (!arguments->name.empty()) options.as = RepoId::parse(arguments->name);
    print(import_repository(*data, arguments->file, options), arguments->as_json);
  });
}

}  // namespace torchhub::cli
