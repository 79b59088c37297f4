// usage: killed_loop OUTPUT_DIR ENDPOINT TOKEN CACHE
// A hand-written loop that kills itself, as kill -9 would, as its first save is about to be sent.
#include "torchhub/base/atomic_file.h"
#include "torchhub/callbacks/loop_pusher.h"
#include "torchhub/http/transport.h"

#include <atomic>
#include <csignal>
#include <unistd.h>

using namespace torchhub;
namespace fs = std::filesystem;

namespace {

class KillingTransport final : public Transport {
 public:
  Response send(const Request& request, std::stop_token stop) override {
    if (armed) std::raise(SIGKILL);
    return inner_->send(request, std::move(stop));
  }
  std::atomic<bool> armed = false;

 private:
  std::shared_ptr<Transport> inner_ = make_curl_transport();
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto transport = std::make_shared<KillingTransport>();
  LoopPusher pusher({.output_dir = argv[1],
                     .save_model =
                         [](const fs::path& folder) {
                           write_file_atomically(folder / "model.safetensors", "one epoch");
                         },
                     .checkpoint = true,
                     .save_checkpoint =
                         [](const fs::path& folder, std::int64_t) {
                           write_file_atomically(folder / "optimizer.pt", "moments");
                         },
                     .hub = HubOptions{.endpoint = argv[2],
                                       .token = argv[3],
                                       .cache_dir = argv[4],
                                       .transport = transport}});
  transport->armed = true;
  pusher.on_epoch_end({{"loss", 0.5}});
  for (;;) ::pause();  // the pushing thread kills
}
