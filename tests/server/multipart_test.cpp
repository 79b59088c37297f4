#include "server/data_layout.h"
#include "server/hub_client.h"
#include "server/lfs_schema.h"
#include "server/raw_connection.h"
#include "server/refused_change.h"
#include "support/fake_clock.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kChunk = 4000;

/// `size` bytes, no two parts of them alike.
std::string some_bytes(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += std::to_string(i) + " ";
  out.resize(size);
  return out;
}

/// What a batch says about an object that goes up in parts.
struct PartUploads {
  std::string completion = {};
  std::string verify = {};
  std::vector<std::string> links = {};  ///< links[0] is part 1.
};

class MultipartTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  LocalHubOptions options(std::size_t chunk = kChunk) const {
    return relaxed(
        {.multipart_threshold_bytes = 10'000, .multipart_chunk_bytes = chunk, .clock = clock_});
  }

  static PartUploads uploads_in(const json& object) {
    const json& upload = object.at("actions").at("upload");
    PartUploads out{upload.at("href"), object.at("actions").at("verify").at("href")};
    for (const auto& [key, link] : upload.at("header").items()) {
      if (key != "chunk_size") out.links.push_back(link);  // json sorts by text, as Go does
    }
    return out;
  }
  PartUploads begin(const std::string& bytes, const std::string& repo = "demo/m") const {
    const json answer =
        client_.batch_answer(repo, "upload", {"multipart"}, {{sha256_hex(bytes), bytes.size()}});
    EXPECT_EQ(answer.at("transfer"), "multipart");
    return uploads_in(answer.at("objects").at(0));
  }
  static std::string part_of(const std::string& bytes, std::size_t number) {
    return bytes.substr((number - 1) * kChunk, kChunk);
  }
  /// @return the part's tag
  std::string put(const PartUploads& uploads, const std::string& bytes, std::size_t number) const {
    const Response response =
        client_.send("PUT", uploads.links.at(number - 1), part_of(bytes, number));
    EXPECT_EQ(response.status, 200) << response.body;
    return response.headers.get("ETag").value_or("");
  }
  std::map<std::size_t, std::string> put_all(const PartUploads& uploads,
                                             const std::string& bytes) const {
    std::map<std::size_t, std::string> tags;
    for (std::size_t i = 1; i <= uploads.links.size(); ++i) tags[i] = put(uploads, bytes, i);
    return tags;
  }
  /// A part whose bytes are still to come.
  void open_part(RawConnection& connection, const std::string& link) const {
    connection.send("PUT " + link.substr(hub_.base_url().size()) +
                    " HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n"
                    "Expect: 100-continue\r\n\r\n");
    EXPECT_EQ(connection.read_answer().status, "100 Continue");
  }
  Response complete(const PartUploads& uploads, const std::string& bytes,
                    const std::map<std::size_t, std::string>& tags) const {
    json parts = json::array();
    for (const auto& [number, tag] : tags) parts.push_back({{"partNumber", number}, {"etag", tag}});
    return client_.send("POST", uploads.completion,
                        json{{"oid", sha256_hex(bytes)}, {"parts", parts}}.dump());
  }
  static std::string message_in(const Response& response) {
    return json::parse(response.body).value("message", "");
  }
  fs::path object(const std::string& bytes) const {
    return object_path(hub_.data_dir(), sha256_hex(bytes));
  }
  bool nothing_is_unfinished() const { return fs::is_empty(hub_.data_dir() / "incoming"); }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  LocalHub hub_{options()};
  HubClient client_{hub_};
  std::string bytes_ = some_bytes(11'000);  ///< Three parts.
};

TEST_F(MultipartTest, StoresWhatCameInOrder) {
  const PartUploads uploads = begin(bytes_);
  ASSERT_EQ(uploads.links.size(), 3U);
  EXPECT_EQ(client_.send("POST", uploads.verify, "{}").status, 404);
  EXPECT_EQ(complete(uploads, bytes_, put_all(uploads, bytes_)).status, 200);
  EXPECT_EQ(read_file(object(bytes_)), bytes_);
  EXPECT_EQ(fs::status(object(bytes_)).permissions() & fs::perms::owner_write, fs::perms::none);
  EXPECT_TRUE(nothing_is_unfinished());
  EXPECT_EQ(client_.send("POST", uploads.verify, "{}").status, 200);
  EXPECT_FALSE(
      client_.batch("demo/m", "upload", sha256_hex(bytes_), bytes_.size()).contains("actions"));
}

TEST_F(MultipartTest, TakesPartsInAnyOrderAndAtOnce) {
  for (const bool at_once : {false, true}) {
    const std::string bytes = some_bytes(at_once ? 40'000 : 30'000);
    const PartUploads uploads = begin(bytes);
    std::map<std::size_t, std::string> tags;
    for (std::size_t i = uploads.links.size(); i > 0; --i) tags[i];
    std::vector<std::thread> senders;
    for (auto i = tags.rbegin(); i != tags.rend(); ++i) {
      const auto send = [&, number = i->first, tag = &i->second] {
        *tag = HubClient(hub_)
                   .send("PUT", uploads.links.at(number - 1), part_of(bytes, number))
                   .headers.get("ETag")
                   .value_or("");
      };
      if (at_once) {
        senders.emplace_back(send);
      } else {
        send();
      }
    }
    for (std::thread& sender : senders) sender.join();
    EXPECT_EQ(complete(uploads, bytes, tags).status, 200);
    EXPECT_EQ(read_file(object(bytes)), bytes);
  }
}

TEST_F(MultipartTest, HasPartsThatSortAsTexts) {
  const std::string bytes = some_bytes(11 * kChunk);
  const json answer = client_.batch_answer("demo/m", "upload", {"basic", "multipart"},
                                           {{sha256_hex(bytes), bytes.size()}});
  const json header = answer.at("objects").at(0).at("actions").at("upload").at("header");
  EXPECT_EQ(header.at("chunk_size"), "4000");
  std::vector<std::string> keys;
  for (const auto& [key, link] : header.items()) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"00001", "00002", "00003", "00004", "00005", "00006", "00007",
                                      "00008", "00009", "00010", "00011", "chunk_size"}));
  // git's agent takes them in the order that the texts sort in.
  EXPECT_EQ(client_.upload_in_parts("demo/m", bytes), sha256_hex(bytes));
  EXPECT_EQ(read_file(object(bytes)), bytes);
}

TEST_F(MultipartTest, APartSentAgainReplacesTheFirst) {
  const PartUploads uploads = begin(bytes_);
  std::string wrong = bytes_;
  wrong[0] = wrong[kChunk] = '!';
  put(uploads, wrong, 1);
  put(uploads, wrong, 2);
  put(uploads, bytes_, 3);
  put(uploads, bytes_, 2);
  put(uploads, bytes_, 1);
  EXPECT_EQ(complete(uploads, bytes_, put_all(uploads, bytes_)).status, 200);
  EXPECT_EQ(read_file(object(bytes_)), bytes_);
}

TEST_F(MultipartTest, WantsExactlyTheLengthOfThePart) {
  const PartUploads uploads = begin(bytes_);
  const std::string part = part_of(bytes_, 3);
  const auto status = [&](const std::string& body, const Headers& headers = {}) {
    return client_.send("PUT", uploads.links.at(2), body, headers).status;
  };
  const Headers chunked{{"Transfer-Encoding", "chunked"}};
  EXPECT_EQ(status(part.substr(1)), 422);
  EXPECT_EQ(status(part + "x"), 422);
  EXPECT_EQ(status(part.substr(1), chunked), 422);
  EXPECT_EQ(status(part + "x", chunked), 422);
  put(uploads, bytes_, 1);
  put(uploads, bytes_, 2);
  const Response early = complete(uploads, bytes_, {{1, "x"}, {2, "x"}, {3, "x"}});
  EXPECT_EQ(early.status, 400) << "not one of them counted";
  EXPECT_EQ(status(part, chunked), 200);
  EXPECT_EQ(complete(uploads, bytes_, put_all(uploads, bytes_)).status, 200);
}

TEST_F(MultipartTest, SaysWhatACompletionLacks) {
  const PartUploads uploads = begin(bytes_);
  const Response none = complete(uploads, bytes_, {});
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(message_in(none), "Part 1 of 3 is missing. Send it, then complete again.");
  std::map<std::size_t, std::string> tags{{1, put(uploads, bytes_, 1)},
                                          {3, put(uploads, bytes_, 3)}};
  EXPECT_EQ(message_in(complete(uploads, bytes_, tags)),
            "Part 2 of 3 is missing. Send it, then complete again.");
  tags[2] = tags[1];
  EXPECT_EQ(message_in(complete(uploads, bytes_, tags)),
            "Part 2 of 3 is missing. Send it, then complete again.")
      << "a tag alone is not enough";
  put(uploads, bytes_, 2);
  EXPECT_EQ(message_in(complete(uploads, bytes_, tags)),
            "The tag of part 2 is not the one that its upload was answered with.");
  tags[2] = put(uploads, bytes_, 2);
  tags[4] = tags[2];
  EXPECT_EQ(complete(uploads, bytes_, tags).status, 404);
  tags.erase(4);
  tags[0] = tags[2];
  EXPECT_EQ(complete(uploads, bytes_, tags).status, 404);
  tags.erase(0);
  for (const char* body : {"", "[]", "{}", R"({"oid": 5, "parts": []})", R"({"parts": []})"}) {
    EXPECT_EQ(client_.send("POST", uploads.completion, body).status, 400) << body;
  }
  const std::string oid = sha256_hex(bytes_);
  for (const char* parts : {"null", "5", "[5]", R"([{"partNumber": -1, "etag": "x"}])",
                            R"([{"partNumber": "1", "etag": "x"}])", R"([{"partNumber": 1}])"}) {
    const std::string body = "{\"oid\": \"" + oid + "\", \"parts\": " + parts + "}";
    EXPECT_EQ(client_.send("POST", uploads.completion, body).status, 400) << parts;
  }
  EXPECT_EQ(complete(uploads, bytes_, tags).status, 200);
}

TEST_F(MultipartTest, IsCompletedAsOftenAsOneLikes) {
  const PartUploads uploads = begin(bytes_);
  const auto tags = put_all(uploads, bytes_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(complete(uploads, bytes_, tags).status, 200);
  EXPECT_EQ(put(uploads, bytes_, 2), tags.at(2)) << "a part that comes late is taken, and dropped";
  EXPECT_EQ(client_.send("PUT", uploads.links[1], "short").status, 422);
  EXPECT_EQ(complete(uploads, bytes_, tags).status, 200);
  EXPECT_TRUE(nothing_is_unfinished());
}

TEST_F(MultipartTest, KeepsNothingOfBytesThatAreNotTheAnnouncedOnes) {
  const PartUploads uploads = begin(bytes_);
  std::string other = bytes_;
  other[5000] = '!';
  const Response response = complete(uploads, bytes_, put_all(uploads, other));
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(message_in(response), "The bytes have the SHA-256 " + sha256_hex(other) +
                                      ", not the announced " + sha256_hex(bytes_) + ".");
  EXPECT_TRUE(nothing_is_unfinished());
  EXPECT_FALSE(fs::exists(object(bytes_)));
  EXPECT_EQ(complete(uploads, bytes_, put_all(uploads, bytes_)).status, 200) << "from the start";
}

TEST_F(MultipartTest, TwoClientsWithOneObjectBothSucceed) {
  for (int round = 0; round < 5; ++round) {
    const std::string bytes = some_bytes(40'000 + static_cast<std::size_t>(round));
    const PartUploads uploads = begin(bytes);
    std::vector<int> statuses(4);
    std::vector<std::thread> clients;
    for (int& status : statuses) {
      clients.emplace_back([&] {
        const HubClient client(hub_);
        std::map<std::size_t, std::string> tags;
        for (std::size_t i = 1; i <= uploads.links.size(); ++i) {
          const Response part = client.send("PUT", uploads.links[i - 1], part_of(bytes, i));
          tags[i] = part.headers.get("ETag").value_or("");
        }
        status = complete(uploads, bytes, tags).status;
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(statuses, std::vector<int>(4, 200));
    EXPECT_EQ(read_file(object(bytes)), bytes);
    EXPECT_TRUE(nothing_is_unfinished());
  }
}

TEST_F(MultipartTest, APartThatIsComingInCannotSpoilAFinishedObject) {
  const PartUploads uploads = begin(bytes_);
  const auto tags = put_all(uploads, bytes_);
  RawConnection slow(hub_.base_url());
  open_part(slow, uploads.links[1]);
  EXPECT_EQ(complete(uploads, bytes_, tags).status, 200);
  slow.send(std::string(4000, '!'));
  EXPECT_EQ(slow.read_answer().status, "200 OK");
  EXPECT_EQ(read_file(object(bytes_)), bytes_);
}

TEST_F(MultipartTest, APartThatIsComingInCannotSpoilAnObjectThatCouldNotBeNoted) {
  const PartUploads uploads = begin(bytes_);
  const auto tags = put_all(uploads, bytes_);
  RawConnection slow(hub_.base_url());
  open_part(slow, uploads.links[1]);
  {
    const RefusedChange refused(hub_, "no_link", "INSERT ON repo_lfs");
    EXPECT_EQ(complete(uploads, bytes_, tags).status, 503);
  }
  ASSERT_EQ(read_file(object(bytes_)), bytes_) << "it was published before";
  slow.send(std::string(4000, '!'));
  EXPECT_EQ(slow.read_answer().status, "200 OK");
  EXPECT_EQ(read_file(object(bytes_)), bytes_);
  put(uploads, std::string(11'000, '!'), 1);
  EXPECT_EQ(read_file(object(bytes_)), bytes_) << "a part sent once more";
  EXPECT_EQ(complete(uploads, bytes_, tags).status, 200);
  EXPECT_TRUE(nothing_is_unfinished());
}

TEST_F(MultipartTest, GoesOnAfterARestart) {
  const PartUploads uploads = begin(bytes_);
  std::map<std::size_t, std::string> tags{{1, put(uploads, bytes_, 1)},
                                          {3, put(uploads, bytes_, 3)}};
  hub_.stop();
  hub_.start();
  EXPECT_FALSE(nothing_is_unfinished());
  const PartUploads again = begin(bytes_);
  tags[2] = put(again, bytes_, 2);
  EXPECT_EQ(complete(again, bytes_, tags).status, 200) << "the parts of before count";
  EXPECT_EQ(read_file(object(bytes_)), bytes_);
  EXPECT_TRUE(nothing_is_unfinished());
}

TEST_F(MultipartTest, LinksOfBeforeLeadToTheSameUpload) {
  const PartUploads first = begin(bytes_);
  std::map<std::size_t, std::string> tags{{1, put(first, bytes_, 1)}};
  clock_->advance(std::chrono::hours(23));
  const PartUploads second = begin(bytes_);
  tags[2] = put(second, bytes_, 2);
  tags[3] = put(first, bytes_, 3);
  EXPECT_EQ(complete(second, bytes_, tags).status, 200);
}

TEST_F(MultipartTest, EndsADayAfterItsLastPart) {
  const PartUploads uploads = begin(bytes_);
  put(uploads, bytes_, 1);
  clock_->advance(std::chrono::hours(23));
  put(begin(bytes_), bytes_, 2);
  clock_->advance(std::chrono::hours(23));
  hub_.stop();
  hub_.start();
  EXPECT_FALSE(nothing_is_unfinished());
  clock_->advance(std::chrono::hours(2));
  hub_.stop();
  hub_.start();
  EXPECT_TRUE(nothing_is_unfinished());
  const PartUploads again = begin(bytes_);
  const Response response = complete(again, bytes_, {});
  EXPECT_EQ(message_in(response), "Part 1 of 3 is missing. Send it, then complete again.");
}

TEST_F(MultipartTest, AClockSetBackEndsNoUploadEarlyAndKeepsNoneForLong) {
  put(begin(bytes_), bytes_, 1);
  const auto is_kept_after = [&](std::chrono::hours time) {
    clock_->advance(time);
    hub_.stop();
    hub_.start();
    return !nothing_is_unfinished();
  };
  clock_->set_wall(-std::chrono::hours(24 * 3650));
  EXPECT_TRUE(is_kept_after(std::chrono::hours(0)));
  EXPECT_TRUE(is_kept_after(std::chrono::hours(23)));
  EXPECT_FALSE(is_kept_after(std::chrono::hours(1)));
}

TEST_F(MultipartTest, AClockSetFarAheadCostsNoMoreThanTheUploadUnderWay) {
  put(begin(bytes_), bytes_, 1);
  clock_->set_wall(std::chrono::hours(24 * 3650));
  hub_.stop();
  hub_.start();
  EXPECT_TRUE(nothing_is_unfinished()) << "by that clock it is old";
  const PartUploads again = begin(bytes_);
  EXPECT_EQ(complete(again, bytes_, put_all(again, bytes_)).status, 200);
  EXPECT_EQ(read_file(object(bytes_)), bytes_);
}

TEST_F(MultipartTest, AreClearedAwayWhileTheServerRuns) {
  put(begin(bytes_), bytes_, 1);
  client_.create_repo("gone");
  const std::string gone = some_bytes(12'000);
  put(begin(gone, "demo/gone"), gone, 1);
  ASSERT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "gone"})").status, 200);
  clock_->advance(std::chrono::hours(25));
  const std::string other = some_bytes(13'000);
  put(begin(other), other, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(hub_.data_dir() / "incoming"), {}), 1);
}

TEST_F(MultipartTest, AreFewForEachObjectAndOwner) {
  for (const char* name : {"a", "b", "c", "d"}) client_.create_repo(name);
  for (const char* repo : {"demo/a", "demo/b", "demo/c"}) put(begin(bytes_, repo), bytes_, 1);
  const json answer = client_.batch_answer("demo/d", "upload", {"multipart"},
                                           {{sha256_hex(bytes_), bytes_.size()}});
  EXPECT_EQ(answer.at("objects").at(0).at("error").at("code"), 429);
  EXPECT_TRUE(faults_of_batch_answer(answer).empty());
  put(begin(bytes_, "demo/c"), bytes_, 2);  // one of the three goes on
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  ASSERT_EQ(eve.post("/api/repos/create", {{"name", "own"}}).status, 200);
  EXPECT_TRUE(
      eve.batch_answer("eve/own", "upload", {"multipart"}, {{sha256_hex(bytes_), bytes_.size()}})
          .at("objects")
          .at(0)
          .contains("actions"))
      << "what others upload is not told";
}

TEST_F(MultipartTest, LinksAreForOnePartOnly) {
  const PartUploads uploads = begin(bytes_);
  const std::string link = uploads.links[1];
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string out = link;
    out.replace(out.find(from), from.size(), to);
    return client_.send("PUT", out, part_of(bytes_, 1)).status;
  };
  EXPECT_EQ(changed("/2?", "/1?"), 403);
  EXPECT_EQ(changed("/2?", "/0?"), 404);
  EXPECT_EQ(changed("/2?", "/4?"), 404);
  EXPECT_EQ(changed("/2?", "/x?"), 404);
  EXPECT_EQ(changed("/2?", "/02?"), 404);
  EXPECT_EQ(changed("size=11000", "size=11001"), 403);
  EXPECT_EQ(changed("size=11000", "size=011000"), 403);
  EXPECT_EQ(changed("chunk=4000", "chunk=5000"), 403);
  EXPECT_EQ(changed("chunk=4000", "chunk=4000x"), 403);
  EXPECT_EQ(changed("&chunk=4000", ""), 404) << "no part without their size";
  EXPECT_EQ(changed(sha256_hex(bytes_), sha256_hex("other")), 403);
  EXPECT_EQ(changed("/part/", "/upload/"), 404) << "no such address";
  EXPECT_EQ(client_.send("POST", link, "{}").status, 405);
  std::string as_verify = uploads.completion;
  as_verify.replace(as_verify.find("/complete/"), 10, "/verify/");
  EXPECT_EQ(client_.send("POST", as_verify, "{}").status, 403);
  std::string as_completion = uploads.verify;
  as_completion.replace(as_completion.find("/verify/"), 8, "/complete/");
  EXPECT_EQ(client_.send("POST", as_completion, "{}").status, 403);
  EXPECT_EQ(client_
                .send("POST", uploads.completion,
                      json{{"oid", sha256_hex("other")}, {"parts", json::array()}}.dump())
                .status,
            403);
  clock_->advance(std::chrono::hours(24));
  EXPECT_NE(client_.send("PUT", link, part_of(bytes_, 2)).body.find("expired"), std::string::npos);
  EXPECT_TRUE(nothing_is_unfinished());
}

TEST_F(MultipartTest, OneLargeObjectHasAllGoInParts) {
  const json answer = client_.batch_answer(
      "demo/m", "upload", {"basic", "multipart", "xet"},
      {{sha256_hex(bytes_), bytes_.size()}, {sha256_hex("small"), 5}, {sha256_hex(""), 0}});
  EXPECT_TRUE(faults_of_batch_answer(answer).empty());
  EXPECT_EQ(answer.at("transfer"), "multipart");
  const json& objects = answer.at("objects");
  EXPECT_EQ(uploads_in(objects.at(0)).links.size(), 3U);
  EXPECT_EQ(objects.at(1).at("actions").at("upload").at("header").at("chunk_size"), "5");
  const PartUploads small = uploads_in(objects.at(1));
  ASSERT_EQ(small.links.size(), 1U);
  EXPECT_EQ(complete(small, "small", put_all(small, "small")).status, 200);
  const PartUploads empty = uploads_in(objects.at(2));
  EXPECT_TRUE(empty.links.empty());
  EXPECT_EQ(complete(empty, "", {}).status, 200);
  EXPECT_EQ(read_file(object("")), "");
}

TEST_F(MultipartTest, IsChosenOnlyForLargeObjectsOfClientsThatOfferIt) {
  const auto transfer = [&](const json& transfers, std::size_t size) {
    const json body{{"operation", "upload"},
                    {"transfers", transfers},
                    {"objects", {{{"oid", sha256_hex(bytes_)}, {"size", size}}}}};
    return json::parse(client_.post("/demo/m.git/info/lfs/objects/batch", body).body)
        .at("transfer")
        .get<std::string>();
  };
  EXPECT_EQ(transfer({"lfs-standalone-file", "basic", "multipart"}, 10'001), "multipart");
  EXPECT_EQ(transfer({"basic", "multipart"}, 10'000), "basic");
  EXPECT_EQ(transfer({"basic", "xet"}, 10'001), "basic");
  EXPECT_EQ(transfer(json(), 10'001), "basic");
  EXPECT_EQ(transfer("multipart", 10'001), "basic");
  EXPECT_EQ(transfer({1, nullptr, "multipart"}, 10'001), "multipart");
}

TEST_F(MultipartTest, KeepsTheSizeOfPartsThatAnUploadBeganWith) {
  put(begin(bytes_), bytes_, 1);
  hub_.stop();
  ServerOptions changed = options(5000).server;
  changed.data_dir = hub_.data_dir();
  changed.listen = "127.0.0.1:0";
  const Server server(changed);
  const HubClient client(server.base_url(), hub_.token());
  const auto chunk = [&](const std::string& bytes) {
    return client
        .batch_answer("demo/m", "upload", {"multipart"}, {{sha256_hex(bytes), bytes.size()}})
        .at("objects")
        .at(0)
        .at("actions")
        .at("upload")
        .at("header")
        .at("chunk_size")
        .get<std::string>();
  };
  EXPECT_EQ(chunk(bytes_), "4000");
  EXPECT_EQ(chunk(some_bytes(12'000)), "5000");
}

TEST_F(MultipartTest, BytesOfAnObjectThatSomebodyElseHasMustBeShownToo) {
  client_.create_repo("hidden", {{"private", true}});
  client_.upload("demo/hidden", bytes_);
  HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  eve.create_repo("own");
  EXPECT_EQ(
      eve.batch("eve/own", "download", sha256_hex(bytes_), bytes_.size()).at("error").at("code"),
      404);
  eve.upload_in_parts("eve/own", bytes_);
  EXPECT_TRUE(
      eve.batch("eve/own", "download", sha256_hex(bytes_), bytes_.size()).contains("actions"));
  EXPECT_TRUE(nothing_is_unfinished());
}

TEST_F(MultipartTest, LinksOfABatchAreBoundedHoweverManyObjectsItHas) {
  std::vector<std::pair<std::string, std::uint64_t>> objects;
  for (int i = 0; i < 1000; ++i)
    objects.emplace_back(sha256_hex(std::to_string(i)), std::uint64_t{100} << 30);
  const json answer = client_.batch_answer("demo/m", "upload", {"multipart"}, objects);
  std::size_t links = 0;
  for (const json& object : answer.at("objects")) links += uploads_in(object).links.size();
  EXPECT_LE(links, 50'000U);
}

}  // namespace
}  // namespace torchhub::testing
