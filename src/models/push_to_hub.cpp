// What push_to_hub() of single objects shares; the way there is push/push_folder.h.
#include "torchhub/models/push_to_hub.h"

#include "class_name.h"
#include "object_card.h"
#include "push_saved.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/models/config.h"
#include "torchhub/models/model.h"
#include "torchhub/push/push_folder.h"

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Never committed to its place, it goes at the end of the scope.
AtomicFolder temporary_folder() {
  return AtomicFolder(fs::temp_directory_path() / "torchhub-push");
}

}  // namespace

void add_missing(std::vector<std::string>& words, const std::vector<std::string>& more) {
  for (const std::string& word : more) {
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
}

PushedObject pushed_model(const PreTrainedModel& model) {
  return {.class_name = model.class_name(),
          .tags = model.model_tags(),
          .base_model = model.config().name_or_path,
          .parameters = model.num_parameters()};
}

FileStamps stamps_before_saving(const fs::path& folder) {
  return fs::is_directory(folder) ? pushable_files(folder) : FileStamps{};
}

CommitInfo push_saved(const fs::path& folder, const std::string& repo_id,
                      const PushedObject& object, const PushObjectOptions& options,
                      FileStamps unless_as) {
  PushFolderOptions how{
      .repo_id = repo_id,
      .organization = options.organization,
      .private_ = options.private_,
      .revision = options.revision,
      .commit_message = options.commit_message.value_or(upload_message(object.class_name)),
      .commit_description = options.commit_description,
      .create_pr = options.create_pr,
      .tags = object.tags,
      .tag = options.tag,
      .make_card = options.make_card
                       ? options.make_card
                       : [object](const NewCard& card) { return object_card(card, object); },
      .library_name = options.library_name,
      .max_bytes = options.max_bytes,
      .unless_as = std::move(unless_as),
      .progress = options.progress};
  add_missing(how.tags, options.tags);
  return push_folder(HubClient(options.hub ? *options.hub : HubOptions::from_environment()), folder,
                     how);
}

void PreTrainedModel::add_model_tags(const std::vector<std::string>& tags) {
  add_missing(model_tags_, tags);
}

CommitInfo PreTrainedModel::push_to_hub(const std::string& repo_id,
                                        const PushObjectOptions& options) {
  const AtomicFolder folder = temporary_folder();
  save_pretrained(folder.path(), {.max_shard_size = options.max_shard_size});
  return push_saved(folder.path(), repo_id, pushed_model(*this), options);
}

CommitInfo PretrainedConfig::push_to_hub(const std::string& repo_id,
                                         const PushObjectOptions& options) const {
  const AtomicFolder folder = temporary_folder();
  save_pretrained(folder.path());
  return push_saved(folder.path(), repo_id,
                    {.class_name = class_name_of(typeid(*this)), .base_model = name_or_path},
                    options);
}

}  // namespace torchhub
