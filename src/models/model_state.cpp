// Weights into a PreTrainedModel and out of it.
#include "push_saved.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/models/model.h"
#include "torchhub/weights/dtype.h"
#include "torchhub/weights/load.h"
#include "torchhub/weights/name_map.h"
#include "torchhub/weights/save.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <unordered_map>

namespace torchhub {
namespace {

std::optional<at::ScalarType> first_float_type(const StateDict& state) {
  for (const auto& [name, tensor] : state) {
    if (tensor.is_floating_point()) return tensor.scalar_type();
  }
  return std::nullopt;
}

/// Which tensor of the files goes where.
class Matching {
 public:
  Matching(const WeightFiles& files, const StateDict& state, const NameMap& names) : files_(files) {
    std::unordered_map<std::string, std::string> source;  // model's name -> file's
    std::set<std::string> known;
    for (const auto& [name, tensor] : state) known.insert(name);
    for (const std::string& name : files.names()) {
      const std::string target = names(name);
      if (!known.contains(target) || !source.emplace(target, name).second) {
        report.unexpected_keys.push_back(name);
      } else if (target != name) {
        report.renamed_keys.emplace_back(name, target);
      }
    }
    for (const std::string& name : files.unlisted()) report.unexpected_keys.push_back(name);
    add_aliases(names, source);
    for (const auto& [name, tensor] : state) {
      const auto found = source.find(name);
      found == source.end() ? report.missing_keys.push_back(name)
                            : pair(name, tensor, found->second);
    }
  }

  /// Copies the numbers, converting types.
  void copy() {
    const torch::NoGradGuard no_grad;
    for (auto& [target, source] : pairs_) target.copy_(files_.tensor(source));
  }

  bool empty() const { return pairs_.empty(); }
  LoadReport report = {};

 private:
  /// A second name of one tensor, dropped when it was saved, is filled from the first.
  void add_aliases(const NameMap& names, std::unordered_map<std::string, std::string>& source) {
    for (const auto& [dropped, kept] : files_.aliases()) {
      if (!files_.contains(kept)) continue;
      if (source.emplace(names(dropped), kept).second) {
        report.tied_keys.emplace_back(names(dropped), names(kept));
      }
    }
  }

  void pair(const std::string& name, const at::Tensor& target, const std::string& source) {
    const safetensors::TensorInfo& info = files_.info(source);
    if (target.sizes() != at::IntArrayRef(info.shape)) {
      report.mismatched_keys.push_back(
          {.name = name, .in_file = info.shape, .in_model = target.sizes().vec()});
      return;
    }
    if (const auto type = scalar_type_of(info.dtype); type && *type != target.scalar_type()) {
      report.dtype_casts.push_back(fmt::format("{}: {} -> {}", name, python_dtype_name(*type),
                                               python_dtype_name(target.scalar_type())));
    }
    report.file_of_key[name] = files_.file_of(source);
    pairs_.emplace_back(target, source);
  }

  const WeightFiles& files_;
  std::vector<std::pair<at::Tensor, std::string>> pairs_;
};

NameMap name_map(const PreTrainedModel& model, const StateDict& state) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : state) names.insert(name);
  return NameMap(std::move(names), model.base_model_prefix());
}

void refuse_foreign_weights(const Matching& matching, const WeightFiles& files,
                            const StateDict& state, const PreTrainedModel& model) {
  if (!matching.empty() || !matching.report.mismatched_keys.empty() || state.empty()) return;
  throw WeightMismatchError(fmt::format(
      "None of the {} tensors of '{}' fits {}: the file begins with '{}', the model with '{}'. "
      "Load it with the class it was saved from. (from_pretrained() and load_state() take "
      "allow_random_init, to start from fresh weights.)",
      files.names().size(), files.path().string(), model.class_name(),
      files.names().empty() ? "" : files.names().front(), state.front().first));
}

void refuse_other_shapes(const Matching& matching, const WeightFiles& files,
                         const PreTrainedModel& model) {
  if (matching.report.mismatched_keys.empty()) return;
  LoadReport shapes_only;
  shapes_only.mismatched_keys = matching.report.mismatched_keys;
  throw WeightMismatchError(fmt::format(
      "'{}' does not fit {}: {}. (from_pretrained() and load_state() take ignore_mismatched_sizes, "
      "to keep fresh weights there.)",
      files.path().string(), model.class_name(), shapes_only.text()));
}

}  // namespace

void PreTrainedModel::save_pretrained(const std::filesystem::path& folder,
                                      const SavePretrainedOptions& options) {
  if (options.push_to_hub && options.deferred != nullptr) {
    throw InvalidArgumentError(
        "save_pretrained() cannot push weights whose writing is put off: unset `deferred` or "
        "`push_to_hub`.");
  }
  const FileStamps before = options.push_to_hub ? stamps_before_saving(folder) : FileStamps{};
  const StateDict state = named_state();
  if (const auto type = first_float_type(state)) config_->dtype = python_dtype_name(*type);
  config_->architectures = {class_name()};
  config_->check_target(folder);
  save_weights(folder, state,
               {.max_shard_bytes = options.max_shard_size,
                .total_parameters = static_cast<std::uint64_t>(num_parameters()),
                .deferred = options.deferred});
  config_->save_pretrained(folder);
  if (options.push_to_hub) {
    push_saved(folder, options.repo_id, pushed_model(*this), options.push, before);
  }
}

LoadReport PreTrainedModel::load_state(const std::filesystem::path& path,
                                       const LoadStateOptions& options) {
  return load_state(WeightFiles(path), options);
}

LoadReport PreTrainedModel::load_state(const WeightFiles& files, const LoadStateOptions& options) {
  const StateDict state = named_state();
  Matching matching(files, state, name_map(*this, state));
  if (!options.ignore_mismatched_sizes) refuse_other_shapes(matching, files, *this);
  if (!options.allow_random_init) refuse_foreign_weights(matching, files, state, *this);
  matching.copy();
  matching.report.bytes_read = files.bytes();
  matching.report.commit_hash = options.commit_hash;
  load_report_ = matching.report;
  if (!load_report_.complete()) {
    log::warning(
        "weights_differ",
        {{"path", files.path().string()}, {"model", class_name()}, {"what", load_report_.text()}});
  }
  return load_report_;
}

}  // namespace torchhub
