#include "distributed/connection.h"

#include <fmt/format.h>

#include <string>

namespace torchhub {
namespace {

/// LibTorch's errors carry a stack; the first line says what happened. Without its full stop.
std::string first_line(const std::exception& error) {
  const auto* ours = dynamic_cast<const c10::Error*>(&error);
  const std::string text = ours != nullptr ? ours->what_without_backtrace() : error.what();
  const std::string line = text.substr(0, text.find('\n'));
  return line.substr(0, line.find_last_not_of(". ") + 1);
}

}  // namespace

c10::intrusive_ptr<c10d::Work> ProcessGroup::Connection::start_sum(const at::Tensor& flat) {
  std::vector<at::Tensor> tensors = {flat};
  return collectives->allreduce(tensors, c10d::AllreduceOptions());
}

void ProcessGroup::Connection::wait(std::string_view operation,
                                    const c10::intrusive_ptr<c10d::Work>& work) const {
  try {
    work->wait();
  } catch (const std::exception& error) {
    throw failure(operation, error);
  }
}

DistributedError ProcessGroup::Connection::failure(std::string_view operation,
                                                   const std::exception& error) const {
  if (hang_up) hang_up();
  return DistributedError(fmt::format(
      "Rank {} of {} failed in {}: {}. Another rank has ended or did not answer within {} s; its "
      "own output says why. Start all ranks again.",
      rank, world_size, operation, first_line(error), static_cast<double>(timeout.count()) / 1000));
}

}  // namespace torchhub
