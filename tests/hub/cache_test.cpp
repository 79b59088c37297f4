#include "torchhub/hub/cache.h"

#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TempDir;

const std::string kCachedCommit(40, 'a');

Repo repo() { return {.id = RepoId::parse("demo/resnet")}; }

TEST(RepoCache, NamesThePlacesThatPythonUses) {
  const RepoCache cache("/c", {.id = RepoId::parse("ana/reviews"), .type = RepoType::dataset});
  EXPECT_EQ(cache.folder(), "/c/datasets--ana--reviews");
  EXPECT_EQ(cache.blob("e"), "/c/datasets--ana--reviews/blobs/e");
  EXPECT_EQ(cache.lock("e"), "/c/.locks/datasets--ana--reviews/e.lock");
  EXPECT_EQ(cache.ref("refs/pr/1"), "/c/datasets--ana--reviews/refs/refs/pr/1");
  EXPECT_EQ(cache.snapshot_file("c", "d/f"), "/c/datasets--ana--reviews/snapshots/c/d/f");
  EXPECT_EQ(cache.no_exist_marker("c", "f"), "/c/datasets--ana--reviews/.no_exist/c/f");
  EXPECT_EQ(cache.tree("c"), "/c/datasets--ana--reviews/trees/c.json");
}

TEST(RepoCache, NeverLeavesItsFolder) {
  const RepoCache cache("/c", repo());
  for (const char* bad : {"../x", "a/../../x", "/etc/passwd", "", "a//b", "a\\b"}) {
    EXPECT_THROW(cache.snapshot_file(kCachedCommit, bad), InvalidArgumentError) << bad;
    EXPECT_THROW(cache.ref(bad), InvalidArgumentError) << bad;
    EXPECT_THROW(cache.blob(bad), InvalidArgumentError) << bad;
  }
  EXPECT_THROW(cache.blob(".."), InvalidArgumentError);
  EXPECT_THROW(cache.snapshot("../../x"), InvalidArgumentError);
}

TEST(RepoCache, KnowsTheCommitOfARevision) {
  const TempDir folder;
  const RepoCache cache(folder.path(), repo());
  EXPECT_EQ(cache.commit_of(kCachedCommit), kCachedCommit);
  EXPECT_EQ(cache.commit_of("main"), std::nullopt);
  write_file_atomically(cache.ref("main"), kCachedCommit);
  EXPECT_EQ(cache.commit_of("main"), kCachedCommit);
  write_file_atomically(cache.ref("broken"), "no hash");
  EXPECT_EQ(cache.commit_of("broken"), std::nullopt);
}

TEST(TryToLoadFromCache, TellsPresentAbsentAndUnknownApart) {
  const TempDir folder;
  const RepoCache cache(folder.path(), repo());
  write_file_atomically(cache.ref("main"), kCachedCommit);
  write_file_atomically(cache.snapshot_file(kCachedCommit, "a/config.json"), "{}");
  write_file_atomically(cache.no_exist_marker(kCachedCommit, "gone"), "");
  const auto ask = [&](const std::string& path, const std::string& revision = "main") {
    return try_to_load_from_cache(folder.path(), repo(), path, revision);
  };
  EXPECT_EQ(ask("a/config.json").state, CachedFile::State::present);
  EXPECT_EQ(ask("a/config.json").path, cache.snapshot_file(kCachedCommit, "a/config.json"));
  EXPECT_EQ(ask("a/config.json", kCachedCommit).state, CachedFile::State::present);
  EXPECT_EQ(ask("gone").state, CachedFile::State::absent);
  EXPECT_EQ(ask("other").state, CachedFile::State::unknown);
  EXPECT_EQ(ask("a/config.json", "v2").state, CachedFile::State::unknown);
}

TEST(TryToLoadFromCache, TakesABrokenLinkForNothing) {
  const TempDir folder;
  const RepoCache cache(folder.path(), repo());
  make_folders(cache.snapshot(kCachedCommit));
  std::filesystem::create_symlink("nowhere", cache.snapshot_file(kCachedCommit, "f"));
  EXPECT_EQ(try_to_load_from_cache(folder.path(), repo(), "f", kCachedCommit).state,
            CachedFile::State::unknown);
}

}  // namespace
}  // namespace torchhub
