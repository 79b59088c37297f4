#include "support/rank_group.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace torchhub::testing {

int free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(descriptor, generic, size) != 0 || ::getsockname(descriptor, generic, &size) != 0) {
    throw std::runtime_error("no free port on loopback");
  }
  ::close(descriptor);
  return ntohs(address.sin_port);
}

RankGroup::RankGroup(int world_size, const std::vector<std::string>& command) {
  const int port = free_port();
  for (int rank = 0; rank < world_size; ++rank) {
    ranks_.push_back(std::make_unique<ChildProcess>(
        command, std::vector<std::string>{
                     fmt::format("RANK={}", rank), fmt::format("WORLD_SIZE={}", world_size),
                     "MASTER_ADDR=127.0.0.1", fmt::format("MASTER_PORT={}", port)}));
  }
}

std::vector<nlohmann::json> RankGroup::results() {
  std::vector<nlohmann::json> out;
  for (const auto& rank : ranks_) {
    const int code = rank->wait();
    out.push_back(code == 0 ? nlohmann::json::parse(rank->output())
                            : nlohmann::json{{"exit_code", code}, {"errors", rank->errors()}});
  }
  return out;
}

}  // namespace torchhub::testing
