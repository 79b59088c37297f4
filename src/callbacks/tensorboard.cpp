#include "torchhub/callbacks/tensorboard.h"

#include "base/host_name.h"
#include "callbacks/tensorboard_event.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <unistd.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// In two parts, because a double does not hold today's nanoseconds exactly.
double seconds_of(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return static_cast<double>(whole.time_since_epoch().count()) +
         std::chrono::duration<double>(time - whole).count();
}

/// Two files of one process and second must not be one. Counts as tensorboard's writer does.
fs::path event_file_name(std::chrono::system_clock::time_point time) {
  static std::atomic<int> count = 0;
  return fmt::format("events.out.tfevents.{:010}.{}.{}.{}",
                     static_cast<std::int64_t>(seconds_of(time)), host_name(), ::getpid(), count++);
}

}  // namespace

/// Append only: what a reader finds at any time is whole records and at most one that is cut.
class TensorBoardLogger::EventFile {
 public:
  explicit EventFile(fs::path path) : path_(std::move(path)) {
    make_folders(path_.parent_path());
    errno = 0;
    out_.open(path_, std::ios::binary | std::ios::app);
    check();
  }

  void write(const std::string& event) {
    errno = 0;
    out_ << tfrecord(event);
    check();
  }

  void flush() {
    errno = 0;
    out_.flush();
    check();
  }

 private:
  void check() {
    if (!out_) throw_file_error("write", path_, errno);
  }

  fs::path path_;
  std::ofstream out_;
};

TensorBoardOptions TensorBoardOptions::from_environment() {
  const char* value = std::getenv("TENSORBOARD_LOGGING_DIR");
  if (value == nullptr || *value == '\0') return {};
  std::string folder = value;
  const char* home = std::getenv("HOME");
  if (home != nullptr && (folder == "~" || folder.starts_with("~/"))) folder.replace(0, 1, home);
  return {.logging_dir = folder};
}

fs::path default_tensorboard_dir(const fs::path& output_dir,
                                 std::chrono::system_clock::time_point time,
                                 const std::string& host) {
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return output_dir / "runs" /
         fmt::format("{}{:02}_{:02}-{:02}-{:02}_{}",
                     kMonths.at(static_cast<std::size_t>(local.tm_mon)), local.tm_mday,
                     local.tm_hour, local.tm_min, local.tm_sec, host);
}

fs::path default_tensorboard_dir(const fs::path& output_dir,
                                 std::chrono::system_clock::time_point time) {
  return default_tensorboard_dir(output_dir, time, host_name());
}

TensorBoardLogger::TensorBoardLogger(TensorBoardOptions options, std::shared_ptr<const Clock> clock)
    : options_(std::move(options)), clock_(std::move(clock)) {}

TensorBoardLogger::~TensorBoardLogger() = default;

void TensorBoardLogger::begin(const RunFacts& run) {
  const auto now = clock_->now();
  // One default folder for the whole life of this logger, but for trials: each is a run of its own.
  if (folder_.empty() || run.trial_name) {
    folder_ = options_.logging_dir.value_or(default_tensorboard_dir(run.output_dir, now));
    if (run.trial_name) folder_ /= *run.trial_name;
  }
  file_ = std::make_unique<EventFile>(folder_ / event_file_name(now));
  file_->write(version_event(seconds_of(now)));
  text("args", 0, run.args_json);
  if (run.model_config_json) text("model_config", 0, *run.model_config_json);
}

void TensorBoardLogger::scalars(std::int64_t step, const std::vector<LoggedScalar>& scalars) {
  if (!file_) throw InvalidArgumentError("TensorBoardLogger::scalars() comes before begin().");
  const double now = seconds_of(clock_->now());
  for (const LoggedScalar& scalar : scalars) {
    file_->write(scalar_event(now, step, scalar.tag, scalar.value));
  }
  file_->flush();
}

void TensorBoardLogger::text(std::string_view tag, std::int64_t step, std::string_view text) {
  if (!file_) throw InvalidArgumentError("TensorBoardLogger::text() comes before begin().");
  file_->write(text_event(seconds_of(clock_->now()), step, tag, text));
  file_->flush();
}

void TensorBoardLogger::end() { file_.reset(); }

}  // namespace torchhub
