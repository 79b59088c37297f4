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
                                                                      "push.ref_moved",
                                                                      "rewrite.ref_moved"});

/// Places where a test ends the process as a power cut would, or holds it up. Which one is set when
/// the server starts; without one this is a string comparison.
class FaultPoint {
 public:
  /// @param setting the place; "PLACE=FIFO" to wait there instead of ending
  explicit FaultPoint(const std::string& setting = {});
  /// Ends the process by SIGKILL if this is the place; or waits until somebody has opened the FIFO
  /// for writing, and closed it.
  void reach(std::string_view place) const;
  const std::string& place() const { return place_; }

 private:
  std::string place_;
  std::string gate_;  ///< Empty: the process ends.
};

}  // namespace torchhub::server
