#include "cli/commands.h"
#include "torchhub/base/error.h"
#include "torchhub/server/admin.h"

#include <fmt/format.h>

#include <cstdio>

namespace {

int run(int argc, char** argv) {
  using namespace torchhub;
  CLI::App app{"torchhub: a Hub of your own, and the tools around it", "torchhub"};
  app.set_version_flag("--version", "torchhub " TORCHHUB_VERSION);
  app.require_subcommand(1);
  cli::add_serve(app);
  cli::add_admin(app);
  try {
    app.parse(argc, argv);
    return cli::kFine;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kFine : cli::kUsage;
  } catch (const InvalidArgumentError& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return cli::kUsage;
  } catch (const AccountError& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return cli::kProblemFound;
  } catch (const std::exception& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return cli::kCouldNotRun;
  }
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
