#include "server/config/settings.h"

#include "server/config/configuration.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// Each setting fills the field that its name promises, and no other.
namespace torchhub::server {
namespace {

using O = ServerOptions;
using Strings = std::vector<std::string>;
using std::chrono::milliseconds;

using Check = std::function<bool(const Settings&)>;

/// Does the field hold `value`? Said here anew, so that a row of the table with another's field is
/// seen: it would show what it was given all the same.
template <typename Field>
Check holds(Field ServerOptions::*field, const std::type_identity_t<Field>& value) {
  return [=](const Settings& settings) { return settings.server.*field == value; };
}
template <typename Field>
Check holds(Field Settings::*field, const std::type_identity_t<Field>& value) {
  return [=](const Settings& settings) { return settings.*field == value; };
}

struct SettingCase {
  std::string name;
  std::string value;  ///< Not the default; as the setting shows it.
  Check is_set;
};

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

const std::vector<SettingCase>& setting_cases() {
  static const std::vector<SettingCase> kCases = {
      {"data", "/srv/hub", holds(&O::data_dir, "/srv/hub")},
      {"listen", "a:1,b:2",
       [](const Settings& s) {
         return s.server.listen == "a:1" && s.server.more_listen == Strings{"b:2"};
       }},
      {"address-file", "/run/address", holds(&Settings::address_file, "/run/address")},
      {"tls-cert", "/etc/cert.pem", holds(&O::tls_certificate, "/etc/cert.pem")},
      {"tls-key", "/etc/key.pem", holds(&O::tls_key, "/etc/key.pem")},
      {"base-url", "https://a,https://b",
       [](const Settings& s) {
         return s.server.base_url == "https://a" && s.server.more_base_urls == Strings{"https://b"};
       }},
      {"anonymous-read", "off", holds(&O::anonymous_read, false)},
      {"admin", "root", holds(&Settings::admin, "root")},
      {"demo", "on", holds(&Settings::demo, true)},
      {"durability", "relaxed", holds(&O::durability, Durability::relaxed)},
      {"grace", "101ms", holds(&O::grace, milliseconds(101))},
      {"upload-grace", "102ms", holds(&O::upload_grace, milliseconds(102))},
      {"max-object", "1MiB", holds(&O::max_object_bytes, 1 * kMiB)},
      {"multipart-threshold", "2MiB", holds(&O::multipart_threshold_bytes, 2 * kMiB)},
      {"multipart-chunk", "3MiB", holds(&O::multipart_chunk_bytes, 3 * kMiB)},
      {"max-regular", "4MiB", holds(&O::max_regular_bytes, 4 * kMiB)},
      {"max-commit", "5MiB", holds(&O::max_commit_bytes, 5 * kMiB)},
      {"max-push", "6MiB", holds(&O::max_push_bytes, 6 * kMiB)},
      {"max-push-objects", "11", holds(&O::max_push_objects, 11)},
      {"max-repo", "7MiB", holds(&O::max_repo_bytes, 7 * kMiB)},
      {"max-account", "8MiB", holds(&O::max_account_bytes, 8 * kMiB)},
      {"connections", "12", holds(&O::max_connections, 12)},
      {"connections-per-address", "13", holds(&O::max_connections_per_address, 13)},
      {"uploads-per-user", "14", holds(&O::max_uploads_per_user, 14)},
      {"new-repos-per-hour", "15", holds(&O::max_new_repos_per_hour, 15)},
      {"git-processes", "16", holds(&O::git_processes, 16)},
      {"git-timeout", "103s", holds(&O::git_timeout, std::chrono::seconds(103))},
      {"gc-interval", "104ms", holds(&O::gc_interval, milliseconds(104))},
      {"gc-grace", "105ms", holds(&O::gc_grace, milliseconds(105))},
      {"rate-api", "17", holds(&O::rate_api, 17)},
      {"rate-resolve", "18", holds(&O::rate_resolve, 18)},
      {"rate-pages", "19", holds(&O::rate_pages, 19)},
      {"rate-loopback", "on", holds(&O::rate_loopback, true)},
      {"trusted-proxy", "10.0.0.1,10.0.0.2",
       holds(&O::trusted_proxies, Strings{"10.0.0.1", "10.0.0.2"})},
      {"cors", "https://c,https://d", holds(&O::cors_origins, Strings{"https://c", "https://d"})},
      {"access-log", "/var/log/access", holds(&O::access_log, "/var/log/access")},
      {"metrics-listen", "m:1", holds(&O::metrics_listen, "m:1")},
      {"min-free", "9MiB", holds(&O::min_free_bytes, 9 * kMiB)},
      {"lfs-prefer-xet", "on", holds(&O::lfs_prefer_xet, true)},
      {"log-level", "debug", holds(&Settings::log_level, "debug")},
      {"test-mode", "on", holds(&O::test_mode, true)},
      {"fault-point", "commit.ref_moved", holds(&O::fault_point, "commit.ref_moved")},
  };
  return kCases;
}

TEST(SettingCases, NameEverySetting) {
  std::set<std::string_view> known;
  std::set<std::string_view> tried;
  for (const Setting& setting : all_settings()) known.insert(setting.name);
  for (const SettingCase& one : setting_cases()) tried.insert(one.name);
  EXPECT_EQ(tried, known);
}

TEST(SettingCases, FillTheFieldOfTheirName) {
  for (const SettingCase& one : setting_cases()) {
    SCOPED_TRACE(one.name);
    EXPECT_FALSE(one.is_set(Settings{})) << "the case proves nothing";
    Configuration configuration(all_settings());
    configuration.take({{one.name, one.value, "x"}});
    EXPECT_TRUE(one.is_set(configuration.settings()));
  }
}

TEST(SettingCases, ShowWhatTheyWereGivenAndLeaveTheOthersAlone) {
  for (const SettingCase& one : setting_cases()) {
    SCOPED_TRACE(one.name);
    Configuration configuration(all_settings());
    configuration.take({{one.name, one.value, "x"}});
    for (const Setting& setting : all_settings()) {
      const std::string shown = setting.value.get(configuration.settings());
      const bool is_it = setting.name == one.name;
      EXPECT_EQ(shown, is_it ? one.value : setting.value.get(Settings{})) << setting.name;
    }
  }
}

}  // namespace
}  // namespace torchhub::server
