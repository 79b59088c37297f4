#include "cli/commands.h"
#include "torchhub/base/error.h"
#include "torchhub/server/admin.h"
#include "torchhub/server/repositories.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

using namespace torchhub;

std::vector<const char*> arguments_of(int argc, char** argv) {
  std::vector<const char*> out(argv, argv + argc);
  if (argc > 1 && std::strcmp(argv[1], "launch") == 0) {
    const auto is_mark = [](const char* argument) { return std::strcmp(argument, "--") == 0; };
    const auto mark = std::find_if(out.begin(), out.end(), is_mark);
    if (mark != out.end()) *mark = cli::kProgramFollows;
  }
  return out;
}

int run(int argc, char** argv) {
  CLI::App app{"torchhub: a Hub of your own, and the tools around it", "torchhub"};
  app.set_version_flag("--version", "torchhub " TORCHHUB_VERSION);
  app.require_subcommand(1);
  cli::add_serve(app);
  cli::add_admin(app);
  cli::add_card(app);
  cli::add_launch(app);
  cli::add_push(app);
  cli::add_mirror(app);
  try {
    app.parse(argc, arguments_of(argc, argv).data());
    return cli::kFine;
  } catch (const cli::ExitStatus& status) {
    return status.code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kFine : cli::kUsage;
  } catch (const InvalidArgumentError& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return cli::kUsage;
  } catch (const AccountError& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return cli::kProblemFound;
  } catch (const RepositoryAdminError& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return cli::kProblemFound;
  } catch (const std::exception& error) {
    fmt::print(stderr, "torchhub: {}\n", error.what());
    return cli::kCouldNotRun;
  }
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
