#include "server/repos/sample_repos.h"

#include "server/repos/repo_maker.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace torchhub::server {
namespace {

using Files = std::map<std::string, std::string>;

constexpr const char* kModelCard = R"(---
license: apache-2.0
library_name: torchhub
pipeline_tag: text-classification
tags:
- sample
datasets:
- {owner}/sample-data
---

# Sample model

Made when this hub first started, to have something to look at. It has a card and a configuration, and
no weights.

    hf download {owner}/sample-model
)";

constexpr const char* kDataCard = R"(---
license: apache-2.0
task_categories:
- text-classification
tags:
- sample
---

# Sample data

Numbers from 0 to 99, and whether each is even. Made when this hub first started.

    hf download --repo-type dataset {owner}/sample-data
)";

Files model_files(const std::string& owner) {
  const nlohmann::json config{{"architectures", {"BertForSequenceClassification"}},
                              {"model_type", "bert"},
                              {"hidden_size", 8},
                              {"num_hidden_layers", 1},
                              {"id2label", {{"0", "ODD"}, {"1", "EVEN"}}}};
  return {{"README.md", fmt::format(fmt::runtime(kModelCard), fmt::arg("owner", owner))},
          {"config.json", config.dump(2) + "\n"}};
}

Files data_files(const std::string& owner) {
  constexpr int kRows = 100;
  std::string table = "text,label\n";
  for (int number = 0; number < kRows; ++number) {
    table += fmt::format("{},{}\n", number, number % 2 == 0 ? 1 : 0);
  }
  return {{"README.md", fmt::format(fmt::runtime(kDataCard), fmt::arg("owner", owner))},
          {"data/train.csv", std::move(table)}};
}

}  // namespace

void make_sample_repos(HubState& hub, const Account& owner) {
  make_repo(hub, {RepoType::dataset, owner, "sample-data", false, data_files(owner.name)}, owner);
  make_repo(hub, {RepoType::model, owner, "sample-model", false, model_files(owner.name)}, owner);
}

}  // namespace torchhub::server
