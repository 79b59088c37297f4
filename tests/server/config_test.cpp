#include "server/config/configuration.h"
#include "server/config/values.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/byte_size.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace torchhub::server {
namespace {

using testing::message_of;
using testing::TempDir;

TEST(ConfigValues, ShowSizesAsTheyAreRead) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000},
                                    std::uint64_t{1024}, std::uint64_t{200} << 30}) {
    EXPECT_EQ(parse_byte_size(show_bytes(bytes)), bytes) << show_bytes(bytes);
  }
  EXPECT_EQ(show_bytes(std::uint64_t{200} << 30), "200GiB");
}

TEST(ConfigValues, ReadTimesAndShowThemTheSame) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_time_span("300s"), milliseconds(300'000));
  EXPECT_EQ(parse_time_span("0.5"), milliseconds(500)) << "a bare number is seconds";
  EXPECT_EQ(parse_time_span("14d"), std::chrono::hours(14 * 24));
  EXPECT_EQ(parse_time_span("5min"), milliseconds(300'000));
  for (const milliseconds time :
       {milliseconds(0), milliseconds(1), milliseconds(90'000), milliseconds(86'400'000)}) {
    EXPECT_EQ(parse_time_span(show_time_span(time)), time) << show_time_span(time);
  }
  for (const char* bad : {"", "s", "-1s", "1e3", "99999999999d", "nan", "0x10s"}) {
    EXPECT_THROW(parse_time_span(bad), InvalidArgumentError) << bad;
  }
  EXPECT_EQ(message_of<InvalidArgumentError>([] { parse_time_span("10 parsecs"); }),
            "'10 parsecs' is no time. Write seconds, or a unit: 500ms, 300s, 5min, 2h, 14d.");
}

TEST(Settings, ReadWhatTheyShow) {
  for (const Setting& setting : all_settings()) {
    SCOPED_TRACE(setting.name);
    Settings settings;
    const std::string shown = setting.value.get(settings);
    EXPECT_NO_THROW(setting.value.set(settings, shown));
    EXPECT_EQ(setting.value.get(settings), shown);
  }
}

TEST(Settings, TakeSeveralBaseUrls) {
  for (const Setting& setting : all_settings()) {
    if (setting.name != "base-url") continue;
    Settings settings;
    setting.value.set(settings, "https://hub.example.org, http://127.0.0.1:8686");
    EXPECT_EQ(settings.server.base_url, "https://hub.example.org");
    EXPECT_EQ(settings.server.more_base_urls, std::vector<std::string>{"http://127.0.0.1:8686"});
    EXPECT_EQ(setting.value.get(settings), "https://hub.example.org,http://127.0.0.1:8686");
  }
}

TEST(Settings, AreInTheGuideWithTheirDefaults) {
  const std::string guide = read_file(TORCHHUB_GOLDEN_DIR "/../../docs/server.md");
  for (const Setting& setting : all_settings()) {
    const std::string shown = setting.value.get(Settings{});
    const std::string row = shown.empty() ? fmt::format("\n| `{}` | |", setting.name)
                                          : fmt::format("\n| `{}` | `{}` |", setting.name, shown);
    EXPECT_NE(guide.find(row), std::string::npos) << row;
  }
}

TEST(Configuration, FileLinesHaveCommentsAndBlanks) {
  const TempDir folder;
  write_file_atomically(folder / "hub.conf",
                        "# a hub\r\n\n  listen=127.0.0.1:1 \ngrace = 20s # long\n"
                        "base-url = http://x/#top\nmax-object=1GiB");
  const auto values = values_in_file(folder / "hub.conf", all_settings());
  Configuration configuration(all_settings());
  configuration.take(values);
  EXPECT_EQ(configuration.settings().server.listen, "127.0.0.1:1");
  EXPECT_EQ(configuration.settings().server.grace, std::chrono::seconds(20));
  EXPECT_EQ(configuration.settings().server.base_url, "http://x/#top");
  EXPECT_EQ(configuration.settings().server.max_object_bytes, std::uint64_t{1} << 30);
  EXPECT_EQ(values.at(1).origin, (folder / "hub.conf").string() + ":4");
}

TEST(Configuration, ListensInSeveralPlaces) {
  Configuration configuration(all_settings());
  configuration.take({{"listen", "127.0.0.1:1, [::1]:2,unix:/run/hub", "x"}});
  const ServerOptions& options = configuration.settings().server;
  EXPECT_EQ(options.listen, "127.0.0.1:1");
  EXPECT_EQ(options.more_listen, (std::vector<std::string>{"[::1]:2", "unix:/run/hub"}));
  EXPECT_NE(configuration.text().find("\nlisten = 127.0.0.1:1,[::1]:2,unix:/run/hub  # x\n"),
            std::string::npos);
  configuration.take({{"listen", "a:1", "y"}});
  EXPECT_TRUE(configuration.settings().server.more_listen.empty());
  EXPECT_THROW(configuration.take({{"listen", "", "z"}}), InvalidArgumentError);
}

TEST(Configuration, FileWithStrangeLinesIsRefusedWithAllOfThem) {
  const TempDir folder;
  const std::string file = (folder / "hub.conf").string();
  write_file_atomically(file, "listn = 1\nlisten\ndata = x\n");
  const std::string message =
      message_of<InvalidArgumentError>([&] { values_in_file(file, all_settings()); });
  EXPECT_TRUE(message.starts_with(file + ":1: there is no setting 'listn'.\n" + file +
                                  ":2: 'listen' is no 'key = value'.\nThe settings are: data, "))
      << message;
}

TEST(Configuration, LaterValuesWinAndSayWhereTheyComeFrom) {
  std::vector<std::string> strangers;
  Configuration configuration(all_settings());
  configuration.take({{"grace", "1s", "hub.conf:1"}, {"listen", "a:1", "hub.conf:2"}});
  configuration.take(values_in_environment(
      {"PATH=/bin", "TORCHHUB_GRACE=2s", "TORCHHUB_MAX_OBJECT=1MiB", "TORCHHUB_LISTN=x"},
      all_settings(), strangers));
  configuration.take({{"grace", "3s", "--grace"}});
  const std::string text = configuration.text();
  EXPECT_NE(text.find("\ngrace = 3s  # --grace\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nlisten = a:1  # hub.conf:2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nmax-object = 1MiB  # TORCHHUB_MAX_OBJECT\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n# base-url =   # default\n"), std::string::npos) << text;
  EXPECT_EQ(strangers, std::vector<std::string>{"TORCHHUB_LISTN"});
  EXPECT_EQ(message_of<InvalidArgumentError>([&] {
              configuration.take({{"demo", "perhaps", "hub.conf:9"}});
            }),
            "hub.conf:9: 'perhaps' is neither on nor off.");
}

TEST(Configuration, PrintedTextIsAFileThatSaysTheSame) {
  const TempDir folder;
  Configuration first(all_settings());
  first.take({{"grace", "1500ms", "x"}, {"demo", "yes", "x"}, {"base-url", "https://hub", "x"}});
  write_file_atomically(folder / "hub.conf", first.text());
  Configuration second(all_settings());
  second.take(values_in_file(folder / "hub.conf", all_settings()));
  for (const Setting& setting : all_settings()) {
    EXPECT_EQ(setting.value.get(second.settings()), setting.value.get(first.settings()))
        << setting.name;
  }
}

TEST(Configuration, ShowsNoSecret) {
  const std::vector<Setting> known = {{"password",
                                       "WORD",
                                       {[](Settings&, const std::string& value) {
                                          if (value == "bad")
                                            throw InvalidArgumentError("'bad' is no password.");
                                        },
                                        [](const Settings&) { return std::string("hunter2"); }},
                                       "",
                                       Setting::Kind::secret}};
  Configuration configuration(known);
  EXPECT_EQ(configuration.text(), "password = ***  # default\n");
  EXPECT_EQ(message_of<InvalidArgumentError>([&] {
              configuration.take({{"password", "bad", "hub.conf:1"}});
            }),
            "hub.conf:1: the value of 'password' cannot be.");
}

}  // namespace
}  // namespace torchhub::server
