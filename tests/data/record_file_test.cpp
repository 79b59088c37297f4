// JSONL, CSV and text files, record by record.

#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/python_format.h"
#include "torchhub/data/csv.h"
#include "torchhub/data/error.h"
#include "torchhub/data/jsonl.h"
#include "torchhub/data/text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <functional>
#include <thread>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;
using Records = std::vector<Record>;

/// Files of one test.
class Folder {
 public:
  std::filesystem::path file(const std::string& text) {
    const auto path = folder_ / "file";
    write_file_atomically(path, text);
    return path;
  }
  /// Without the folder, which has another name each time.
  template <typename Exception>
  std::string error_of(const std::function<void()>& call) {
    std::string message = message_of<Exception>(call);
    for (std::size_t at; (at = message.find(folder_.path().string() + "/")) != std::string::npos;) {
      message.erase(at, folder_.path().string().size() + 1);
    }
    return message;
  }
  std::string csv_error(const std::string& text, const CsvOptions& options = {}) {
    const auto path = file(text);
    return error_of<DatasetError>([&] { read_csv(path, options); });
  }

 private:
  TempDir folder_;
};

Records all(const RecordFile& file) {
  Records records;
  for (std::int64_t i = 0; i < file.size(); ++i) records.push_back(file.get(i));
  return records;
}

std::shared_ptr<const RecordFile> read(const std::filesystem::path& path, const std::string& kind) {
  if (kind == "csv") return read_csv(path);
  return read_text(path, kind == "line"        ? SampleBy::line
                         : kind == "paragraph" ? SampleBy::paragraph
                                               : SampleBy::document);
}

// Golden: HF datasets, see tests/golden/README.md.
TEST(RecordFile, ReadsTextAndCsvAsPythonDoes) {
  Folder folder;
  const Record cases = parse_python_json(testing::golden("data/records.json"));
  ASSERT_GT(cases.size(), 40U);
  for (const Record& c : cases) {
    const auto file = read(folder.file(c.at("text").get<std::string>()), c.at("kind"));
    EXPECT_EQ(Record(all(*file)), c.at("records")) << c;
  }
}

TEST(RecordFile, GivesRecordsInAnyOrderToAnyThread) {
  Folder folder;
  std::string text = "n,t\n";
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + ",\"a\n" + std::to_string(i) + "\"\n";
  const auto file = read_csv(folder.file(text));
  ASSERT_EQ(file->size(), 1000);
  std::vector<std::jthread> threads;
  std::vector<int> wrong(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 999 - t; i >= 0; i -= 2) {
        const Record expected{{"n", i}, {"t", "a\n" + std::to_string(i)}};
        wrong[static_cast<std::size_t>(t)] += file->get(i) == expected ? 0 : 1;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, std::vector<int>(3));
}

TEST(RecordFile, SaysHowManyRecordsThereAre) {
  Folder folder;
  const auto file = read_text(folder.file("a\nb\n"));
  for (const int index : {-1, 2}) {
    EXPECT_EQ(folder.error_of<InvalidArgumentError>([&] { file->get(index); }),
              "'file' has 2 records, numbered from 0; " + std::to_string(index) + " is none.");
  }
}

TEST(RecordFile, NamesTheLineOfARecord) {
  Folder folder;
  const auto csv = read_csv(folder.file("a\n1\n\n\"x\r\ny\"\r\n2\r\n"));
  EXPECT_TRUE(csv->where(0).ends_with("file', line 2"));
  EXPECT_TRUE(csv->where(1).ends_with("file', line 4"));
  EXPECT_TRUE(csv->where(2).ends_with("file', line 6"));
  EXPECT_TRUE(read_text(folder.file("a\n\n\nb"), SampleBy::paragraph)->where(1).ends_with("3"));
}

TEST(RecordFile, ReadsNoCompressedAndNoUtf16File) {
  Folder folder;
  const auto gz = folder.file("\x1f\x8b\x08 packed");
  for (const auto& open : std::vector<std::function<void()>>{
           [&] { read_jsonl(gz); }, [&] { read_csv(gz); }, [&] { read_text(gz); }}) {
    EXPECT_EQ(folder.error_of<DatasetError>(open),
              "'file' is gzipped. Unpack it first (gunzip -k): records are read by their place in "
              "it.");
  }
  const auto utf16 = folder.file(std::string("\xff\xfe\x61\0", 4));
  EXPECT_EQ(folder.error_of<DatasetError>([&] { read_text(utf16); }),
            "'file' is UTF-16. Convert it to UTF-8 (iconv -f UTF-16 -t UTF-8).");
  EXPECT_THROW(read_jsonl("/nowhere/a.jsonl"), FileError);
}

TEST(ReadText, NamesTheLineThatIsNotUtf8) {
  Folder folder;
  const auto path = folder.file("ok\n\nnot \xe9 so\n");
  for (const SampleBy kind : {SampleBy::line, SampleBy::paragraph, SampleBy::document}) {
    EXPECT_EQ(folder.error_of<DatasetError>([&] { read_text(path, kind); }),
              "'file', line 3 is not UTF-8. Convert the file (iconv -f LATIN1 -t UTF-8).");
  }
}

TEST(ReadText, TakesAnEmptyFileAndAByteOrderMark) {
  Folder folder;
  EXPECT_EQ(read_text(folder.file(""))->size(), 0);
  EXPECT_EQ(read_text(folder.file("\xef\xbb\xbf"
                                  "a"))
                ->get(0)
                .at("text")
                .get<std::string>(),
            "a");
}

TEST(ReadJsonl, SkipsBlankLinesAndKeepsTheOrderOfNames) {
  Folder folder;
  const auto file = read_jsonl(
      folder.file("\xef\xbb\xbf{\"b\": 1, \"a\": [1, {\"c\": \"x\\ny\"}]}\r\n\n  \n{\"b\": NaN}"));
  ASSERT_EQ(file->size(), 2);
  EXPECT_EQ(file->get(0).dump(), R"({"b":1,"a":[1,{"c":"x\ny"}]})");
  EXPECT_TRUE(std::isnan(file->get(1).at("b").get<double>()));
  EXPECT_EQ(read_jsonl(folder.file("\n\n"))->size(), 0);
}

TEST(ReadJsonl, NamesTheLineThatIsNoObject) {
  Folder folder;
  const auto file = read_jsonl(folder.file("{}\n\n[1, 2]\n{\"a\": 1\n{\"a\": \"\xe9\"}\n"));
  EXPECT_EQ(file->get(0), Record::object());
  EXPECT_EQ(
      folder.error_of<DatasetError>([&] { file->get(1); }),
      "'file', line 3 is no JSON object but array. Write one object a line, {\"name\": value, "
      "...}.");
  EXPECT_TRUE(folder.error_of<DatasetError>([&] { file->get(2); }).starts_with("'file', line 4: "));
  EXPECT_THROW(file->get(3), DatasetError);
}

TEST(ReadCsv, TakesAnotherDelimiterAndNamesAndTypesThatItIsGiven) {
  Folder folder;
  const auto file =
      read_csv(folder.file("01067;1\n;2\n"),
               {.delimiter = ';',
                .column_names = {"code", "n"},
                .column_types = {{"code", ColumnType::text}, {"n", ColumnType::float64}}});
  EXPECT_EQ(Record(all(*file)).dump(), R"([{"code":"01067","n":1.0},{"code":"","n":2.0}])");
}

TEST(ReadCsv, KeepsTheDigitsOfNumbersThatInt64CannotHold) {
  Folder folder;
  const auto file = read_csv(folder.file("a,b\n9223372036854775808,1.5\n1,1e999\n"));
  EXPECT_EQ(Record(all(*file)).dump(),
            R"([{"a":"9223372036854775808","b":"1.5"},{"a":"1","b":"1e999"}])");
}

TEST(ReadCsv, NamesTheLineThatBreaksARule) {
  Folder folder;
  EXPECT_EQ(
      folder.csv_error("a,b\n1,2\n\n1,2,3\n"),
      "'file', line 4 has 3 fields, but there are 2 columns. A field that holds ',' stands in "
      "quotes.");
  EXPECT_EQ(folder.csv_error("a,b\n1,\"2\n3,4\n"),
            "'file', line 2: the quote that opens a field here is never closed. Close it, or write "
            "a quote that belongs to the text twice and the field in quotes.");
  EXPECT_EQ(
      folder.csv_error("a\n\"x\ny\" z\n"),
      "'file', line 3: text follows the quote that closes a field. Write a quote that belongs "
      "to the text twice.");
  EXPECT_EQ(folder.csv_error("a,a\n1,2\n"), "'file' has two columns 'a'.");
  EXPECT_EQ(folder.csv_error("\n\n"),
            "'file' has no header: it is empty. Name the columns (column_names) if that is right.");
  EXPECT_EQ(folder.csv_error("a\nb\n\xe9\n"),
            "'file', line 3 is not UTF-8. Convert the file (iconv -f LATIN1 -t UTF-8).");
  EXPECT_EQ(folder.csv_error("a\n1\nx\n", {.column_types = {{"a", ColumnType::int64}}}),
            "'file', line 3: 'x' in column 'a' is not of type int64.");
}

TEST(ReadCsv, RefusesOptionsThatDoNotFit) {
  Folder folder;
  const auto path = folder.file("a,b\n1,2\n");
  EXPECT_EQ(folder.error_of<InvalidArgumentError>([&] {
    read_csv(path, {.column_types = {{"c", ColumnType::text}}});
  }),
            "column_types names 'c'; the columns of 'file' are 'a', 'b'.");
  EXPECT_EQ(folder.error_of<InvalidArgumentError>([&] { read_csv(path, {.delimiter = '"'}); }),
            "The delimiter of a CSV file can be no quote and no line end.");
}

TEST(ReadCsv, GivesRowsOrAnErrorForAFileCutAnywhere) {
  Folder folder;
  const std::string whole = "a,b\r\n\"x\"\"y\",1\r\n\"two\r\nlines\",\"3\"\r\n";
  std::size_t good = 0;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    SCOPED_TRACE(length);
    const auto path = folder.file(whole.substr(0, length));
    try {
      const auto file = read_csv(path);
      for (const Record& record : all(*file)) EXPECT_EQ(record.size(), length < 3 ? 1U : 2U);
      ++good;
    } catch (const DatasetError&) {
    }
  }
  EXPECT_GT(good, 5U);
  EXPECT_LT(good, whole.size());
}

}  // namespace
}  // namespace torchhub
