#include "torchhub/server/collect.h"

#include "server/admin/collect_run.h"

#include <algorithm>
#include <numeric>

namespace torchhub {

std::string_view to_string(CollectedItem::Kind kind) {
  switch (kind) {
    case CollectedItem::Kind::link:
      return "link";
    case CollectedItem::Kind::object:
      return "object";
    case CollectedItem::Kind::trash:
      return "trash";
    case CollectedItem::Kind::upload:
      return "upload";
  }
  return "";
}

std::uint64_t CollectReport::count(CollectedItem::Kind kind) const {
  return static_cast<std::uint64_t>(std::count_if(
      items.begin(), items.end(), [&](const CollectedItem& item) { return item.kind == kind; }));
}

std::uint64_t CollectReport::bytes(CollectedItem::Kind kind) const {
  return std::accumulate(items.begin(), items.end(), std::uint64_t{0},
                         [&](std::uint64_t sum, const CollectedItem& item) {
                           return item.kind == kind ? sum + item.bytes : sum;
                         });
}

CollectReport collect_garbage(const std::filesystem::path& data_dir,
                              const CollectOptions& options) {
  server::AdminHub hub(data_dir, options.durability, options.clock);
  server::CollectRun run{hub, options};
  run.report.applied = options.apply;
  // The trash first: what is collected now is to lie in it for a while.
  server::collect_trash(run);
  server::collect_uploads(run);
  server::collect_links(run);
  server::collect_objects(run);
  return std::move(run.report);
}

}  // namespace torchhub
