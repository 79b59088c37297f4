// What a card says of data and models that are no repositories: files and folders of the user's.
#include "card/part_of_text.h"
#include "torchhub/card/front_matter.h"
#include "torchhub/card/long_card.h"
#include "torchhub/card/merge.h"
#include "torchhub/card/model_card.h"
#include "torchhub/card/training_card.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;
using testing::has;

const ordered_json kLog = {{{"loss", 0.5}, {"step", 10}},
                           {{"eval_loss", 0.25}, {"eval_accuracy", 0.75}, {"step", 10}}};

/// What can be no id on the Hub, and the part of it that readers may see.
const std::vector<std::pair<std::string, std::string>> kPlaces = {
    {"./data", "data"},
    {"../data/", "data"},
    {"~/data", "data"},
    {"/home/ana/data.csv", "data.csv"},
    {"C:\\ana\\data", "data"},
    {"C:/ana/data", "data"},
    {"\\\\server\\ana\\data", "data"},
    {"ana/secret/data", "data"},
    {"ana/data.JSONL", "data.JSONL"},
    {"file:///home/ana/data", "data"},
    {"https://ana:secret@example.org/x/data.zip?token=hidden", "data.zip"},
};

/// What would say only who or where the user is.
const std::vector<std::string> kNameless = {
    "/", ".", "..", "~", "~ana/", "C:\\", "https://ana:secret@example.org", "x://ana?secret=/home"};

std::string text_of(const TrainingCard& card) { return render(card, kLog); }

ordered_json data_of(const std::string& text) { return ModelCard(text).metadata(); }

TrainingCard card_with(const CardDataset& dataset) {
  TrainingCard card{.model_name = "x", .tasks = {"fill-mask"}};
  card.datasets = {dataset};
  return card;
}

void expect_unknown(const std::string& id) {
  const TrainingCard card = card_with({.name = "", .id = id});
  const std::string text = text_of(card);
  EXPECT_TRUE(has(text, "\nThis model was trained from scratch on an unknown dataset.\n")) << text;
  EXPECT_FALSE(data_of(text).contains("datasets")) << id;
  EXPECT_TRUE(data_of(text)["model-index"][0]["results"].empty()) << id;
  EXPECT_TRUE(has(render_long(card, kLog), "### Training Data\n\n[More Information Needed]\n"))
      << id;
}

TEST(CardDatasets, ThatAreNoRepositoriesAreUnknown) {
  for (const auto& [place, shown] : kPlaces) expect_unknown(place);
  for (const std::string& place : kNameless) expect_unknown(place);
  for (const char* other : {"train.csv", "My data", "ana/", "Käse"}) expect_unknown(other);
}

TEST(CardDatasets, AreNotWhatReadsTheFiles) {
  for (const char* loader :
       {"arrow",     "audiofolder", "cache", "csv",   "CSV",         "eval",       "generator",
        "hdf5",      "imagefolder", "json",  "lance", "niftifolder", "pandas",     "parquet",
        "pdffolder", "spark",       "sql",   "text",  "videofolder", "webdataset", "xml"}) {
    expect_unknown(loader);
    const std::string both = text_of(card_with({.name = loader, .id = loader}));
    EXPECT_TRUE(has(both, " on an unknown dataset.\n")) << loader;
    const std::string of_ana = std::string("ana/") + loader;  // this is a repository
    const std::string text = text_of(card_with({.name = loader, .id = of_ana}));
    EXPECT_TRUE(has(text, " on the " + of_ana + " dataset.\n")) << loader;
    EXPECT_EQ(data_of(text)["datasets"], ordered_json::array({of_ana}));
  }
}

TEST(CardDatasets, KeepIdsThatLookALittleLikeFiles) {
  for (const char* id :
       {"glue", "nyu-mll/glue", "squad_v1.1", "ana/wiki.en", "ana/text", "a/csv-2"}) {
    const std::string text = text_of(card_with({.name = "", .id = id}));
    EXPECT_EQ(data_of(text)["datasets"], ordered_json::array({id}));
    EXPECT_TRUE(has(text, " on the " + std::string(id) + " dataset.\n")) << text;
  }
}

TEST(CardDatasets, AreNamedByTheLastPartOfAPath) {
  for (const auto& [place, shown] : kPlaces) {
    const std::string text = text_of(card_with({.name = place, .id = "ana/reviews"}));
    EXPECT_TRUE(has(text, " on the " + shown + " dataset.\n")) << place << text;
    EXPECT_FALSE(has(text, place)) << text;
    EXPECT_EQ(data_of(text)["model-index"][0]["results"][0]["dataset"]["name"], shown);
  }
  for (const std::string& place : kNameless) {
    EXPECT_TRUE(has(text_of(card_with({.name = place})), " on an unknown dataset.\n")) << place;
  }
}

TEST(CardDatasets, KeepNamesThatHaveSlashes) {
  for (const char* name : {"English/German/French reviews", "SQuAD 1.1/2.0", "C: a set", "GLUE"}) {
    EXPECT_TRUE(
        has(text_of(card_with({.name = name})), std::string(" on the ") + name + " dataset"));
  }
}

TEST(CardBaseModel, OfTheUsersFoldersHasNoLink) {
  for (const auto& [place, shown] : kPlaces) {
    TrainingCard card{.model_name = "x", .base_model = place};
    card.base_model_relation = "adapter";
    const std::string text = text_of(card);
    EXPECT_TRUE(has(
        text, "\nThis model is a fine-tuned version of `" + shown + "` on an unknown dataset.\n"))
        << text;
    EXPECT_FALSE(data_of(text).contains("base_model")) << place;
    EXPECT_FALSE(data_of(text).contains("base_model_relation")) << place;
    EXPECT_FALSE(has(text, "huggingface.co")) << text;
    EXPECT_TRUE(
        has(render_long(card, kLog), "**Finetuned from model [optional]:** " + shown + "\n"));
  }
}

TEST(CardBaseModel, ThatHasNoNameIsUnknown) {
  std::vector<std::string> places = kNameless;
  places.emplace_back("/tmp/a`b");
  for (const std::string& place : places) {
    const std::string text = text_of({.model_name = "x", .base_model = place});
    EXPECT_TRUE(has(text, "a fine-tuned version of an unknown model on an unknown dataset.\n"))
        << text;
  }
}

TEST(CardBaseModel, HasItsResultsRefreshedThoughItHasNoLink) {
  for (const char* place : {"./net", "/"}) {
    const TrainingCard card{.model_name = "x", .base_model = place};
    const ordered_json later = {{{"loss", 0.5}, {"step", 20}},
                                {{"eval_loss", 0.125}, {"step", 20}}};
    const std::string base = render(card, kLog);
    std::string old = base;
    old.insert(old.find("\nThis model is a fine"), "\nMy words.\n");
    const std::string merged =
        merge_cards({.fresh = render(card, later), .old = old, .base = base});
    EXPECT_TRUE(has(merged, "\nMy words.\n\nThis model is a fine")) << merged;
    EXPECT_TRUE(has(merged, "- Loss: 0.125\n")) << merged;
    EXPECT_FALSE(has(merged, "- Loss: 0.25\n")) << merged;
  }
}

TEST(CardTitle, IsTheLastPartOfAPath) {
  for (const auto& [place, shown] : kPlaces) {
    const std::string text = text_of({.model_name = place});
    EXPECT_TRUE(has(text, "\n# " + shown + "\n")) << text;
    EXPECT_EQ(data_of(text)["model-index"][0]["name"], shown);
    EXPECT_TRUE(
        has(render_long({.model_name = place}, kLog), "\n# Model Card for " + shown + "\n"));
  }
  for (const std::string& place : kNameless) {
    EXPECT_TRUE(has(text_of({.model_name = place}), "\n# model\n")) << place;
  }
  for (const char* name : {"net", "ana/net", "A net: v1.5 for shirts / shoes / bags"}) {
    EXPECT_TRUE(has(text_of({.model_name = name}), std::string("\n# ") + name + "\n"));
  }
}

}  // namespace
}  // namespace torchhub
