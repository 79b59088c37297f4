#include "distributed/slurm_tasks.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace torchhub {
namespace {

std::optional<int> number(std::string_view text, int least) {
  int parsed = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, parsed);
  if (result.ec != std::errc() || result.ptr != end || parsed < least) return std::nullopt;
  return parsed;
}

/// Nodes in a row with as many tasks each.
struct Run {
  std::int64_t tasks = 0;
  std::int64_t nodes = 0;
};

/// "3" or "4(x2)".
std::optional<Run> run_of(std::string_view text) {
  const auto open = text.find("(x");
  std::optional<int> nodes = 1;
  if (open != std::string_view::npos) {
    if (!text.ends_with(')')) return std::nullopt;
    nodes = number(text.substr(open + 2, text.size() - open - 3), 1);
  }
  const auto tasks = number(text.substr(0, open), 1);
  if (!tasks || !nodes) return std::nullopt;
  return Run{.tasks = *tasks, .nodes = *nodes};
}

}  // namespace

std::optional<int> slurm_tasks_of_node(std::string_view list, std::string_view node, int all) {
  if (number(list, 1) == all) return all;  // there is one node
  const auto wanted = number(node, 0);
  if (!wanted) return std::nullopt;
  std::optional<int> found;
  std::int64_t first = 0;
  std::int64_t tasks = 0;
  for (bool more = true; more;) {
    const auto comma = std::min(list.find(','), list.size());
    const auto run = run_of(list.substr(0, comma));
    if (!run) return std::nullopt;
    if (*wanted >= first && *wanted < first + run->nodes) found = static_cast<int>(run->tasks);
    first += run->nodes;
    tasks += run->tasks * run->nodes;
    if (tasks > all) return std::nullopt;
    more = comma < list.size();
    if (more) list.remove_prefix(comma + 1);
  }
  return tasks == all ? found : std::nullopt;
}

}  // namespace torchhub
