#pragma once

#include <array>
#include <string>
#include <string_view>

namespace torchhub::server {

/// The places that reach() is called with, each after one step that must hold on its own.
inline constexpr auto kFaultPoints = std::to_array<std::string_view>({"lfs.bytes_flushed",
                                                                      "lfs.linked",
                                                                      "lfs.row_written",
                                                                      "commit.objects_written",
                                                                      "commit.objects_durable",
                                                                      "commit.ref_moved",
                                                                      "create.reserved",
                                                                      "create.folder_made",
                                                                      "delete.marked",
                                                                      "lfs.part_written",
                                                                      "lfs.multipart_completed",
                                                                      "pr.reserved",
                                                                      "pr.ref_made",
                                                                      "pr.merge_noted",
                                                                      "pr.merged",
                                                                      "xet.xorb_moved",
                                                                      "xet.rebuilt",
                                                                      "push.objects_durable",
                                                                      "push.moves_noted",
                                                                      "push.ref_moved"});

/// Places where a test ends the process as a power cut would. Which one is set when the server
/// starts; without one this is a string comparison.
class FaultPoint {
 public:
  explicit FaultPoint(std::string name = {}) : name_(std::move(name)) {}
  /// Ends the process by SIGKILL if this is the place.
  void reach(std::string_view place) const;

 private:
  std::string name_;
};

}  // namespace torchhub::server
