// The C++ code of a card is compiled and run: golden/card/how_to_use.inc is that code, byte for
// byte. tests/peers/test_card_on_hub.py runs the Python code.
#include "support/golden.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "support/variable.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::TinyConfig;
using testing::TinyModelForImageClassification;
using testing::Variable;

TORCHHUB_REGISTER_CONFIG("tiny", TinyConfig);
TORCHHUB_REGISTER_MODEL(AutoModelForImageClassification, TinyConfig,
                        TinyModelForImageClassification);

std::shared_ptr<PreTrainedModel> loaded_as_the_card_says() {
#include "golden/card/how_to_use.inc"
  return model;
}

std::string cpp_block_of(const std::string& card) {
  const std::string fence = "```cpp\n";
  const std::size_t begin = card.find(fence);
  if (begin == std::string::npos) return "no C++ code in\n" + card;
  return card.substr(begin + fence.size(),
                     card.find("```\n", begin + fence.size()) - begin - fence.size());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(CardCode, LoadsTheModelThatWasPushedWithTheTag) {
  const TempDir folder;
  testing::LocalHub hub;
  const HubOptions options{
      .endpoint = hub.base_url(), .token = hub.token(), .cache_dir = folder / "cache"};
  Trainer trainer({.model = testing::tiny_model(),
                   .args = {.output_dir = folder / "tiny",
                            .max_steps = 4,
                            .disable_tqdm = true,
                            .save_steps = 2,
                            .push_to_hub = true,
                            .hub_always_push = true},
                   .train_dataset = testing::tiny_dataset(16),
                   .hub = options});
  const TrainOutput out = trainer.train();
  const auto card_at = [&](const std::string& revision) {
    return read_file(HubClient(options).hub_download({.id = RepoId::parse("demo/tiny")},
                                                     "README.md", {.revision = revision}));
  };
  trainer.push_to_hub();
  const std::string code = testing::golden("card/how_to_use.inc");
  // Without a tag it names the commit of the last save.
  const std::string commit = *out.pushes.back().commit_oid;
  EXPECT_EQ(cpp_block_of(card_at("main")), replaced(code, "v1", commit));
  trainer.push_to_hub({.tag = "v1"});
  ASSERT_EQ(cpp_block_of(card_at("v1")), code);

  // Later weights on main: the code still gets those of the tag.
  const StateDict tagged = trainer.model().named_state();
  const at::Tensor first = tagged.front().second.clone();
  {
    const torch::NoGradGuard no_grad;
    trainer.model().parameters().front().add_(1);
  }
  trainer.push_to_hub();
  const Variable endpoint("HF_ENDPOINT", hub.base_url().c_str());
  const Variable token("HF_TOKEN", hub.token().c_str());
  const Variable cache("HF_HUB_CACHE", (folder / "other-cache").c_str());
  EXPECT_TRUE(torch::equal(loaded_as_the_card_says()->named_state().front().second, first));
  const auto by_commit =
      AutoModelForImageClassification::from_pretrained("demo/tiny", {.revision = commit});
  EXPECT_TRUE(torch::equal(by_commit->named_state().front().second, first));
}

}  // namespace
}  // namespace torchhub
