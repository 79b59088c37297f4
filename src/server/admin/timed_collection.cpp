#include "server/admin/timed_collection.h"

#include "torchhub/base/log.h"
#include "torchhub/server/collect.h"

namespace torchhub::server {

TimedCollection::TimedCollection(HubState& hub)
    : hub_(hub), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void TimedCollection::run(const std::stop_token& stop) {
  while (hub_.options.clock->sleep_for(hub_.options.gc_interval, stop)) collect();
}

void TimedCollection::collect() {
  try {
    const CollectReport report =
        collect_garbage(hub_.options.data_dir, {.apply = true,
                                                .grace = hub_.options.gc_grace,
                                                .durability = hub_.options.durability,
                                                .clock = hub_.options.clock});
    hub_.metrics.note_collection();
    for (const std::string& warning : report.warnings) {
      log::warning("not_collected", {{"why", warning}});
    }
    log::info("collected", {{"links", report.count(CollectedItem::Kind::link)},
                            {"objects", report.count(CollectedItem::Kind::object)},
                            {"bytes", report.bytes(CollectedItem::Kind::object)},
                            {"trash", report.count(CollectedItem::Kind::trash)},
                            {"uploads", report.count(CollectedItem::Kind::upload)}});
  } catch (const std::exception& error) {
    log::error("collection_failed", {{"error", error.what()}});
  }
}

}  // namespace torchhub::server
