#include "torchhub/card/model_card.h"

#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/card/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using ordered_json = nlohmann::ordered_json;

TEST(ModelCard, ReadsMetadataAndBody) {
  const ModelCard card("---\nlanguage: en\ntags: [a, b, a]\n---\n\n# My model\n");
  EXPECT_EQ(card.metadata(), ordered_json({{"language", "en"}, {"tags", {"a", "b", "a"}}}));
  EXPECT_EQ(card.body(), "\n# My model\n");
  EXPECT_EQ(card.words("language"), std::vector<std::string>{"en"});
  EXPECT_EQ(card.words("tags"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(card.words("license"), std::vector<std::string>{});
}

TEST(ModelCard, WithoutFrontMatterIsAllBody) {
  ModelCard card("# My model\n");
  EXPECT_TRUE(card.metadata().empty());
  EXPECT_EQ(card.body(), "# My model\n");
  card.set("license", "mit");
  EXPECT_EQ(card.text(), "---\nlicense: mit\n---\n\n# My model\n");
  card.set("license", nullptr);
  EXPECT_EQ(card.text(), "\n# My model\n");
}

TEST(ModelCard, ChangesOnlyWhatIsSet) {
  ModelCard card(" \n---\r\n# mine\r\nlanguage: no\r\nversion: 1.10\r\n--- \r\ntext\r\n");
  card.set("license", "mit");
  EXPECT_EQ(
      card.text(),
      " \n---\r\n# mine\r\nlanguage: no\r\nversion: 1.10\r\nlicense: mit\r\n--- \r\ntext\r\n");
  card.set_body("new\r\n");
  EXPECT_TRUE(card.text().ends_with("license: mit\r\n--- \r\nnew\r\n"));
  EXPECT_EQ(card.metadata()["language"], "no");
}

TEST(ModelCard, IsSavedAndLoadedByteForByte) {
  const testing::TempDir dir;
  const std::string text = "---\r\nlicense: mit\r\n---\r\nline\nother\r";
  ModelCard(text).save(dir.path() / "new" / "README.md");
  EXPECT_EQ(ModelCard::load(dir.path() / "new" / "README.md").text(), text);
}

TEST(ModelCard, ErrorsNameTheFile) {
  const testing::TempDir dir;
  const auto path = dir.path() / "README.md";
  write_file_atomically(path, "---\n- a\n- b\n---\n");
  try {
    ModelCard::load(path);
    FAIL() << "a list was taken for a map";
  } catch (const ModelCardError& error) {
    EXPECT_EQ(std::string(error.what()),
              path.string() +
                  ": The front matter of a model card cannot be read at line 1, column 1: it is "
                  "not a map of keys and values. Mend the block between the two '---' lines.");
  }
  EXPECT_THROW(ModelCard::load(dir.path() / "absent.md"), FileError);
}

TEST(ModelCard, LeavesABrokenModelIndexOutWhereAskedAndSaysSo) {
  const ModelCard broken("---\nlicense: mit\nmodel-index:\n- name: net\n---\n");
  EXPECT_THROW(static_cast<void>(broken.eval_results()), ModelCardError);
  std::string lines;
  log::set_sink([&](log::Level, std::string_view line) { lines += line; });
  const ModelIndex index = broken.eval_results(MetadataErrors::ignore);
  log::set_sink({});
  EXPECT_TRUE(index.results.empty());
  EXPECT_NE(lines.find("model_index_ignored"), std::string::npos) << lines;
  EXPECT_EQ(broken.words("license"), std::vector<std::string>{"mit"});
}

TEST(ModelCard, IsNotLoadedOrEditedWhereItsFrontMatterIsHidden) {
  const testing::TempDir dir;
  const auto path = dir.path() / "README.md";
  for (const std::string text : {"\xEF\xBB\xBF---\na: 1\n---\n", "---\nlicense: mit\n# Title\n"}) {
    write_file_atomically(path, text);
    EXPECT_THROW(ModelCard::load(path), ModelCardError) << text;
    ModelCard card(text);  // a Hub takes it, as a text without metadata
    EXPECT_TRUE(card.metadata().empty());
    EXPECT_THROW(card.set("license", "mit"), ModelCardError) << text;
    EXPECT_EQ(card.text(), text);
  }
}

TEST(ModelCard, KeepsItsLastKeyWhereTheTextWouldBecomeFrontMatter) {
  const std::string text = "---\nlicense: mit\n---\n---\na: 1\n---\n";
  ModelCard card(text);
  EXPECT_THROW(card.set("license", nullptr), ModelCardError);
  EXPECT_EQ(card.text(), text);
  EXPECT_EQ(card.metadata()["license"], "mit");
}

TEST(ModelCard, CopiesAreIndependent) {
  ModelCard first("---\na: 1\n---\n");
  ModelCard second = first;
  second.set("a", 2);
  EXPECT_EQ(first.metadata()["a"], 1);
  EXPECT_EQ(second.metadata()["a"], 2);
}

}  // namespace
}  // namespace torchhub
