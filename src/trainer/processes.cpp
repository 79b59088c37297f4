#include "trainer/processes.h"

#include "base/cpu_topology.h"
#include "base/host_name.h"
#include "torchhub/training/threads.h"
#include "trainer/hardware.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace torchhub {
namespace {

std::shared_ptr<ProcessGroup> meet(const ProcessEnvironment& environment,
                                   const TrainingArguments& args) {
  return std::make_shared<ProcessGroup>(
      environment, ProcessGroupOptions{.backend = args.ddp_backend,
                                       .device = device_of(environment, args),
                                       .timeout = std::chrono::seconds(args.ddp_timeout)});
}

}  // namespace

std::string seat(const std::string& host, const std::vector<int>& cpus) {
  return nlohmann::json{{"host", host}, {"cpus", cpus}}.dump();
}

ProcessesHere processes_among(const std::string& here, const std::vector<std::string>& seats) {
  const nlohmann::json own = nlohmann::json::parse(here);
  const auto& mine = own.at("cpus");
  ProcessesHere found{.on_cpus = 0, .on_host = 0};
  for (const std::string& text : seats) {
    const nlohmann::json there = nlohmann::json::parse(text);
    if (there.at("host") != own.at("host")) continue;
    ++found.on_host;
    const auto& cpus = there.at("cpus");
    if (std::find_first_of(mine.begin(), mine.end(), cpus.begin(), cpus.end()) != mine.end()) {
      ++found.on_cpus;
    }
  }
  return found;
}

Processes::Processes(std::shared_ptr<ProcessGroup> group, const ProcessEnvironment& environment,
                     const TrainingArguments& args)
    : group_(group ? std::move(group) : meet(environment, args)),
      local_rank_(environment.local_rank),
      one_per_node_writes_(args.save_on_each_node) {}

void Processes::mark(TrainerState& state) const {
  state.is_local_process_zero = is_local_main();
  state.is_world_process_zero = is_main();
}

const std::string& Processes::log_level(const TrainingArguments& args) const {
  const bool logs = args.log_on_each_node ? is_local_main() : is_main();
  return logs ? args.log_level : args.log_level_replica;
}

void Processes::share_model(torch::nn::Module& model) const {
  if (alone()) return;
  group_->broadcast(model.parameters());
  share_buffers(model);
}

void Processes::share_buffers(torch::nn::Module& model) const {
  if (!alone()) group_->broadcast(model.buffers());
}

std::vector<std::string> problems_of_processes(const TrainingArguments& args,
                                               const ProcessEnvironment& environment) {
  std::vector<std::string> found;
  if (!environment.is_distributed()) return found;
  if (args.auto_find_batch_size) {
    found.emplace_back(
        "auto_find_batch_size is true, but there are several processes, and memory runs out on one "
        "of them alone. Set per_device_train_batch_size, and auto_find_batch_size to false.");
  }
  const AcceleratorConfig& config = args.accelerator_config;
  if (!config.even_batches && !args.dataloader_drop_last) {
    found.emplace_back(
        "accelerator_config.even_batches is false, but processes with different numbers of batches "
        "cannot train together. Set it to true, or dataloader_drop_last to true.");
  }
  if (config.split_batches && (args.per_device_train_batch_size % environment.world_size != 0 ||
                               args.per_device_eval_batch_size % environment.world_size != 0)) {
    found.push_back(fmt::format(
        "accelerator_config.split_batches is true, but per_device_train_batch_size {} and "
        "per_device_eval_batch_size {} must both be divisible by the {} processes.",
        args.per_device_train_batch_size, args.per_device_eval_batch_size, environment.world_size));
  }
  return found;
}

GradientExchangeOptions exchange_options(const TrainingArguments& args) {
  // As Python's Trainer: a graph that is computed twice cannot be searched for what it leaves out.
  return {.bucket_cap_mb = static_cast<double>(args.ddp_bucket_cap_mb.value_or(25)),
          .find_unused_parameters =
              args.ddp_find_unused_parameters.value_or(!args.gradient_checkpointing),
          .static_graph = args.ddp_static_graph.value_or(false),
          .broadcast_buffers = args.ddp_broadcast_buffers.value_or(true)};
}

ProcessesHere processes_here(const ProcessEnvironment& environment, const Processes& processes) {
  if (processes.alone()) {
    return {.on_cpus = environment.local_world_size, .on_host = environment.local_world_size};
  }
  const std::string here = seat(host_name(), allowed_cpus());
  return processes_among(here, processes.group().all_gather_object(here));
}

std::optional<int> threads_among(const ProcessesHere& here) {
  if (here.on_host == 1 || ThreadEnvironment::from_environment().num_threads) return std::nullopt;
  return usable_cores_each(cpu_topology(), here.on_cpus, here.on_host);
}

std::string rng_state_name(int rank) { return fmt::format("rng_state_{}.pth", rank); }

std::string rng_state_name(const Processes& processes) {
  return processes.alone() ? "rng_state.pth" : rng_state_name(processes.rank());
}

}  // namespace torchhub
