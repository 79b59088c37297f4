#include "hub/scripted_hub.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/cache.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::demo_repo;
using testing::kCommit;
using testing::kOtherCommit;
using testing::ReceivedRequest;
using testing::ScriptedHub;
using testing::ScriptedReply;
using testing::ScriptedServer;

const std::string kText = "{\"a\": 1}";

std::string route(const std::string& method, const std::string& path = "config.json",
                  const std::string& revision = "main") {
  return method + " /demo/resnet/resolve/" + revision + "/" + path;
}

/// Answers HEAD and GET of a file as the Hub does for one that lies in git.
void serve(ScriptedHub& hub, const std::string& path, const std::string& bytes,
           const std::string& commit = kCommit, const std::string& revision = "main") {
  const ScriptedReply reply{
      .body = bytes,
      .headers = {{"X-Repo-Commit", commit}, {"ETag", "\"" + git_blob_id(bytes) + "\""}}};
  hub.on(route("HEAD", path, revision), reply);
  hub.on(route("GET", path, revision), reply);
  hub.on(route("GET", path, commit), reply);
}

/// The same answer at the branch's address and at the commit's, where a second try goes.
void serve_get(ScriptedHub& hub, const ScriptedHub::Answer& answer) {
  hub.on(route("GET"), answer);
  hub.on(route("GET", "config.json", kCommit), answer);
}
void serve_get(ScriptedHub& hub, const ScriptedReply& reply) {
  serve_get(hub, [reply](const ReceivedRequest&) { return reply; });
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

template <typename Expected, typename Work>
std::string message_of(Work work) {
  try {
    work();
  } catch (const Expected& error) {
    return error.what();
  }
  ADD_FAILURE() << "not the exception that was expected";
  return "";
}

TEST(HubDownload, LaysTheFileOutAsPythonDoes) {
  ScriptedHub hub;
  serve(hub, "sub/config.json", kText);
  const fs::path path = hub.client().hub_download(demo_repo(), "config.json", {.subfolder = "sub"});
  const std::string etag = git_blob_id(kText);
  EXPECT_EQ(path, hub.cached("snapshots/" + kCommit + "/sub/config.json"));
  EXPECT_EQ(read_file(path), kText);
  EXPECT_EQ(fs::read_symlink(path), "../../../blobs/" + etag);
  EXPECT_EQ(read_file(hub.cached("refs/main")), kCommit);
  EXPECT_EQ(names_in(hub.cached("blobs")), std::vector<std::string>{etag});
  EXPECT_TRUE(read_file(hub.folder() / "cache/CACHEDIR.TAG")
                  .starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
  EXPECT_TRUE(fs::exists(hub.folder() / "cache/.locks/models--demo--resnet" / (etag + ".lock")));
}

TEST(HubDownload, AsksOnlyForTheHeadWhenTheFileIsThere) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  hub.client().hub_download(demo_repo(), "config.json");
  hub.client().hub_download(demo_repo(), "config.json");
  EXPECT_EQ(hub.server().request_lines(),
            (std::vector<std::string>{route("HEAD"), route("GET", "config.json", "main"),
                                      route("HEAD")}));
}

TEST(HubDownload, AsksNothingForAFullCommitThatIsThere) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  hub.client().hub_download(demo_repo(), "config.json");
  const std::size_t before = hub.server().requests().size();
  EXPECT_EQ(read_file(hub.client().hub_download(demo_repo(), "config.json", {.revision = kCommit})),
            kText);
  EXPECT_EQ(hub.server().requests().size(), before);
}

TEST(HubDownload, LinksABlobThatAnotherCommitBrought) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  hub.client().hub_download(demo_repo(), "config.json");
  serve(hub, "config.json", kText, kOtherCommit);
  const fs::path path = hub.client().hub_download(demo_repo(), "config.json");
  EXPECT_EQ(path, hub.cached("snapshots/" + kOtherCommit + "/config.json"));
  EXPECT_EQ(read_file(hub.cached("refs/main")), kOtherCommit);
  EXPECT_EQ(hub.server().requests().size(), 3U) << "HEAD, GET, HEAD";
}

TEST(HubDownload, DownloadsAgainIfForced) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  hub.client().hub_download(demo_repo(), "config.json");
  hub.client().hub_download(demo_repo(), "config.json", {.force_download = true});
  EXPECT_EQ(hub.server().requests().size(), 4U);
}

TEST(HubDownload, ReplacesABlobThatWasCutShort) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  const fs::path path = hub.client().hub_download(demo_repo(), "config.json");
  fs::resize_file(path, 2);
  EXPECT_EQ(read_file(hub.client().hub_download(demo_repo(), "config.json")), kText);
}

TEST(HubDownload, KeepsAnEmptyFile) {
  ScriptedHub hub;
  serve(hub, "empty", "");
  EXPECT_EQ(read_file(hub.client().hub_download(demo_repo(), "empty")), "");
}

TEST(HubDownload, PutsWholeFilesWhereLinksAreNotWanted) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  HubOptions options = hub.options();
  options.use_symlinks = false;
  const fs::path path = HubClient(options).hub_download(demo_repo(), "config.json");
  EXPECT_FALSE(fs::is_symlink(path));
  EXPECT_EQ(read_file(path), kText);
  EXPECT_TRUE(names_in(hub.cached("blobs")).empty()) << "moved, as the Python client does";
}

// -- hashes --------------------------------------------------------------------------------------

TEST(HubDownload, KeepsNothingOfAFileWithTheWrongHash) {
  ScriptedHub hub;
  const std::string etag = sha256_hex("what was promised");
  hub.on(route("HEAD"), {.headers = {{"X-Repo-Commit", kCommit},
                                     {"X-Linked-ETag", "\"" + etag + "\""},
                                     {"X-Linked-Size", "5"}}});
  hub.on(route("GET"), {.body = "wrong"});
  const std::string text = message_of<CorruptDownloadError>(
      [&] { hub.client().hub_download(demo_repo(), "config.json"); });
  EXPECT_EQ(text, "'config.json' of 'demo/resnet' arrived damaged from " + hub.server().url() +
                      ": 5 bytes with the id " + sha256_hex("wrong") +
                      ", not 5 bytes with the id " + etag + ". Nothing was kept; try again.");
  EXPECT_TRUE(names_in(hub.cached("blobs")).empty());
  EXPECT_FALSE(fs::exists(hub.cached("snapshots")));
}

TEST(HubDownload, StopsAtTheFirstByteTooMany) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  hub.on(route("GET"), {.body = kText + "x"});
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "config.json"), CorruptDownloadError);
  EXPECT_TRUE(names_in(hub.cached("blobs")).empty());
}

TEST(HubDownload, GivesUpOnAServerThatAlwaysSendsTooLittle) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  serve_get(hub, {.body = "abc"});
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "config.json"), CorruptDownloadError);
}

// -- broken connections --------------------------------------------------------------------------

/// Cuts each GET after four bytes, and honours ranges.
ScriptedHub::Answer cutting(const std::string& bytes) {
  return [bytes](const ReceivedRequest& request) {
    const std::string range = request.headers.get("Range").value_or("bytes=0-");
    const std::size_t begin = std::stoul(range.substr(6));
    return ScriptedReply{.status = begin == 0 ? 200 : 206,
                         .body = bytes.substr(begin),
                         .headers = {{"Content-Range", "bytes " + std::to_string(begin) + "-" +
                                                           std::to_string(bytes.size() - 1) + "/" +
                                                           std::to_string(bytes.size())}},
                         .cut_after = bytes.size() - begin > 4 ? 4 : -2};
  };
}

TEST(HubDownload, GoesOnWhereTheConnectionBrokeOff) {
  ScriptedHub hub;
  const std::string bytes = "0123456789abcdefghij";
  serve(hub, "config.json", bytes);
  serve_get(hub, cutting(bytes));
  std::vector<std::uint64_t> steps;
  const fs::path path = hub.client().hub_download(
      demo_repo(), "config.json",
      {.progress = [&](const TransferProgress& step) { steps.push_back(step.bytes_done); }});
  EXPECT_EQ(read_file(path), bytes);
  EXPECT_EQ(steps.back(), bytes.size());
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  std::vector<std::string> ranges;
  for (const auto& request : hub.server().requests()) {
    if (request.method == "GET") ranges.push_back(request.headers.get("Range").value_or("all"));
  }
  EXPECT_EQ(ranges,
            (std::vector<std::string>{"all", "bytes=4-", "bytes=8-", "bytes=12-", "bytes=16-"}));
}

TEST(HubDownload, StartsAgainWhereRangesAreIgnored) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  serve_get(hub, [n = std::make_shared<int>(0)](const ReceivedRequest&) {
    return ScriptedReply{.body = kText, .cut_after = (*n)++ == 0 ? 3 : -2};
  });
  EXPECT_EQ(read_file(hub.client().hub_download(demo_repo(), "config.json")), kText);
}

TEST(HubDownload, GivesUpAfterTriesWithoutProgress) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  serve_get(hub, {.body = kText, .cut_after = 0});
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "config.json"), ConnectionError);
  EXPECT_EQ(hub.server().requests().size(), 1U + 6U);
  EXPECT_TRUE(names_in(hub.cached("blobs")).empty()) << "no partial file stays";
}

TEST(HubDownload, TakesOverWhatAKilledProcessLeft) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  serve_get(hub, cutting(kText));
  const fs::path left = hub.cached("blobs/" + git_blob_id(kText) + ".0011aabb.incomplete");
  write_file_atomically(left, kText.substr(0, 5));
  fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::hours(1));
  HubOptions options = hub.options();
  options.clock = system_clock();  // file times are the machine's
  EXPECT_EQ(read_file(HubClient(options).hub_download(demo_repo(), "config.json")), kText);
  EXPECT_EQ(hub.server().requests().at(1).headers.get("Range"), "bytes=5-");
  EXPECT_EQ(names_in(hub.cached("blobs")).size(), 1U);
}

TEST(HubDownload, LeavesAPartThatSomebodyMayStillBeWriting) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  const fs::path left = hub.cached("blobs/" + git_blob_id(kText) + ".0011aabb.incomplete");
  write_file_atomically(left, kText.substr(0, 5));
  HubOptions options = hub.options();
  options.clock = system_clock();
  HubClient(options).hub_download(demo_repo(), "config.json");
  EXPECT_EQ(hub.server().requests().at(1).headers.get("Range"), std::nullopt);
  EXPECT_TRUE(fs::exists(left));
}

TEST(HubDownload, DropsALeftoverThatDoesNotFit) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  serve_get(hub, cutting(kText));
  const fs::path left = hub.cached("blobs/" + git_blob_id(kText) + ".0011aabb.incomplete");
  write_file_atomically(left, "other");
  fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::hours(1));
  HubOptions options = hub.options();
  options.clock = std::shared_ptr<const Clock>(system_clock());
  options.retry.first_wait = std::chrono::milliseconds(0);
  EXPECT_EQ(read_file(HubClient(options).hub_download(demo_repo(), "config.json")), kText);
  EXPECT_EQ(names_in(hub.cached("blobs")).size(), 1U);
}

TEST(HubDownload, LeavesNothingWhenCancelled) {
  ScriptedHub hub;
  const std::string bytes(1000, 'x');
  serve(hub, "config.json", bytes);
  std::stop_source stop;
  hub.on(route("GET"), [&](const ReceivedRequest&) {
    stop.request_stop();
    return ScriptedReply{.body = bytes, .cut_after = 500, .hang = true};
  });
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "config.json", {}, stop.get_token()),
               CancelledError);
  EXPECT_TRUE(names_in(hub.cached("blobs")).empty());
  EXPECT_FALSE(fs::exists(hub.cached("snapshots")));
}

// -- redirects -----------------------------------------------------------------------------------

TEST(HubDownload, KeepsTheTokenFromAnotherHost) {
  ScriptedServer store{{.body = kText}};
  ScriptedHub hub;
  const ScriptedReply away{.status = 302,
                           .headers = {{"X-Repo-Commit", kCommit},
                                       {"X-Linked-ETag", "\"" + sha256_hex(kText) + "\""},
                                       {"X-Linked-Size", std::to_string(kText.size())},
                                       {"Location", store.url() + "/signed?sig=1"}}};
  hub.on(route("HEAD"), away);
  EXPECT_EQ(read_file(hub.client().hub_download(demo_repo(), "config.json")), kText);
  ASSERT_EQ(store.requests().size(), 1U);
  EXPECT_EQ(store.requests()[0].target, "/signed?sig=1");
  EXPECT_EQ(store.requests()[0].headers.get("Authorization"), std::nullopt);
  EXPECT_EQ(hub.server().requests().size(), 1U) << "straight to the store";
}

TEST(HubDownload, AsksForAFreshLinkWhenASignedOneHasRunOut) {
  ScriptedServer store([n = 0](const ReceivedRequest&) mutable {
    return n++ == 0 ? ScriptedReply{.status = 403} : ScriptedReply{.body = kText};
  });
  ScriptedHub hub;
  const ScriptedReply away{.status = 302,
                           .headers = {{"X-Repo-Commit", kCommit},
                                       {"X-Linked-ETag", "\"" + sha256_hex(kText) + "\""},
                                       {"X-Linked-Size", std::to_string(kText.size())},
                                       {"Location", store.url() + "/signed"}}};
  hub.on(route("HEAD"), away);
  hub.on(route("GET", "config.json", kCommit), away);
  EXPECT_EQ(read_file(hub.client().hub_download(demo_repo(), "config.json")), kText);
}

TEST(HubDownload, FollowsARelativeRedirectWithItsQuery) {
  ScriptedHub hub;
  const ScriptedReply reply{
      .body = kText,
      .headers = {{"X-Repo-Commit", kCommit}, {"ETag", "\"" + git_blob_id(kText) + "\""}}};
  hub.on(route("HEAD"), {.status = 307, .headers = {{"Location", "/api/resolve-cache/x?etag=1"}}});
  hub.on("HEAD /api/resolve-cache/x", reply);
  hub.on("GET /api/resolve-cache/x", reply);
  EXPECT_EQ(read_file(hub.client().hub_download(demo_repo(), "config.json")), kText);
  EXPECT_EQ(hub.server().requests().at(1).target, "/api/resolve-cache/x?etag=1");
}

/// Answers HEADs for an https Hub, which ScriptedServer cannot be, and notes what else is asked
/// for.
class HttpsStandIn final : public Transport {
 public:
  explicit HttpsStandIn(Headers headers) : headers_(std::move(headers)) {}
  Response send(const Request& request, std::stop_token) override {
    urls.push_back(request.url);
    if (request.method != "HEAD") throw ConnectionError("not to be asked", request.url);
    return {.status = 302, .headers = headers_, .url = request.url};
  }
  std::vector<std::string> urls;

 private:
  Headers headers_;
};

TEST(HubDownload, FollowsNoRedirectFromHttpsToHttp) {
  ScriptedHub hub;
  const auto stand_in =
      std::make_shared<HttpsStandIn>(Headers{{"X-Repo-Commit", kCommit},
                                             {"X-Linked-ETag", "\"" + sha256_hex(kText) + "\""},
                                             {"X-Linked-Size", std::to_string(kText.size())},
                                             {"Location", "http://store.example/signed?sig=1"}});
  HubOptions options = hub.options();
  options.endpoint = "https://hub.example";
  options.transport = stand_in;
  const std::string text = message_of<LocalEntryNotFoundError>(
      [&] { HubClient(options).hub_download(demo_repo(), "config.json"); });
  EXPECT_NE(
      text.find("https://hub.example redirects from https to http://store.example/signed "
                "while looking up 'config.json' of 'demo/resnet'; that is not followed, since "
                "anybody on the way could read and change the answer. Report it to those who "
                "run the Hub."),
      std::string::npos)
      << text;
  for (const std::string& url : stand_in->urls) EXPECT_TRUE(url.starts_with("https://")) << url;
}

TEST(HubDownload, SaysThatARedirectLeadsNowhere) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  serve_get(hub, {.status = 302});
  EXPECT_EQ(
      message_of<BadAnswerError>([&] { hub.client().hub_download(demo_repo(), "config.json"); }),
      hub.server().url() +
          " redirects to nowhere (302) while downloading 'config.json' of 'demo/resnet'; "
          "that is not followed. Check that HF_ENDPOINT is the Hub's own address.");
}

TEST(HubDownload, EndsARedirectLoop) {
  ScriptedHub hub;
  hub.on(route("HEAD"),
         {.status = 307, .headers = {{"Location", "/demo/resnet/resolve/main/config.json"}}});
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "config.json"), Error);
}

// -- what is not there ---------------------------------------------------------------------------

TEST(HubDownload, RemembersThatAFileIsAbsent) {
  ScriptedHub hub;
  hub.on(
      route("HEAD", "none"),
      {.status = 404, .headers = {{"X-Error-Code", "EntryNotFound"}, {"X-Repo-Commit", kCommit}}});
  EXPECT_EQ(
      message_of<RemoteEntryNotFoundError>([&] { hub.client().hub_download(demo_repo(), "none"); }),
      "File 'none' not found in repository 'demo/resnet' (model) at revision 'main' at " +
          hub.server().url() + " (404). Check the path; upper and lower case differ.");
  EXPECT_TRUE(fs::exists(hub.cached(".no_exist/" + kCommit + "/none")));
  EXPECT_EQ(try_to_load_from_cache(hub.folder() / "cache", demo_repo(), "none").state,
            CachedFile::State::absent);
}

TEST(HubDownload, SaysThatTheRevisionIsNotThereEvenIfTheFileIsCached) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  hub.client().hub_download(demo_repo(), "config.json");
  hub.on(route("HEAD"), {.status = 404, .headers = {{"X-Error-Code", "RevisionNotFound"}}});
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "config.json"), RevisionNotFoundError);
}

TEST(HubDownload, RefusesAPathThatLeavesTheRepository) {
  ScriptedHub hub;
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "../secret"), InvalidArgumentError);
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "f", {.revision = "../x"}),
               InvalidArgumentError);
  EXPECT_TRUE(hub.server().requests().empty());
}

TEST(HubDownload, RefusesAnEtagThatWouldLeaveTheCache) {
  ScriptedHub hub;
  hub.on(route("HEAD"),
         {.body = "x", .headers = {{"X-Repo-Commit", kCommit}, {"ETag", "\"../../../x\""}}});
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "config.json"), Error);
  EXPECT_FALSE(fs::exists(hub.cached("snapshots")));
}

TEST(HubDownload, SaysWhatTheServerLeftOut) {
  ScriptedHub hub;
  hub.on(route("HEAD"), {.headers = {{"X-Repo-Commit", kCommit}}});
  const std::string text = message_of<LocalEntryNotFoundError>(
      [&] { hub.client().hub_download(demo_repo(), "config.json"); });
  EXPECT_NE(text.find("did not say the ETag of 'config.json' in 'demo/resnet'"), std::string::npos)
      << text;
}

// -- without the Hub -----------------------------------------------------------------------------

TEST(HubDownload, TakesTheCachedFileWhenTheServerIsDown) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  const fs::path path = hub.client().hub_download(demo_repo(), "config.json");
  HubOptions options = hub.options();
  options.endpoint = testing::url_where_nothing_listens();
  EXPECT_EQ(HubClient(options).hub_download(demo_repo(), "config.json"), path);
  EXPECT_TRUE(hub.clock().sleeps().empty()) << "no retry when the cache can answer";
  EXPECT_THROW(
      HubClient(options).hub_download(demo_repo(), "config.json", {.force_download = true}),
      ConnectionError);
}

// It used to look a second time, and to read what was no longer there.
TEST(HubDownload, LooksInTheCacheOnceWhenTheServerIsDown) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  const fs::path path = hub.client().hub_download(demo_repo(), "config.json");
  HubOptions options = hub.options();
  options.endpoint = testing::url_where_nothing_listens();
  log::set_level(log::Level::info);
  log::set_sink([&](log::Level, std::string_view line) {
    if (line.find("hub_not_asked") != std::string_view::npos) fs::remove(path);
  });
  const fs::path again = HubClient(options).hub_download(demo_repo(), "config.json");
  log::set_sink({});
  log::set_level(log::Level::warning);
  EXPECT_EQ(again, path);
  EXPECT_FALSE(fs::exists(path)) << "somebody cleared the cache in between";
}

TEST(HubDownload, SaysThatNeitherServerNorCacheHasIt) {
  ScriptedHub hub;
  HubOptions options = hub.options();
  options.endpoint = testing::url_where_nothing_listens();
  const std::string text = message_of<LocalEntryNotFoundError>(
      [&] { HubClient(options).hub_download(demo_repo(), "config.json"); });
  EXPECT_EQ(text,
            "'config.json' of 'demo/resnet' (model) at revision 'main' is not in the cache at " +
                hub.cached("").parent_path().string() +
                ", and the Hub could not be asked: looking up 'config.json' of 'demo/resnet': No "
                "answer from " +
                options.endpoint + " to HEAD " + options.endpoint +
                "/demo/resnet/resolve/main/config.json: could not connect. Check the address "
                "and that the server is running. Go online, or download it first.");
  EXPECT_EQ(hub.clock().sleeps().size(), 5U) << "retried, since nothing else can answer";
}

TEST(HubDownload, TakesTheCachedFileWhenTheTokenIsRefused) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  const fs::path path = hub.client().hub_download(demo_repo(), "config.json");
  hub.on(route("HEAD"),
         {.status = 401,
          .headers = {{"X-Error-Message", "Invalid credentials in Authorization header"}}});
  EXPECT_EQ(hub.client().hub_download(demo_repo(), "config.json"), path);
  hub.on(route("HEAD", "other"),
         {.status = 401,
          .headers = {{"X-Error-Message", "Invalid credentials in Authorization header"}}});
  EXPECT_THROW(hub.client().hub_download(demo_repo(), "other"), UnauthorizedError);
}

TEST(HubDownload, SendsNothingForLocalFilesOnly) {
  ScriptedHub hub;
  serve(hub, "config.json", kText);
  const fs::path path = hub.client().hub_download(demo_repo(), "config.json");
  const std::size_t before = hub.server().requests().size();
  EXPECT_EQ(hub.client().hub_download(demo_repo(), "config.json", {.local_files_only = true}),
            path);
  EXPECT_EQ(message_of<LocalEntryNotFoundError>([&] {
              hub.client().hub_download(demo_repo(), "other", {.local_files_only = true});
            }),
            "'other' of 'demo/resnet' (model) at revision 'main' is not in the cache at " +
                hub.cached("").parent_path().string() +
                ", and the Hub was not asked: local_files_only is set. Go online, or download it "
                "first.");
  HubOptions options = hub.options();
  options.offline = true;
  EXPECT_EQ(HubClient(options).hub_download(demo_repo(), "config.json"), path);
  EXPECT_THROW(HubClient(options).hub_download(demo_repo(), "other"), LocalEntryNotFoundError);
  EXPECT_EQ(hub.server().requests().size(), before);
}

TEST(HubDownload, NeedsACacheFolder) {
  ScriptedHub hub;
  HubOptions options = hub.options();
  options.cache_dir.clear();
  EXPECT_THROW(HubClient(options).hub_download(demo_repo(), "f"), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
