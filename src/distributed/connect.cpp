#include "distributed/connection.h"
#include "distributed/loopback.h"

#include <fmt/format.h>

#ifdef TORCHHUB_HAS_GLOO
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <gloo/common/error.h>
#include <gloo/context.h>
#include <gloo/transport/context.h>
#include <gloo/transport/unbound_buffer.h>
#endif
#ifdef TORCHHUB_HAS_NCCL
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <csignal>
#include <cstdint>
#include <utility>

namespace torchhub {
namespace {

/// Debian's LibTorch 2 is built without libuv, which it would use unless told not to; LibTorch 1
/// does not know the choice.
template <typename StoreOptions>
void do_without_libuv(StoreOptions& options) {
  if constexpr (requires { options.useLibUV; }) options.useLibUV = false;
}

c10::intrusive_ptr<c10d::Store> meet(const ProcessEnvironment& environment,
                                     std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(environment.master_port);
  options.isServer = environment.rank == 0 && !environment.agent_attempt;
  options.numWorkers = static_cast<std::size_t>(environment.world_size);
  // LibTorch 1 drops parts of a second, and with none left it would not try twice.
  options.timeout = std::chrono::ceil<std::chrono::seconds>(timeout);
  do_without_libuv(options);
  c10::intrusive_ptr<c10d::Store> store =
      c10::make_intrusive<c10d::TCPStore>(environment.master_addr, options);
  // torchrun's agent keeps its store when it starts the ranks again: old entries must not be met.
  const int attempt = environment.agent_attempt.value_or(0);
  return c10::make_intrusive<c10d::PrefixStore>(fmt::format("torchhub/{}", attempt), store);
}

#ifdef TORCHHUB_HAS_GLOO
using Gloo = c10d::ProcessGroupGloo;

// Access to members that are protected. Nobody makes objects of these two: that, and calling
// functions of gloo::Context, would take symbols of libgloo, of which the rest needs headers alone.
struct Contexts final : Gloo {
  static const auto& of(const Gloo& gloo) { return gloo.*(&Contexts::contexts_); }
};
struct Transport final : gloo::Context {
  static gloo::transport::Context& of(gloo::Context& context) {
    return *(context.*(&Transport::transportContext_));
  }
};

/// Gloo closes all connections of a context, and ends what waits for them, when a message is not
/// there in time. So we wait a moment for one that nobody sends.
void hang_up(const Gloo& gloo) {
  for (const auto& context : Contexts::of(gloo)) {
    char nothing = 0;
    const auto message = Transport::of(*context).createUnboundBuffer(&nothing, sizeof nothing);
    try {
      message->waitRecv(std::chrono::milliseconds(1));
    } catch (const gloo::Exception&) {  // says that it did not come
    }
  }
}

c10::intrusive_ptr<Gloo> make_gloo(const c10::intrusive_ptr<c10d::Store>& store,
                                   const ProcessEnvironment& environment,
                                   std::chrono::milliseconds timeout) {
  auto options = Gloo::Options::create(timeout);
  if (environment.gloo_interface) {
    options->devices.push_back(Gloo::createDeviceForInterface(*environment.gloo_interface));
  } else if (is_loopback(environment.master_addr)) {
    options->devices.push_back(Gloo::createDeviceForHostname("127.0.0.1"));
  } else {
    options->devices.push_back(Gloo::createDefaultDevice());
  }
  options->threads = 2;
  return c10::make_intrusive<Gloo>(store, environment.rank, environment.world_size, options);
}
#endif

#ifdef TORCHHUB_HAS_NCCL
c10::intrusive_ptr<Collectives> make_nccl(const c10::intrusive_ptr<c10d::Store>& store,
                                          const ProcessEnvironment& environment,
                                          std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, environment.rank,
                                                     environment.world_size, options);
}
#endif

/// Gloo writes to connections that another rank may have closed. That is an error of this rank's
/// operation, not the silent end of the process. A program that handles SIGPIPE keeps its handler.
void survive_closed_connections() {
  struct sigaction current {};
  ::sigaction(SIGPIPE, nullptr, &current);
  if (current.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

[[noreturn]] void throw_not_built(const std::string& backend) {
  throw DistributedError(fmt::format(
      "This torchhub was built without {}, so it cannot run as several processes with it. {}",
      backend,
      backend == "gloo" ? "Install Gloo's headers (Debian: libgloo-dev) and build torchhub again."
                        : "Build torchhub against a LibTorch for CUDA with NCCL, or choose gloo."));
}

/// Fills in `collectives` and `hang_up`.
void connect_ranks(ProcessGroup::Connection& connection,
                   [[maybe_unused]] const ProcessEnvironment& environment) {
#ifdef TORCHHUB_HAS_GLOO
  if (connection.is_gloo) {
    const auto gloo = make_gloo(connection.store, environment, connection.timeout);
    connection.collectives = gloo;
    connection.hang_up = [gloo] { hang_up(*gloo); };
    return;
  }
#endif
#ifdef TORCHHUB_HAS_NCCL
  if (!connection.is_gloo) {
    connection.collectives = make_nccl(connection.store, environment, connection.timeout);
    return;
  }
#endif
  throw_not_built(connection.is_gloo ? "gloo" : "nccl");
}

void check_backend(const std::string& backend, const at::Device& device) {
  if (backend != "gloo" && backend != "nccl") {
    throw InvalidArgumentError(fmt::format(
        "There is no back end '{}' for several processes. Known: gloo, nccl.", backend));
  }
  if (backend == "nccl" && !device.is_cuda()) {
    throw InvalidArgumentError(
        fmt::format("The back end nccl is for CUDA devices; this rank's device is '{}'. Use gloo.",
                    device.str()));
  }
#ifndef TORCHHUB_HAS_GLOO
  if (backend == "gloo") throw_not_built(backend);
#endif
#ifndef TORCHHUB_HAS_NCCL
  if (backend == "nccl") throw_not_built(backend);
#endif
}

at::Device device_of(const std::string& name) {
  try {
    return at::Device(name);
  } catch (const c10::Error&) {
    throw InvalidArgumentError(fmt::format("'{}' is no device. Use 'cpu' or 'cuda:0'.", name));
  }
}

}  // namespace

std::unique_ptr<ProcessGroup::Connection> connect(const ProcessEnvironment& environment,
                                                  const ProcessGroupOptions& options) {
  const at::Device device = device_of(options.device);
  const std::string backend = options.backend.value_or(device.is_cuda() ? "nccl" : "gloo");
  check_backend(backend, device);
  if (options.timeout <= std::chrono::milliseconds(0)) {
    throw InvalidArgumentError(fmt::format("The timeout between ranks is {} ms; it must be above 0",
                                           options.timeout.count()));
  }
  survive_closed_connections();
  auto connection = std::make_unique<ProcessGroup::Connection>();
  connection->rank = environment.rank;
  connection->world_size = environment.world_size;
  connection->is_gloo = backend == "gloo";
  connection->device = connection->is_gloo ? at::Device(at::kCPU) : device;
  connection->timeout = options.timeout;
  try {
    connection->store = meet(environment, options.timeout);
    connect_ranks(*connection, environment);
    // Rank 0 serves the store: it must not leave before the others have found each other.
    connection->start_sum(at::zeros({1}, connection->device))->wait();
  } catch (const std::exception& error) {
    throw connection->failure(fmt::format("meeting the other ranks at {}:{}",
                                          environment.master_addr, environment.master_port),
                              error);
  }
  return connection;
}

}  // namespace torchhub
