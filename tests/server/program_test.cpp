#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "server/served_hub.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/clock.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;

TEST(ServeProgram, TellsItsVersionAndItsUsage) {
  const Finished version = torchhub_program({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.output, "torchhub " TORCHHUB_VERSION "\n");
  EXPECT_EQ(torchhub_program({}).exit_code, 2);
  EXPECT_EQ(torchhub_program({"serve", "--nonsense"}).exit_code, 2);
  EXPECT_EQ(torchhub_program({"serve", "--listen", "nonsense"}).exit_code, 2);
}

TEST(ServeProgram, WritesItsAddressAndAnswers) {
  const TempDir folder;
  ServedHub hub(folder / "data");
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient client(hub.base_url(), hub.token());
  EXPECT_EQ(client.get("/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(client.get_json("/api/whoami-v2").at("name"), "demo");
  const std::string text = hub.process().errors();
  EXPECT_NE(text.find("HF_ENDPOINT=" + hub.base_url() + "\n"), std::string::npos) << text;
  hub.process().signal(SIGTERM);
  EXPECT_EQ(hub.process().wait(), 0);
}

constexpr std::size_t kUploadBytes = 100'000;

/// Begins to send an object of 'u's and comes as far as the server's leave to go on.
void begin_upload(RawConnection& upload, const ServedHub& hub) {
  HubClient client(hub.base_url(), hub.token());
  client.create_repo("m");
  const std::string bytes(kUploadBytes, 'u');
  const json object = client.batch("demo/m", "upload", sha256_hex(bytes), bytes.size());
  const std::string target = object.at("actions").at("upload").at("href");
  upload.send("PUT " + target.substr(hub.base_url().size()) +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(upload.read_answer().status, "100 Continue");
}

TEST(ServeProgram, FinishesAnUploadUnderWayAtSigterm) {
  const TempDir folder;
  ServedHub hub(folder / "data");
  ASSERT_TRUE(hub.start());
  RawConnection upload(hub.base_url());
  ASSERT_NO_FATAL_FAILURE(begin_upload(upload, hub));
  upload.send(std::string(kUploadBytes / 2, 'u'));
  hub.process().signal(SIGTERM);
  while (RawConnection(hub.base_url()).connected()) {
  }
  upload.send(std::string(kUploadBytes / 2, 'u'));
  EXPECT_EQ(upload.read_answer().status, "200 OK");
  EXPECT_EQ(hub.process().wait(), 0);
}

TEST(ServeProgram, EndsAtOnceAtASecondSignal) {
  const TempDir folder;
  std::signal(SIGINT, SIG_IGN);  // as a shell does for what it starts in the background
  ServedHub hub(folder / "data");
  const bool started = hub.start();
  std::signal(SIGINT, SIG_DFL);
  ASSERT_TRUE(started);
  RawConnection upload(hub.base_url());
  ASSERT_NO_FATAL_FAILURE(begin_upload(upload, hub));
  hub.process().signal(SIGINT);
  while (RawConnection(hub.base_url()).connected()) {
  }
  EXPECT_TRUE(hub.process().is_running()) << "it waits for the upload";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (hub.process().is_running()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the second signal ends nothing";
    hub.process().signal(SIGINT);
  }
  EXPECT_EQ(hub.process().wait(), 128 + SIGINT);
}

TEST(ServeProgram, TakesFlagsBeforeTheEnvironmentBeforeAFile) {
  const TempDir folder;
  const std::string file = (folder / "hub.conf").string();
  write_file_atomically(file, "grace = 1s\ngit-timeout = 1s\nmax-object = 1GiB\n");
  const auto print = [](std::vector<std::string> arguments, std::vector<std::string> variables) {
    arguments.insert(arguments.begin(), {TORCHHUB_EXECUTABLE, "serve", "--print-config"});
    return run(std::move(arguments), std::move(variables));
  };
  const Finished shown = print({"--config", file, "--grace", "1s", "--grace", "3s", "--demo",
                                "--cors", "https://a", "--cors", "https://b"},
                               {"TORCHHUB_GRACE=2s", "TORCHHUB_GIT_TIMEOUT=2s"});
  EXPECT_EQ(shown.exit_code, 0) << shown.errors;
  for (const std::string& line :
       {std::string("grace = 3s  # --grace\n"),
        std::string("git-timeout = 2s  # TORCHHUB_GIT_TIMEOUT\n"),
        "max-object = 1GiB  # " + file + ":3\n", std::string("demo = on  # --demo\n"),
        std::string("cors = https://a,https://b  # --cors\n"),
        std::string("max-regular = 10MiB  # default\n")}) {
    EXPECT_NE(shown.output.find(line), std::string::npos) << line << shown.output;
  }
  const Finished by_variable = print({}, {"TORCHHUB_CONFIG=" + file, "TORCHHUB_LISTN=x"});
  EXPECT_NE(by_variable.output.find("grace = 1s  # " + file + ":1\n"), std::string::npos);
  EXPECT_EQ(by_variable.errors,
            "torchhub: TORCHHUB_LISTN is no setting of 'torchhub serve'; it is ignored.\n");
  write_file_atomically(file, "gracee = 1s\n");
  const Finished unknown = print({"--config", file}, {});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(unknown.errors.starts_with("torchhub: " + file + ":1: there is no setting 'gracee'."))
      << unknown.errors;
  EXPECT_EQ(print({"--config", file + ".not"}, {}).exit_code, 3);
  EXPECT_EQ(print({"--max-object", "huge"}, {}).exit_code, 2);
}

TEST(ServeProgram, BeginsANewAccessLogAtSighup) {
  const TempDir folder;
  const std::filesystem::path log = folder / "access.log";
  ServedHub hub(folder / "data", {"--access-log", log.string()});
  ASSERT_TRUE(hub.start());
  std::filesystem::rename(log, folder / "access.log.1");
  hub.process().signal(SIGHUP);
  const HubClient client(hub.base_url(), hub.token());
  const auto is_in_new_log = [&] {
    return std::filesystem::exists(log) && read_file(log).find("/healthz") != std::string::npos;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!is_in_new_log()) {  // the signal may come after the first answers
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the lines still go to the old file";
    EXPECT_EQ(client.get("/healthz").status, 200);
  }
  hub.process().signal(SIGTERM);
  EXPECT_EQ(hub.process().wait(), 0);
}

TEST(ServeProgram, RefusesASecondServerOnTheFolder) {
  const TempDir folder;
  ServedHub hub(folder / "data");
  ASSERT_TRUE(hub.start());
  const Finished second =
      torchhub_program({"serve", "--data", (folder / "data").string(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_EQ(second.errors, "torchhub: Another torchhub server uses the data folder '" +
                               (folder / "data").string() +
                               "'. Stop it, or choose another folder with --data.\n");
}

TEST(ServeProgram, RefusesAPortInUse) {
  const TempDir folder;
  ServedHub hub(folder / "data");
  ASSERT_TRUE(hub.start());
  const std::string address = hub.base_url().substr(7);
  const Finished second =
      torchhub_program({"serve", "--data", (folder / "other").string(), "--listen", address});
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_EQ(second.errors, "torchhub: Cannot listen on '" + address +
                               "': Address already in use. Another program uses this port: end it "
                               "or choose another; port 0 takes a free one.\n");
}

TEST(ServeProgram, RefusesANewerDataFolder) {
  const TempDir folder;
  torchhub_program({"admin", "--data", (folder / "data").string(), "user", "create", "demo"});
  write_file_atomically(folder / "data" / "FORMAT", "2\n");
  const Finished start =
      torchhub_program({"serve", "--data", (folder / "data").string(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(start.exit_code, 3);
  EXPECT_NE(start.errors.find("says layout 2, but this torchhub knows layout 1"), std::string::npos)
      << start.errors;
}

TEST(ServeProgram, RefusesToTestBeyondLoopback) {
  const TempDir folder;
  const Finished start = torchhub_program(
      {"serve", "--data", (folder / "data").string(), "--listen", "0.0.0.0:0", "--test-mode"});
  EXPECT_EQ(start.exit_code, 3);
  EXPECT_NE(start.errors.find("Test mode listens on loopback addresses only"), std::string::npos);
}

TEST(ServeProgram, RefusesFaultPointsThatAreNone) {
  const TempDir folder;
  const auto serve = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"serve", "--data", (folder / "data").string(), "--listen",
                                          "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return torchhub_program(std::move(arguments));
  };
  const Finished no_test = serve({"--fault-point", "lfs.linked"});
  EXPECT_EQ(no_test.exit_code, 2);
  EXPECT_EQ(no_test.errors,
            "torchhub: The fault point 'lfs.linked' would end the server. Fault points need test "
            "mode.\n");
  const Finished unknown = serve({"--test-mode", "--fault-point", "lfs.link"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.errors.find("There is no fault point 'lfs.link'. The fault points are: lfs."),
            std::string::npos)
      << unknown.errors;
}

/// Waits until the program that was told to write `address` answers.
void wait_for_start(ChildProcess& process, const std::filesystem::path& address) {
  while (!std::filesystem::exists(address) && process.is_running()) {
    system_clock()->sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(ServeProgram, WarnsOfLinksThatNobodyCanOpen) {
  const TempDir folder;
  const auto text_of = [&](std::vector<std::string> more) {
    const auto address = folder / ("address" + std::to_string(more.size()));
    std::vector<std::string> arguments = {TORCHHUB_EXECUTABLE,        "serve",         "--data",
                                          (folder / "data").string(), "--listen",      "0.0.0.0:0",
                                          "--address-file",           address.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ChildProcess process(std::move(arguments));
    wait_for_start(process, address);
    return process.errors();
  };
  const std::string warning = "which other machines cannot open";
  const std::string bare = text_of({});
  EXPECT_NE(bare.find("  Warning: Links in answers start with http://0.0.0.0:"), bare.npos) << bare;
  EXPECT_NE(bare.find(warning), bare.npos) << bare;
  const std::string named = text_of({"--base-url", "http://hub.example:8686"});
  EXPECT_EQ(named.find(warning), named.npos) << named;
}

TEST(ServeProgram, StartsWithABrokenGitAndSaysSo) {
  const TempDir folder;
  write_file_atomically(folder / "git", "#!/bin/sh\nexit 3\n");
  std::filesystem::permissions(folder / "git", std::filesystem::perms::owner_all);
  const auto address = folder / "address";
  ChildProcess process({TORCHHUB_EXECUTABLE, "serve", "--data", (folder / "data").string(),
                        "--listen", "127.0.0.1:0", "--address-file", address.string()},
                       {"PATH=" + folder.path().string() + ":/usr/bin:/bin"});
  wait_for_start(process, address);
  EXPECT_TRUE(process.is_running());
  EXPECT_NE(process.errors().find(
                "clones and pushes are not possible: git ended with an error. Everything "
                "else works.\n"),
            std::string::npos)
      << process.errors();
}

TEST(ServeProgram, PrintsAFirstTokenOnAnEmptyHub) {
  const TempDir folder;
  const auto address = folder / "address";
  ChildProcess process({TORCHHUB_EXECUTABLE, "serve", "--data", (folder / "data").string(),
                        "--listen", "127.0.0.1:0", "--address-file", address.string(), "--demo"});
  wait_for_start(process, address);
  const std::string text = process.errors();
  const std::size_t at = text.find("HF_TOKEN=hf_");
  ASSERT_NE(at, std::string::npos) << text;
  std::string url = read_file(address);
  url.resize(url.find('\n'));
  const HubClient client(url, text.substr(at + 9, 37));
  const json me = client.get_json("/api/whoami-v2");
  EXPECT_EQ(me.at("name"), "demo");
  EXPECT_EQ(me.at("orgs").at(0).at("name"), "demo-org");
  EXPECT_EQ(client.get("/api/models/demo/sample-model").status, 200);
  EXPECT_NE(text.find("New user 'admin', admin of the site."), std::string::npos) << text;
}

TEST(ServeProgram, KeepsTheAnonymousOutWhereAsked) {
  const TempDir folder;
  ServedHub hub(folder / "data", {"--anonymous-read", "off"});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient nobody(hub.base_url(), "");
  EXPECT_EQ(nobody.get("/api/models").status, 401);
  EXPECT_EQ(nobody.get("/healthz").status, 200);
}

TEST(AdminProgram, WorksWhileTheServerRuns) {
  const TempDir folder;
  const std::string data = (folder / "data").string();
  ServedHub hub(data);
  ASSERT_TRUE(hub.start());
  EXPECT_EQ(torchhub_program({"admin", "--data", data, "user", "create", "ana"}).exit_code, 0);
  const Finished token =
      torchhub_program({"admin", "--data", data, "token", "create", "ana", "--role", "read"});
  ASSERT_EQ(token.exit_code, 0);
  ASSERT_EQ(token.output.size(), 38U) << "the token alone and a line end: " << token.output;
  const HubClient ana(hub.base_url(), token.output.substr(0, 37));
  EXPECT_EQ(ana.get_json("/api/whoami-v2").at("auth").at("accessToken").at("role"), "read");
  EXPECT_EQ(torchhub_program({"admin", "--data", data, "user", "list"}).output, "ana\ndemo\n");
}

TEST(AdminProgram, TakesATokensValueInTestModeOnly) {
  const TempDir folder;
  const std::string data = (folder / "data").string();
  const auto create = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"admin",  "--data", data,     "token",
                                          "create", "ana",    "--role", "write"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return torchhub_program(std::move(arguments));
  };
  torchhub_program({"admin", "--data", data, "user", "create", "ana"});
  const std::string value = "hf_aValueThatATestKnows";
  const Finished refused = create({"--value", value});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.errors, "torchhub: --value is for tests: add --test-mode, or leave it out.\n");
  EXPECT_EQ(create({"--test-mode", "--value", "short"}).exit_code, 2);
  const Finished made = create({"--test-mode", "--value", value});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_EQ(made.output, value + "\n");
  {
    ServedHub hub(data);
    ASSERT_TRUE(hub.start());
    EXPECT_EQ(HubClient(hub.base_url(), value).get("/api/whoami-v2").status, 401);
  }
  ServedHub hub(data, {"--test-mode"});
  ASSERT_TRUE(hub.start());
  EXPECT_EQ(HubClient(hub.base_url(), value).get_json("/api/whoami-v2").at("name"), "ana");
}

TEST(AdminProgram, SaysWhatIsWrong) {
  const TempDir folder;
  const std::string data = (folder / "data").string();
  const auto admin = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"admin", "--data", data});
    return torchhub_program(std::move(arguments));
  };
  EXPECT_EQ(admin({"user", "create", "ana"}).exit_code, 0);
  const Finished twice = admin({"user", "create", "ANA"});
  EXPECT_EQ(twice.exit_code, 1);
  EXPECT_EQ(twice.errors, "torchhub: There is already an account 'ANA'. Choose another name.\n");
  const Finished nobody = admin({"token", "create", "nemo", "--role", "read"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_EQ(nobody.errors, "torchhub: There is no user 'nemo' in '" + data +
                               "'. Make one with 'torchhub admin user create nemo'.\n");
  const Finished bad = admin({"user", "create", "a--b"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_EQ(bad.errors,
            "torchhub: 'a--b' cannot be an account's name: '--' and '..' are not allowed.\n");
  EXPECT_EQ(admin({"token", "create", "ana", "--role", "god"}).exit_code, 2);
  EXPECT_EQ(admin({"token", "create", "ana"}).exit_code, 2);
}

TEST(ServeProgram, WritesAnAccessLogAndAnswersOtherOrigins) {
  const TempDir folder;
  ServedHub hub(folder / "data",
                {"--access-log", (folder / "access.log").string(), "--metrics-listen",
                 "127.0.0.1:0", "--cors", "https://a.example"});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  const HubClient client(hub.base_url(), "");
  EXPECT_EQ(client.get("/healthz", {{"Origin", "https://a.example"}})
                .headers.get("Access-Control-Allow-Origin"),
            "https://a.example");
  hub.process().signal(SIGTERM);
  EXPECT_EQ(hub.process().wait(), 0);
  const std::string log = read_file(folder / "access.log");
  EXPECT_NE(log.find("\"path\":\"/healthz\""), std::string::npos) << log;
}

}  // namespace
}  // namespace torchhub::testing
