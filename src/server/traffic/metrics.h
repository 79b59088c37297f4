#pragma once

#include "server/http/request_handler.h"

#include <memory>
#include <string>

namespace torchhub::server {

/// Values that are looked up when somebody asks for the metrics.
struct GaugeValues {
  double connections = 0;
  double uploads = 0;
  double git_processes = 0;
  double git_waiting = 0;       ///< Clones and pushes that wait for one of these.
  double database_seconds = 0;  ///< Since the start.
  double lfs_objects = 0;
  double lfs_bytes = 0;
  double models = 0;
  double datasets = 0;
  double spaces = 0;
  double accounts = 0;
  double free_bytes = 0;  ///< On the disk of the data folder.
};

/// Counts for Prometheus. Labels hold no name of a user or repository. Safe from several threads.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void note_request(const HttpRequest& request, const ExchangeFacts& facts);
  void note_commit();
  void note_push();
  void note_collection();

  /// Everything, in Prometheus' text format 0.0.4.
  std::string text(const GaugeValues& values);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a route is for, as a label: "api", "resolve", "git", "lfs", "xet", "other".
std::string_view route_class(std::string_view route);

}  // namespace torchhub::server
