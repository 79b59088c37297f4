#include "server/hub_client.h"
#include "support/message_of.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/server/archive.h"
#include "torchhub/server/fsck.h"
#include "torchhub/server/repositories.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace torchhub::testing {
namespace {

namespace fs = std::filesystem;

/// Two hubs that cannot reach each other.
class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest() : client_(inside_), other_(outside_) {
    client_.create_repo("m", {{"private", true}});
    commit_lfs("first");
    client_.send("POST", "/api/models/demo/m/tag/main", R"({"tag": "v1", "message": "one"})");
    commit_lfs("second");
  }

  void commit_lfs(const std::string& bytes) {
    const std::string oid = client_.upload("demo/m", bytes);
    client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, bytes.size()}));
  }
  fs::path file() const { return folder_ / "m.tar"; }
  ArchiveReport import(std::optional<RepoId> as = std::nullopt) {
    return import_repository(outside_.data_dir(), file(),
                             {.as = std::move(as), .durability = Durability::relaxed});
  }

  LocalHub inside_;
  LocalHub outside_;
  HubClient client_;
  HubClient other_;
  TempDir folder_;
  const Repo kModel{{"demo", "m"}};
};

TEST_F(ArchiveTest, CarriesEveryVersion) {
  const ArchiveReport out = export_repository(inside_.data_dir(), kModel, file());
  EXPECT_EQ(out.refs, 2U);
  EXPECT_EQ(out.objects, 2U);
  EXPECT_EQ(out.bytes, fs::file_size(file()));
  const ArchiveReport in = import();
  EXPECT_EQ(in.repo, kModel);
  EXPECT_EQ(in.refs, 2U);
  EXPECT_EQ(other_.get_json("/api/models/demo/m/refs"),
            client_.get_json("/api/models/demo/m/refs"));
  EXPECT_EQ(other_.get("/demo/m/resolve/v1/w.bin").body, "first");
  EXPECT_EQ(other_.get("/demo/m/resolve/main/w.bin").body, "second");
  EXPECT_EQ(other_.get_json("/api/models/demo/m").at("private"), true);
  EXPECT_FALSE(other_.commit_file("demo/m", "a.txt", "more").empty());
  EXPECT_EQ(check_hub(outside_.data_dir()).findings.size(), 0U);
}

TEST_F(ArchiveTest, TarReadsIt) {
  export_repository(inside_.data_dir(), kModel, file());
  const fs::path place = folder_ / "unpacked";
  make_folders(place);
  ASSERT_EQ(std::system(("tar -C '" + place.string() + "' -xf '" + file().string() + "'").c_str()),
            0);
  EXPECT_TRUE(fs::exists(place / "repo.bundle"));
  EXPECT_EQ(nlohmann::json::parse(read_file(place / "manifest.json")).at("name"), "demo/m");
}

TEST_F(ArchiveTest, GitClonesTheBundle) {
  export_repository(inside_.data_dir(), kModel, file());
  const std::string place = folder_.path().string();
  ASSERT_EQ(std::system(("cd '" + place + "' && tar -xf m.tar repo.bundle && " +
                         "GIT_LFS_SKIP_SMUDGE=1 git clone --quiet repo.bundle clone")
                            .c_str()),
            0);
  EXPECT_TRUE(fs::exists(folder_ / "clone" / "w.bin")) << "and checks it out";
}

/// Else a manifest that names an object would be a way to read it.
TEST_F(ArchiveTest, AnObjectThatIsHereIsCheckedAllTheSame) {
  export_repository(inside_.data_dir(), kModel, file());
  import();
  std::string changed = read_file(file());
  const std::size_t at = changed.find("second");
  ASSERT_NE(at, std::string::npos);
  changed[at] = 'S';
  write_file_atomically(file(), changed);
  EXPECT_NE(message_of<ArchiveError>([&] {
              import(RepoId{"demo", "n"});
            }).find("was changed: its SHA-256 is another one."),
            std::string::npos);
  EXPECT_EQ(other_.get("/api/models/demo/n").status, 404);
}

TEST_F(ArchiveTest, TakesAnotherNameAndRefusesOneThatIsTaken) {
  export_repository(inside_.data_dir(), kModel, file());
  import();
  EXPECT_EQ(message_of<RepositoryAdminError>([&] { import(); }),
            "There is already a model 'demo/m'.");
  EXPECT_EQ(import(RepoId{"demo", "n"}).repo.id.str(), "demo/n");
  EXPECT_EQ(message_of<RepositoryAdminError>([&] {
              import(RepoId{"nemo", "n"});
            }),
            "There is no account 'nemo'. Make it, or give the repository another name.");
  EXPECT_EQ(check_hub(outside_.data_dir()).findings.size(), 0U);
}

TEST_F(ArchiveTest, NothingStaysOfAFileThatWasCutOrChanged) {
  export_repository(inside_.data_dir(), kModel, file());
  const std::string whole = read_file(file());
  // The last kilobyte is the mark of the end, which nothing needs.
  for (std::size_t size = 0; size + 1024 < whole.size(); size += 509) {
    write_file_atomically(file(), whole.substr(0, size));
    EXPECT_THROW(import(), ArchiveError) << size;
  }
  for (std::size_t at = 0; at + 1024 < whole.size(); at += 311) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    if (whole[at] == '\0') continue;  // perhaps between two files, where nobody looks
    write_file_atomically(file(), changed);
    try {
      import();
      RepositoryAdmin(outside_.data_dir(), Durability::relaxed).remove(kModel);
      ADD_FAILURE() << "byte " << at;
    } catch (const Error&) {
      // A name in the manifest may have become that of another account, which there is not.
    }
  }
  EXPECT_EQ(other_.get("/api/models/demo/m").status, 404);
  EXPECT_TRUE(fs::is_empty(outside_.data_dir() / "incoming"));
  EXPECT_FALSE(check_hub(outside_.data_dir()).problem_found());
}

}  // namespace
}  // namespace torchhub::testing
