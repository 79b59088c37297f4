#include "cli/admin_upkeep.h"
#include "torchhub/base/error.h"
#include "torchhub/server/test_fixtures.h"

#include <memory>

namespace torchhub::cli {
namespace {

struct FixtureFlags {
  bool wanted = false;
  bool test_mode = false;
};

}  // namespace

void add_test_fixtures(CLI::App& admin, const DataName& data) {
  const auto flags = std::make_shared<FixtureFlags>();
  CLI::Option* wanted =
      admin.add_flag("--test-fixtures", flags->wanted,
                     "Fill an empty hub as the tests of Python's huggingface_hub expect it; for "
                     "servers in test mode");
  admin.add_flag("--test-mode", flags->test_mode, "Allow --test-fixtures")->needs(wanted);
  for (CLI::App* command : admin.get_subcommands({})) command->excludes(wanted);
  admin.require_subcommand(0, 1);  // --test-fixtures stands in for one
  admin.callback([&admin, data, flags] {
    if (!flags->wanted) {
      if (admin.get_subcommands().empty()) throw CLI::RequiredError::Subcommand(1);
      return;
    }
    if (!flags->test_mode) {
      throw InvalidArgumentError(
          "--test-fixtures makes tokens that everybody knows: add --test-mode, and serve that "
          "folder with --test-mode alone.");
    }
    make_test_fixtures(*data);
  });
}

}  // namespace torchhub::cli
