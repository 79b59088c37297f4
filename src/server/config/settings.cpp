#include "server/config/settings.h"

#include "server/config/values.h"
#include "torchhub/base/byte_size.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <type_traits>
#include <vector>

namespace torchhub::server {
namespace {

using Value = Setting::Value;

template <typename Field>
Value size(Field ServerOptions::*field) {
  return {[field](Settings& s, const std::string& text) {
            s.server.*field = static_cast<Field>(parse_byte_size(text));
          },
          [field](const Settings& s) { return show_bytes(s.server.*field); }};
}

/// A size; empty where there is no limit.
Value limit(std::uint64_t ServerOptions::*field) {
  return {[field](Settings& s, const std::string& text) {
            s.server.*field = text.empty() ? 0 : parse_byte_size(text);
          },
          [field](const Settings& s) {
            return s.server.*field == 0 ? std::string() : show_bytes(s.server.*field);
          }};
}

template <typename Time>
Value time(Time ServerOptions::*field) {
  return {[field](Settings& s, const std::string& text) {
            s.server.*field = std::chrono::duration_cast<Time>(parse_time_span(text));
          },
          [field](const Settings& s) { return show_time_span(s.server.*field); }};
}

template <typename Field>
Value count(Field ServerOptions::*field) {
  return {[field](Settings& s, const std::string& text) { s.server.*field = parse_count(text); },
          [field](const Settings& s) { return fmt::format("{}", s.server.*field); }};
}

/// For fields of Settings and of ServerOptions alike.
template <typename Owner>
Value on_off(bool Owner::*field) {
  return {[field](Settings& s, const std::string& text) {
            if constexpr (std::is_same_v<Owner, Settings>) {
              s.*field = parse_switch(text);
            } else {
              s.server.*field = parse_switch(text);
            }
          },
          [field](const Settings& s) -> std::string {
            if constexpr (std::is_same_v<Owner, Settings>) {
              return s.*field ? "on" : "off";
            } else {
              return s.server.*field ? "on" : "off";
            }
          }};
}

Value text(std::string ServerOptions::*field) {
  return {[field](Settings& s, const std::string& value) { s.server.*field = value; },
          [field](const Settings& s) { return s.server.*field; }};
}

Value text(std::string Settings::*field) {
  return {[field](Settings& s, const std::string& value) { s.*field = value; },
          [field](const Settings& s) { return s.*field; }};
}

Value path(std::filesystem::path ServerOptions::*field) {
  return {[field](Settings& s, const std::string& value) { s.server.*field = value; },
          [field](const Settings& s) { return (s.server.*field).string(); }};
}

std::vector<std::string> words_between_commas(const std::string& value) {
  std::vector<std::string> out;
  for (std::size_t start = 0; start < value.size();) {
    const std::size_t end = std::min(value.find(',', start), value.size());
    const std::size_t first = std::min(value.find_first_not_of(' ', start), end);
    const std::string word = value.substr(first, end - first);
    if (!word.empty()) out.push_back(word.substr(0, word.find_last_not_of(' ') + 1));
    start = end + 1;
  }
  return out;
}

Value list(std::vector<std::string> ServerOptions::*field) {
  return {
      [field](Settings& s, const std::string& value) {
        s.server.*field = words_between_commas(value);
      },
      [field](const Settings& s) { return fmt::format("{}", fmt::join(s.server.*field, ",")); }};
}

/// The first one has a field of its own.
Value addresses() {
  return {[](Settings& s, const std::string& value) {
            std::vector<std::string> words = words_between_commas(value);
            if (words.empty()) throw InvalidArgumentError("It must listen somewhere.");
            s.server.listen = words.front();
            words.erase(words.begin());
            s.server.more_listen = std::move(words);
          },
          [](const Settings& s) {
            std::string out = s.server.listen;
            for (const std::string& address : s.server.more_listen) out += "," + address;
            return out;
          }};
}

/// The first is the default one.
Value base_urls() {
  return {[](Settings& s, const std::string& value) {
            std::vector<std::string> urls = words_between_commas(value);
            s.server.base_url = std::nullopt;
            if (!urls.empty()) {
              s.server.base_url = urls.front();
              urls.erase(urls.begin());
            }
            s.server.more_base_urls = std::move(urls);
          },
          [](const Settings& s) {
            std::string out = s.server.base_url.value_or("");
            for (const std::string& url : s.server.more_base_urls) out += "," + url;
            return out;
          }};
}

/// One of `words`.
Value word(std::string Settings::*field, std::vector<std::string> words) {
  return {[field, words = std::move(words)](Settings& s, const std::string& value) {
            if (std::find(words.begin(), words.end(), value) == words.end()) {
              throw InvalidArgumentError(
                  fmt::format("'{}' is none of {}.", value, fmt::join(words, ", ")));
            }
            s.*field = value;
          },
          [field](const Settings& s) { return s.*field; }};
}

Value durability() {
  return {[](Settings& s, const std::string& value) {
            if (value != "full" && value != "relaxed") {
              throw InvalidArgumentError(fmt::format("'{}' is none of full, relaxed.", value));
            }
            s.server.durability = value == "full" ? Durability::full : Durability::relaxed;
          },
          [](const Settings& s) -> std::string {
            return s.server.durability == Durability::full ? "full" : "relaxed";
          }};
}

using O = ServerOptions;

const std::vector<Setting>& table() {
  static const std::vector<Setting> kSettings = {
      {"data", "FOLDER", path(&O::data_dir), "The data folder; made if missing"},
      {"listen", "HOST:PORT", addresses(), "Where to answer; port 0 takes a free one; or unix:PATH",
       Setting::Kind::list},
      {"address-file", "FILE", text(&Settings::address_file),
       "Receives the base URL once requests are answered"},
      {"tls-cert", "FILE", path(&O::tls_certificate), "Certificate as PEM: speak HTTPS"},
      {"tls-key", "FILE", path(&O::tls_key), "The certificate's key as PEM"},
      {"base-url", "URL", base_urls(),
       "What links start with; of several the one that the client used, else the first; else the "
       "listener's address",
       Setting::Kind::list},
      {"anonymous-read", "on|off", on_off(&O::anonymous_read),
       "off: nothing but /healthz, /readyz and signed links is for the anonymous"},
      {"admin", "NAME", text(&Settings::admin),
       "The first user of an empty hub, who may do everything"},
      {"demo", "", on_off(&Settings::demo),
       "On an empty hub: also user 'demo', organisation 'demo-org' and two small repositories"},
      {"durability", "full|relaxed", durability(),
       "relaxed: no flushes, a power cut may lose what was answered"},
      {"grace", "TIME", time(&O::grace), "What requests under way get at the end"},
      {"upload-grace", "TIME", time(&O::upload_grace), "The same for uploads"},
      {"max-object", "SIZE", size(&O::max_object_bytes), "One LFS object"},
      {"multipart-threshold", "SIZE", size(&O::multipart_threshold_bytes),
       "Larger LFS objects go up in parts"},
      {"multipart-chunk", "SIZE", size(&O::multipart_chunk_bytes), "One such part"},
      {"max-regular", "SIZE", size(&O::max_regular_bytes), "One file kept in git"},
      {"max-commit", "SIZE", size(&O::max_commit_bytes), "The body of one commit"},
      {"max-push", "SIZE", size(&O::max_push_bytes), "The body of one git push"},
      {"max-push-objects", "NUMBER", count(&O::max_push_objects),
       "New files, folders and commits of one push"},
      {"max-repo", "SIZE", limit(&O::max_repo_bytes), "LFS objects of one repository"},
      {"max-account", "SIZE", limit(&O::max_account_bytes),
       "LFS objects in all repositories of one user or organisation"},
      {"connections", "NUMBER", count(&O::max_connections), "At once, in all"},
      {"connections-per-address", "NUMBER", count(&O::max_connections_per_address),
       "From one address at once, 0 for no limit; not on loopback"},
      {"uploads-per-user", "NUMBER", count(&O::max_uploads_per_user),
       "LFS objects that one user sends at once, 0 for no limit"},
      {"new-repos-per-hour", "NUMBER", count(&O::max_new_repos_per_hour),
       "Repositories that one user makes, 0 for no limit; not on loopback"},
      {"git-processes", "NUMBER", count(&O::git_processes), "Clones and pushes at once"},
      {"git-timeout", "TIME", time(&O::git_timeout),
       "How long one may stand still, or be kept waiting by its client"},
      {"gc-interval", "TIME", time(&O::gc_interval),
       "How often to do what 'admin gc --apply' does; 0: never"},
      {"gc-grace", "TIME", time(&O::gc_grace), "How long that leaves unused files and the trash"},
      {"rate-api", "NUMBER", count(&O::rate_api),
       "Requests of one client to the API in five minutes; half without a token"},
      {"rate-resolve", "NUMBER", count(&O::rate_resolve), "The same for files"},
      {"rate-pages", "NUMBER", count(&O::rate_pages), "The same for all else"},
      {"rate-loopback", "", on_off(&O::rate_loopback), "Count clients on this machine, too"},
      {"trusted-proxy", "ADDRESS", list(&O::trusted_proxies),
       "A proxy whose X-Forwarded-For tells the client's address", Setting::Kind::list},
      {"cors", "ORIGIN", list(&O::cors_origins), "An origin whose pages may use the API",
       Setting::Kind::list},
      {"access-log", "FILE", path(&O::access_log),
       "Receives a line of JSON for each request; - is standard output"},
      {"metrics-listen", "HOST:PORT", text(&O::metrics_listen),
       "Answers /metrics, /healthz and /readyz to anybody"},
      {"min-free", "SIZE", size(&O::min_free_bytes), "Free space below which /readyz says no"},
      {"lfs-prefer-xet", "", on_off(&O::lfs_prefer_xet),
       "Have LFS clients that offer Xet use it; for tests of such clients"},
      {"log-level", "debug|info|warning", word(&Settings::log_level, {"debug", "info", "warning"}),
       "What standard error is told"},
      {"test-mode", "", on_off(&O::test_mode), "Allow fault points; loopback addresses only"},
      {"fault-point", "NAME", text(&O::fault_point),
       "End by SIGKILL at this point, or wait there (NAME=FIFO); needs test-mode"},
  };
  return kSettings;
}

}  // namespace

std::string Setting::variable() const {
  std::string out = "TORCHHUB_";
  for (const char c : name) {
    out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

std::span<const Setting> all_settings() { return table(); }

}  // namespace torchhub::server
