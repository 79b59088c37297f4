#include "hub/tree_cache.h"

#include "hub/json_fields.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/python_format.h"

namespace torchhub {
namespace {

constexpr int kFormatVersion = 1;  // huggingface_hub v1.23 _tree_cache.py

}  // namespace

std::optional<std::vector<RepoTreeEntry>> read_tree_cache(const RepoCache& cache,
                                                          const std::string& commit) {
  const std::filesystem::path path = cache.tree(commit);
  std::error_code ignored;  // not there is not known
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  const nlohmann::json tree = nlohmann::json::parse(read_file(path), nullptr, false);
  if (size_field(tree, "format_version") != kFormatVersion) return std::nullopt;
  const nlohmann::json& files = field(tree, "files");
  if (!files.is_object()) return std::nullopt;
  std::vector<RepoTreeEntry> entries;
  for (const auto& [name, file] : files.items()) {
    const auto size = size_field(file, "size");
    if (!size || text_field(file, "blob_id").empty()) return std::nullopt;
    entries.push_back({.type = RepoTreeEntry::Type::file,
                       .path = name,
                       .size = size_field(file, "lfs_size").value_or(*size),
                       .oid = text_field(file, "blob_id"),
                       .lfs_sha256 = text_field(file, "lfs_sha256")});
  }
  return entries;
}

void write_tree_cache(const RepoCache& cache, const std::string& commit,
                      const std::vector<RepoTreeEntry>& entries) {
  nlohmann::json files = nlohmann::json::object();
  for (const RepoTreeEntry& entry : entries) {
    if (entry.type != RepoTreeEntry::Type::file) continue;
    nlohmann::json file{{"size", entry.size}, {"blob_id", entry.oid}};
    if (!entry.lfs_sha256.empty()) {
      file["lfs_sha256"] = entry.lfs_sha256;
      file["lfs_size"] = entry.size;
    }
    files[entry.path] = std::move(file);
  }
  const nlohmann::json tree{{"format_version", kFormatVersion}, {"files", std::move(files)}};
  write_file_atomically(cache.tree(commit), python_json(tree, {.indent = 1}));
}

}  // namespace torchhub
