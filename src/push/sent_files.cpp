#include "push/sent_files.h"

#include "base/read_if_there.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kDeleted = "";              // no file's path: patterns, not contents
constexpr std::uintmax_t kMayBeABlob = 16 << 20;  // bytes; a Hub has larger files by SHA-256

/// By place and path: lists of contents. What is damaged says nothing.
Json sent_of(const fs::path& file) {
  const auto text = read_file_if_there(file);
  Json sent = text ? Json::parse(*text, nullptr, /*allow_exceptions=*/false) : Json::object();
  return sent.is_object() ? sent : Json::object();
}

void add(Json& contents, const std::string& content_id) {
  if (!contents.is_array()) contents = Json::array();
  if (std::find(contents.begin(), contents.end(), content_id) == contents.end()) {
    contents.push_back(content_id);
  }
}

}  // namespace

void SentFiles::note(const PushJob& job) const {
  Json sent = sent_of(file_);
  Json& files = sent[job.place()];
  if (!files.is_object()) files = Json::object();
  for (const std::string& pattern : job.replaced) add(files[kDeleted], pattern);
  for (const auto& [path, sha256] : job.sha256) {
    const fs::path file = job.snapshot.folder() / path;
    std::error_code error;
    add(files[path], sha256);
    const std::uintmax_t size = fs::file_size(file, error);
    if (!error && size <= kMayBeABlob) add(files[path], git_blob_id_of_file(file));
  }
  write_file_atomically(file_, sent.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void SentFiles::forget(const PushJob& job) const {
  Json sent = sent_of(file_);
  if (sent.erase(job.place()) > 0) write_file_atomically(file_, sent.dump(1) + "\n");
}

bool SentFiles::may_have_deleted(const PushJob& job, const std::string& path) const {
  const Json sent = sent_of(file_);
  const auto files = sent.find(job.place());
  if (files == sent.end() || !files->is_object() || !files->contains(kDeleted)) return false;
  PathFilter deleted;
  for (const Json& pattern : files->at(kDeleted)) {
    if (pattern.is_string()) deleted.allow.push_back(pattern.get<std::string>());
  }
  return !deleted.allow.empty() && deleted.takes(path);
}

bool SentFiles::hold(const PushJob& job, const std::string& path,
                     const std::string& content_id) const {
  const Json sent = sent_of(file_);
  const auto files = sent.find(job.place());
  if (files == sent.end() || !files->is_object()) return false;
  const auto contents = files->find(path);
  return contents != files->end() && contents->is_array() &&
         std::find(contents->begin(), contents->end(), content_id) != contents->end();
}

}  // namespace torchhub
