#include "cli/admin_upkeep.h"
#include "server/config/values.h"
#include "torchhub/server/collect.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torchhub::cli {
namespace {

using nlohmann::json;
using Kind = CollectedItem::Kind;

struct GcArguments {
  CollectOptions options = {};
  std::string grace = "14d";
  bool force = false;
  bool as_json = false;
};

void print_report_json(const CollectReport& report) {
  json items = json::array();
  for (const CollectedItem& item : report.items) {
    items.push_back({{"kind", to_string(item.kind)},
                     {"where", item.where},
                     {"object", item.object.empty() ? json() : json(item.object)},
                     {"bytes", item.bytes}});
  }
  fmt::print(
      "{}\n",
      json{{"applied", report.applied}, {"items", items}, {"warnings", report.warnings}}.dump(2));
}

void print(const CollectReport& report) {
  const auto line = [&](Kind kind, const char* what) {
    fmt::print("{:>6} {:>10}  {}\n", report.count(kind), readable_bytes(report.bytes(kind)), what);
  };
  line(Kind::link, "LFS files that no commit of their repository names");
  line(Kind::object, "objects that no repository has then; they go to the trash");
  line(Kind::trash, "things long enough in the trash; they go for good");
  line(Kind::upload, "uploads that nobody ended; they go for good");
  for (const std::string& warning : report.warnings) fmt::print(stderr, "warning: {}\n", warning);
  fmt::print("{}\n", report.applied ? "Done." : "Nothing was changed: add --apply to do it.");
}

}  // namespace

void add_admin_gc(CLI::App& admin, const DataName& data) {
  const auto arguments = std::make_shared<GcArguments>();
  CLI::App* gc = admin.add_subcommand(
      "gc", "Tell what nobody needs any more, and take it away; a server may run");
  gc->add_flag("--apply", arguments->options.apply, "Do it");
  CLI::Option* grace =
      gc->add_option("--gc-grace", arguments->grace, "How long unused files and the trash are kept")
          ->capture_default_str()
          ->type_name("TIME");
  gc->add_flag("--force", arguments->force,
               "No grace: uploads that wait for their commit are lost, too")
      ->excludes(grace);
  gc->add_flag("--json", arguments->as_json, "Print JSON");
  gc->callback([data, arguments] {
    arguments->options.grace =
        arguments->force ? std::chrono::milliseconds(0) : server::parse_time_span(arguments->grace);
    const CollectReport report = collect_garbage(*data, arguments->options);
    if (arguments->as_json) {
      print_report_json(report);
    } else {
      print(report);
    }
    if (!report.warnings.empty()) throw ExitStatus{kProblemFound};
  });
}

}  // namespace torchhub::cli
