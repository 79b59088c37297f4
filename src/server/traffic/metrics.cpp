#include "server/traffic/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <sstream>
#include <string>

namespace torchhub::server {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

/// Seconds: a cached HEAD takes 50 µs, an upload minutes.
const prometheus::Histogram::BucketBoundaries kDurations = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600};

constexpr std::array<std::string_view, 6> kRouteClasses = {"api", "resolve", "git",
                                                           "lfs", "xet",     "other"};

}  // namespace

std::string_view route_class(std::string_view route) {
  if (route.find("/resolve") != route.npos || route.find("/raw/") != route.npos) return "resolve";
  if (route.starts_with("/v1/") || route.starts_with("/v2/")) return "xet";  // its tokens are API
  if (route.starts_with("/_lfs/") || route.find("/info/lfs/") != route.npos) return "lfs";
  if (route.find("/git-") != route.npos || route.ends_with("/info/refs")) return "git";
  return route.starts_with("/api/") ? "api" : "other";
}

struct Metrics::Impl {
  prometheus::Registry registry = prometheus::Registry();
  prometheus::Family<prometheus::Counter>& requests = BuildCounter()
                                                          .Name("torchhub_http_requests_total")
                                                          .Help("Requests answered")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& durations =
      BuildHistogram()
          .Name("torchhub_http_request_duration_seconds")
          .Help("From the first byte of a request to the last of its answer")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& bytes =
      BuildCounter()
          .Name("torchhub_http_body_bytes_total")
          .Help("Bytes of bodies, in from clients and out to them")
          .Register(registry);
  prometheus::Counter& bytes_in = bytes.Add({{"direction", "in"}});
  prometheus::Counter& bytes_out = bytes.Add({{"direction", "out"}});
  prometheus::Family<prometheus::Counter>& changes =
      BuildCounter()
          .Name("torchhub_changes_total")
          .Help("Commits by API, pushes by git, and collections by time")
          .Register(registry);
  prometheus::Counter& commits = changes.Add({{"kind", "commit"}});
  prometheus::Counter& pushes = changes.Add({{"kind", "push"}});
  prometheus::Counter& collections = changes.Add({{"kind", "collection"}});

  /// Kept, since looking a counter up by its labels costs more than counting.
  struct OfRoute {
    OfRoute(Impl& impl, std::string_view route)
        : requests(impl.requests),
          name(route),
          duration(impl.durations.Add({{"route", name}}, kDurations)) {}

    prometheus::Counter& status(int code) const {
      std::atomic<prometheus::Counter*>& place =
          by_status[static_cast<std::size_t>(std::clamp(code, 0, kMaxStatus))];
      prometheus::Counter* found = place;
      if (found == nullptr) {
        found = &requests.Add({{"route", name}, {"status", std::to_string(code)}});
        place = found;  // another thread puts the same one
      }
      return *found;
    }

    static constexpr int kMaxStatus = 599;
    prometheus::Family<prometheus::Counter>& requests;
    std::string name;
    prometheus::Histogram& duration;
    mutable std::array<std::atomic<prometheus::Counter*>, kMaxStatus + 1> by_status = {};
  };
  std::array<std::unique_ptr<OfRoute>, kRouteClasses.size()> by_route = [this] {
    std::array<std::unique_ptr<OfRoute>, kRouteClasses.size()> out;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = std::make_unique<OfRoute>(*this, kRouteClasses[i]);
    }
    return out;
  }();

  const OfRoute& of(std::string_view route) const {
    const auto* const found = std::find(kRouteClasses.begin(), kRouteClasses.end(), route);
    return *by_route[static_cast<std::size_t>(found - kRouteClasses.begin())];
  }

  prometheus::Counter& database_time =
      BuildCounter()
          .Name("torchhub_database_seconds_total")
          .Help("In the database, by all threads together; waiting for the disk included")
          .Register(registry)
          .Add({});
  std::atomic<double> database_told = 0;

  /// Two may ask at once: what the other has told is not told again.
  void tell_database_time(double seconds) {
    double before = database_told;
    while (before < seconds && !database_told.compare_exchange_weak(before, seconds)) {
    }
    if (before < seconds) database_time.Increment(seconds - before);
  }

  void set(const char* name, const char* help, double value, prometheus::Labels labels = {}) {
    BuildGauge().Name(name).Help(help).Register(registry).Add(labels).Set(value);
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  impl_->set("torchhub_build_info", "Always 1", 1, {{"version", TORCHHUB_VERSION}});
}
Metrics::~Metrics() = default;

void Metrics::note_request(const HttpRequest& request, const ExchangeFacts& facts) {
  const Impl::OfRoute& counts = impl_->of(route_class(request.route));
  counts.status(facts.status).Increment();
  counts.duration.Observe(std::chrono::duration<double>(facts.duration).count());
  impl_->bytes_in.Increment(static_cast<double>(facts.bytes_in));
  impl_->bytes_out.Increment(static_cast<double>(facts.bytes_out));
}

void Metrics::note_commit() { impl_->commits.Increment(); }
void Metrics::note_push() { impl_->pushes.Increment(); }
void Metrics::note_collection() { impl_->collections.Increment(); }

std::string Metrics::text(const GaugeValues& values) {
  impl_->set("torchhub_connections", "Open connections", values.connections);
  impl_->set("torchhub_uploads", "Requests under way that send a body", values.uploads);
  impl_->set("torchhub_git_processes", "git programs that run", values.git_processes);
  impl_->set("torchhub_git_waiting", "Clones and pushes that wait for a git program",
             values.git_waiting);
  impl_->tell_database_time(values.database_seconds);
  impl_->set("torchhub_lfs_objects", "LFS objects that repositories name", values.lfs_objects);
  impl_->set("torchhub_lfs_bytes", "Bytes of these", values.lfs_bytes);
  const char* repositories = "Repositories by type";
  impl_->set("torchhub_repositories", repositories, values.models, {{"type", "model"}});
  impl_->set("torchhub_repositories", repositories, values.datasets, {{"type", "dataset"}});
  impl_->set("torchhub_repositories", repositories, values.spaces, {{"type", "space"}});
  impl_->set("torchhub_accounts", "Users and organisations", values.accounts);
  impl_->set("torchhub_disk_free_bytes", "On the disk of the data folder", values.free_bytes);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  return out.str();
}

}  // namespace torchhub::server
