#include "torchhub/distributed/process_group.h"

#include "distributed/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace torchhub {
namespace {

constexpr std::int64_t kMaxDimensions = 16;
constexpr std::int64_t kBytesAtOnce = 25 * 1024 * 1024;

/// The bytes of a tensor, whatever its type: the back ends do not know all of them.
at::Tensor bytes_of(const at::Tensor& tensor) {
  return tensor.detach().contiguous().view({-1}).view(at::kByte);
}

at::Tensor tensor_of(const std::string& text) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(text.size())}, at::kByte);
  std::copy(text.begin(), text.end(), static_cast<char*>(out.data_ptr()));
  return out;
}

std::string text_of(const at::Tensor& bytes) {
  const at::Tensor here = bytes.cpu();
  return {static_cast<const char*>(here.data_ptr()), static_cast<std::size_t>(here.numel())};
}

/// The type in which a sum can travel: no back end adds bool and int16.
at::ScalarType sum_type(at::ScalarType type, bool is_gloo) {
  if (type == at::kBool || type == at::kShort) return at::kInt;
  return is_gloo ? type_for_gloo(type) : type;
}

/// [type, dimensions, sizes ...]
at::Tensor shape_record(const at::Tensor& tensor) {
  at::Tensor record = at::zeros({kMaxDimensions + 2}, at::kLong);
  auto* const values = record.data_ptr<std::int64_t>();
  values[0] = static_cast<std::int64_t>(tensor.scalar_type());
  values[1] = tensor.dim();
  std::copy(tensor.sizes().begin(), tensor.sizes().end(), values + 2);
  return record;
}

struct Shape {
  explicit Shape(const at::Tensor& record) {
    const at::Tensor here = record.cpu();
    const auto* const values = here.data_ptr<std::int64_t>();
    type = static_cast<at::ScalarType>(values[0]);
    sizes.assign(values + 2, values + 2 + values[1]);
    bytes = static_cast<std::int64_t>(c10::elementSize(type));
    for (const std::int64_t size : sizes) bytes *= size;
  }
  at::ScalarType type;
  std::vector<std::int64_t> sizes;
  std::int64_t bytes;
};

/// Tensors of equal size, one of each rank.
std::vector<at::Tensor> gather_equal(ProcessGroup::Connection& connection,
                                     const at::Tensor& tensor) {
  std::vector<at::Tensor> inputs = {tensor.to(connection.device)};
  std::vector<std::vector<at::Tensor>> outputs(1);
  for (int rank = 0; rank < connection.world_size; ++rank) {
    outputs[0].push_back(at::empty_like(inputs[0]));
  }
  connection.wait("all_gather", connection.collectives->allgather(outputs, inputs));
  return outputs[0];
}

void broadcast_bytes(ProcessGroup::Connection& connection, const at::Tensor& bytes, int root) {
  std::vector<at::Tensor> tensors = {bytes};
  c10d::BroadcastOptions options;
  options.rootRank = root;
  connection.wait("broadcast", connection.collectives->broadcast(tensors, options));
}

/// One message for several tensors: begin to end.
void broadcast_together(ProcessGroup::Connection& connection,
                        const std::vector<at::Tensor>& tensors, int root) {
  std::vector<at::Tensor> parts;
  std::vector<std::int64_t> sizes;
  for (const at::Tensor& tensor : tensors) {
    parts.push_back(bytes_of(tensor));
    sizes.push_back(parts.back().numel());
  }
  const at::Tensor all = at::cat(parts).to(connection.device);
  broadcast_bytes(connection, all, root);
  if (connection.rank == root) return;
  const std::vector<at::Tensor> received = all.split_with_sizes(sizes);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    // A copy first: a part may begin where its type must not.
    tensors[i].copy_(received[i].clone().view(tensors[i].scalar_type()).view(tensors[i].sizes()));
  }
}

}  // namespace

ProcessGroup::ProcessGroup() = default;
ProcessGroup::ProcessGroup(const ProcessEnvironment& environment,
                           const ProcessGroupOptions& options)
    : environment_(environment) {
  if (environment.is_distributed()) connection_ = connect(environment, options);
}
ProcessGroup::~ProcessGroup() = default;
ProcessGroup::ProcessGroup(ProcessGroup&&) noexcept = default;
ProcessGroup& ProcessGroup::operator=(ProcessGroup&&) noexcept = default;

void ProcessGroup::barrier() {
  if (!connection_) return;
  connection_->wait("barrier", connection_->start_sum(at::zeros({1}, connection_->device)));
}

at::Tensor ProcessGroup::all_reduce(const at::Tensor& tensor, ReduceOp op) {
  if (op == ReduceOp::mean && !tensor.is_floating_point()) {
    throw InvalidArgumentError("all_reduce: there is no mean of integers; use the sum");
  }
  if (!connection_) return tensor;
  at::NoGradGuard no_grad;
  const at::ScalarType type = sum_type(tensor.scalar_type(), connection_->is_gloo);
  at::Tensor flat = tensor.detach().to(connection_->device, type).contiguous().clone();
  std::vector<at::Tensor> tensors = {flat};
  c10d::AllreduceOptions options;
  if (op == ReduceOp::max) options.reduceOp = c10d::ReduceOp::MAX;
  connection_->wait("all_reduce", connection_->collectives->allreduce(tensors, options));
  if (op == ReduceOp::mean) flat /= world_size();
  return flat.to(tensor.device(), tensor.scalar_type());
}

std::vector<at::Tensor> ProcessGroup::all_gather(const at::Tensor& tensor) {
  if (!connection_) return {tensor};
  if (tensor.dim() > kMaxDimensions) {
    throw InvalidArgumentError(
        fmt::format("all_gather: {} dimensions are more than {}", tensor.dim(), kMaxDimensions));
  }
  at::NoGradGuard no_grad;
  std::vector<Shape> shapes;
  for (const at::Tensor& record : gather_equal(*connection_, shape_record(tensor))) {
    shapes.emplace_back(record);
  }
  std::int64_t most = 0;
  for (const Shape& shape : shapes) most = std::max(most, shape.bytes);
  at::Tensor padded = at::zeros({most}, at::kByte).to(tensor.device());
  padded.narrow(0, 0, shapes[static_cast<std::size_t>(rank())].bytes).copy_(bytes_of(tensor));
  std::vector<at::Tensor> gathered(shapes.size());
  if (most > 0) gathered = gather_equal(*connection_, padded);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const at::Tensor bytes = most > 0 ? gathered[i].narrow(0, 0, shapes[i].bytes) : padded;
    gathered[i] = bytes.clone().view(shapes[i].type).view(shapes[i].sizes).to(tensor.device());
  }
  return gathered;
}

void ProcessGroup::broadcast(const std::vector<at::Tensor>& tensors, int root) {
  if (!connection_) return;
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> together;
  std::int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.numel() == 0) continue;
    together.push_back(tensor);
    bytes += static_cast<std::int64_t>(tensor.nbytes());
    if (bytes < kBytesAtOnce) continue;
    broadcast_together(*connection_, std::exchange(together, {}), root);
    bytes = 0;
  }
  if (!together.empty()) broadcast_together(*connection_, together, root);
}

std::string ProcessGroup::broadcast_object(const std::string& object, int root) {
  if (!connection_) return object;
  at::Tensor size = at::full({1}, static_cast<std::int64_t>(object.size()), at::kLong);
  broadcast({size}, root);
  at::Tensor bytes = at::zeros({size.item<std::int64_t>()}, at::kByte);
  if (rank() == root) bytes = tensor_of(object);
  broadcast({bytes}, root);
  return text_of(bytes);
}

std::vector<std::string> ProcessGroup::all_gather_object(const std::string& object) {
  std::vector<std::string> out;
  for (const at::Tensor& bytes : all_gather(tensor_of(object))) out.push_back(text_of(bytes));
  return out;
}

}  // namespace torchhub
