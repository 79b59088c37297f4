// usage: looping_run OUTPUT_DIR ENDPOINT TOKEN CACHE REPO WEIGHTS KILL
// A hand-written loop of six epochs over the tiny model, saved and pushed by LoopPusher with the
// checkpoint that it goes on from if there is one. After the last epoch the weights are halved, so
// that the end brings something. WEIGHTS/epoch-<n> has the model of each epoch, and WEIGHTS/end the
// last one. A moment for KILL (kill_moments.h) is: a request is about to be sent,
// its answer has come, a batch is done, a save is about to be made or is made. Ends with 0 if all
// is pushed.
#include "support/tiny_model.h"
#include "torchhub/callbacks/loop_pusher.h"
#include "torchhub/torchhub.h"
#include "trainer/kill_moments.h"

#include <torch/torch.h>

#include <fmt/format.h>

using namespace torchhub;
namespace fs = std::filesystem;
using testing::CountingTransport;
using testing::Moments;

namespace {

class Loop {
 public:
  explicit Loop(char** argv)
      : weights_(argv[6]),
        moments_(std::make_shared<Moments>(testing::Kill::parse(argv[7]))),
        pusher_(options(argv)) {
    LoopCheckpoint from;
    if (const auto found = find_loop_checkpoint(argv[1])) {
      model_->load_state(found->folder);
      load_optimizer(adam_, *model_, found->folder / "optimizer.pt");
      from = *found;
    }
    pusher_.on_train_begin(from);
  }

  bool run() {
    while (pusher_.epoch() < 6) train_epoch(pusher_.epoch() + 1);
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : model_->parameters()) parameter.mul_(0.5);
    keep("end");
    moments_->pass();
    pusher_.on_train_end();
    return pusher_.pushed_all();
  }

 private:
  LoopPusherOptions options(char** argv) {
    return {
        .output_dir = argv[1],
        .model = model_,
        .checkpoint = true,
        .save_checkpoint =
            [this](const fs::path& folder, std::int64_t) {
              moments_->pass();
              save_optimizer(adam_, {}, folder / "optimizer.pt");
              moments_->pass();
            },
        .hub_model_id = argv[5],
        .hub = HubOptions{.endpoint = argv[2],
                          .token = argv[3],
                          .cache_dir = argv[4],
                          .retry = {.max_retries = 8, .first_wait = std::chrono::milliseconds(50)},
                          .transport = std::make_shared<CountingTransport>(moments_)}};
  }

  void train_epoch(std::int64_t epoch) {
    torch::manual_seed(static_cast<std::uint64_t>(epoch));  // of the dropout
    const std::vector<std::int64_t> all{0, 1, 2, 3, 4, 5, 6, 7};
    double loss = 0;
    for (int batch = 0; batch < 3; ++batch) {
      adam_.zero_grad();
      const ModelOutput output = model_->forward(*data_->get_batch(all));
      output.loss.backward();
      adam_.step();
      loss = output.loss.item<double>();
      pusher_.on_batch_end();
      moments_->pass();
    }
    keep(fmt::format("epoch-{}", epoch));
    pusher_.on_epoch_end({{"loss", loss}});
    moments_->pass();
  }

  void keep(const std::string& name) const { model_->save_pretrained(weights_ / name); }

  fs::path weights_;
  std::shared_ptr<Moments> moments_;
  std::shared_ptr<PreTrainedModel> model_ = testing::tiny_model();
  torch::optim::Adam adam_{model_->parameters(), 0.01};
  std::shared_ptr<TensorDataset> data_ = testing::tiny_dataset(8);
  LoopPusher pusher_;  // last member: it saves the others
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  return Loop(argv).run() ? 0 : 1;
}
