#include "torchhub/distributed/environment.h"

#include "distributed/loopback.h"
#include "distributed/slurm_nodelist.h"
#include "distributed/slurm_tasks.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

/// The names that one launcher uses; "" where it has none.
struct Names {
  const char* rank;
  const char* world_size;
  const char* local_rank;
  const char* local_world_size;
};

// torchrun's first: they win. Slurm's last: it sets them for whatever starts inside a job.
constexpr std::array<Names, 5> kLaunchers = {{
    {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_RANK",
     "MV2_COMM_WORLD_LOCAL_SIZE"},
    {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
    {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"},
}};
constexpr const Names& kSlurm = kLaunchers.back();

/// Reads variables and collects what is wrong with them.
class Reader {
 public:
  explicit Reader(const ProcessEnvironment::Environment& environment) : environment_(environment) {}

  std::optional<std::string> text(const std::string& name) const {
    auto value = environment_(name);
    return value && value->empty() ? std::nullopt : std::move(value);
  }

  bool has(const std::string& name) const { return text(name).has_value(); }

  /// Nothing where it is not set, or is no number of this range: that is noted as a problem.
  std::optional<int> number(const std::string& name, int least, int most) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    int parsed = 0;
    const char* end = value->data() + value->size();
    const auto result = std::from_chars(value->data(), end, parsed);
    if (result.ec == std::errc() && result.ptr == end && parsed >= least && parsed <= most)
      return parsed;
    const std::string range = most == std::numeric_limits<int>::max()
                                  ? fmt::format("a number from {}", least)
                                  : fmt::format("a number from {} to {}", least, most);
    problem(fmt::format("{} must be {}, not '{}'", name, range, *value));
    return std::nullopt;
  }

  std::optional<int> count(const std::string& name, int least) {
    return number(name, least, std::numeric_limits<int>::max());
  }

  void problem(std::string text) { problems_.push_back(std::move(text)); }

  void throw_problems() {
    if (problems_.empty()) return;
    throw InvalidArgumentError("The launcher's environment variables do not fit together",
                               std::exchange(problems_, {}));
  }

 private:
  const ProcessEnvironment::Environment& environment_;
  std::vector<std::string> problems_;
};

const Names* find_launcher(const Reader& reader) {
  for (const Names& names : kLaunchers) {
    // In a Slurm allocation SLURM_NTASKS alone speaks of the job; srun adds the rank.
    if (reader.has(names.rank) || (&names != &kSlurm && reader.has(names.world_size)))
      return &names;
  }
  return nullptr;
}

void read_rank(Reader& reader, const Names& names, ProcessEnvironment& out) {
  const auto rank = reader.count(names.rank, 0);
  const auto world_size = reader.count(names.world_size, 1);
  if (!reader.has(names.world_size)) {
    reader.problem(fmt::format("{} is set, but {} is not", names.rank, names.world_size));
  }
  if (world_size) out.world_size = *world_size;
  if (!reader.has(names.rank) && out.world_size > 1) {
    reader.problem(
        fmt::format("{} is {}, but {} is not set", names.world_size, out.world_size, names.rank));
  }
  if (rank) out.rank = *rank;
  if (rank && world_size && *rank >= *world_size) {
    reader.problem(
        fmt::format("{} {} must be below {} {}", names.rank, *rank, names.world_size, *world_size));
  }
}

/// Tasks of this node where srun was given no number a node. Nothing where its variables do not
/// tell: they are not the user's to correct.
std::optional<int> slurm_local_world_size(const Reader& reader, int world_size) {
  const auto tasks = slurm_tasks_of_node(reader.text("SLURM_TASKS_PER_NODE").value_or(""),
                                         reader.text("SLURM_NODEID").value_or(""), world_size);
  if (tasks) return tasks;
  const auto older = reader.text("SLURM_NNODES");
  const auto nodes = older ? older : reader.text("SLURM_JOB_NUM_NODES");
  return nodes == "1" ? std::optional(world_size) : std::nullopt;
}

/// The address, and whether it is known that all ranks are on this host.
bool read_master(Reader& reader, const Names& names, const std::optional<int>& local_world_size,
                 ProcessEnvironment& out) {
  if (const auto port = reader.number("MASTER_PORT", 1, 65535)) out.master_port = *port;
  if (const auto address = reader.text("MASTER_ADDR")) {
    out.master_addr = *address;
    return is_loopback(*address);
  }
  if (local_world_size == out.world_size) return true;
  const auto nodes = &names == &kSlurm ? reader.text("SLURM_JOB_NODELIST") : std::nullopt;
  if (!nodes) {
    reader.problem(fmt::format(
        "MASTER_ADDR is not set, and {} does not say that all {} ranks are on this host; set "
        "MASTER_ADDR to the host of rank 0",
        names.local_world_size, out.world_size));
  } else if (const auto host = first_slurm_host(*nodes)) {
    out.master_addr = *host;
  } else {
    reader.problem(
        fmt::format("SLURM_JOB_NODELIST is no list of hosts: '{}'; set MASTER_ADDR", *nodes));
  }
  return false;
}

void read_local(Reader& reader, const Names& names, const std::optional<int>& local_world_size,
                bool one_host, ProcessEnvironment& out) {
  const auto local_rank = reader.count(names.local_rank, 0);
  out.local_rank = local_rank.value_or(one_host ? out.rank : 0);
  out.local_world_size = local_world_size.value_or(one_host ? out.world_size : out.local_rank + 1);
  if (out.local_world_size > out.world_size) {
    reader.problem(fmt::format("{} ranks on this host are more than {} {}", out.local_world_size,
                               names.world_size, out.world_size));
  } else if (out.local_rank >= out.local_world_size) {
    reader.problem(fmt::format("{} {} must be below the {} ranks of this host", names.local_rank,
                               out.local_rank, out.local_world_size));
  }
}

}  // namespace

ProcessEnvironment ProcessEnvironment::from_environment(const Environment& environment) {
  Reader reader(environment);
  ProcessEnvironment out;
  const Names* names = find_launcher(reader);
  if (names == nullptr) return out;
  read_rank(reader, *names, out);
  if (out.world_size == 1) {
    reader.throw_problems();
    return out;
  }
  auto local_world_size = reader.count(names->local_world_size, 1);
  if (names == &kSlurm && !reader.has(names->local_world_size)) {
    local_world_size = slurm_local_world_size(reader, out.world_size);
  }
  const bool one_host = read_master(reader, *names, local_world_size, out);
  read_local(reader, *names, local_world_size, one_host, out);
  out.gloo_interface = reader.text("GLOO_SOCKET_IFNAME");
  if (reader.text("TORCHELASTIC_USE_AGENT_STORE") == "True") {
    out.agent_attempt = reader.count("TORCHELASTIC_RESTART_COUNT", 0).value_or(0);
  }
  reader.throw_problems();
  return out;
}

ProcessEnvironment ProcessEnvironment::from_environment() {
  return from_environment([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  });
}

}  // namespace torchhub
