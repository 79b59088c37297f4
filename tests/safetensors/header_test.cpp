#include "torchhub/safetensors/header.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace torchhub {
namespace {

using safetensors::Dtype;
using safetensors::Header;
using Code = SafetensorsError::Code;

std::string length_of(std::uint64_t length) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>((length >> (8 * i)) & 0xFF);
  return bytes;
}

std::string file_of(const std::string& json, std::size_t data_bytes) {
  return length_of(json.size()) + json + std::string(data_bytes, '\0');
}

Header parse(const std::string& file, bool lenient = false) {
  return safetensors::parse_header(std::as_bytes(std::span(file)), file.size(), "x.safetensors",
                                   {.lenient = lenient});
}

/// The error that `file` gives; fails the test if it gives none.
SafetensorsError error_of(const std::string& file) {
  try {
    parse(file);
  } catch (const SafetensorsError& error) {
    return error;
  }
  ADD_FAILURE() << "was accepted: " << file.substr(0, 200);
  return {Code::not_json, "", "", ""};
}

Code code_of(const std::string& json, std::size_t data_bytes) {
  return error_of(file_of(json, data_bytes)).code();
}

std::string entry(const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

/// What each broken golden file breaks. Quirks are what the reference takes and we do not.
const std::map<std::string, Code> kRefused = {
    {"bad-dtype", Code::unknown_dtype},
    {"bad-empty-file", Code::file_too_short},
    {"bad-f4-odd", Code::partial_byte},
    {"bad-float-shape", Code::bad_shape},
    {"bad-garbage-in-header", Code::not_json},
    {"bad-header-len-huge", Code::header_too_large},
    {"bad-header-len-over-100MB", Code::header_too_large},
    {"bad-header-len-past-end", Code::header_past_end},
    {"bad-hole", Code::not_contiguous},
    {"bad-json", Code::not_json},
    {"bad-metadata-not-string", Code::metadata_not_text},
    {"bad-missing-field", Code::bad_field},
    {"bad-negative", Code::bad_shape},
    {"bad-not-object", Code::not_json},
    {"bad-overflow", Code::shape_overflow},
    {"bad-overlap", Code::not_contiguous},
    {"bad-reversed", Code::reversed_offsets},
    {"bad-seven-bytes", Code::file_too_short},
    {"bad-short-data", Code::wrong_file_size},
    {"bad-size-mismatch", Code::size_mismatch},
    {"bad-start", Code::not_contiguous},
    {"bad-trailing", Code::wrong_file_size},
    {"bad-utf8", Code::not_utf8},
    {"quirk-dup-key", Code::duplicate_key},
    {"quirk-dup-metadata-key", Code::duplicate_key},
    {"quirk-leading-space", Code::leading_whitespace},
};

using Listed = std::set<std::tuple<std::string, std::string, std::vector<std::int64_t>>>;

Listed listed(const Header& header) {
  Listed tensors;
  for (const auto& tensor : header.tensors) {
    tensors.emplace(tensor.name, to_string(tensor.dtype), tensor.shape);
  }
  return tensors;
}

Listed listed(const nlohmann::json& verdict) {
  Listed tensors;
  for (const auto& tensor : verdict.at("tensors")) {
    tensors.emplace(tensor.at(0).get<std::string>(), tensor.at(1).get<std::string>(),
                    tensor.at(2).get<std::vector<std::int64_t>>());
  }
  return tensors;
}

TEST(SafetensorsHeader, JudgesEachGoldenFileAsTheReferenceDid) {
  const auto index = nlohmann::json::parse(testing::golden("safetensors/index.json"));
  ASSERT_EQ(index.at("files").size(), 36U);
  for (const auto& [name, verdict] : index.at("files").items()) {
    SCOPED_TRACE(name);
    const std::string file = testing::golden("safetensors/" + name);
    const std::string stem = name.substr(0, name.find('.'));
    if (const auto refused = kRefused.find(stem); refused != kRefused.end()) {
      EXPECT_EQ(error_of(file).code(), refused->second);
    } else {
      EXPECT_EQ(listed(parse(file)), listed(verdict));
    }
    // What only our stricter reading refuses is taken when lenient, and nothing more.
    if (verdict.at("accepted")) {
      EXPECT_EQ(listed(parse(file, true)), listed(verdict));
    } else {
      EXPECT_THROW(parse(file, true), SafetensorsError);
    }
  }
}

TEST(SafetensorsHeader, NamesFileTensorAndRuleInItsMessage) {
  const std::string file = file_of(entry("[3]", "[0,8]"), 8);
  EXPECT_STREQ(error_of(file).what(),
               "Cannot use 'x.safetensors': tensor 'a': shape [3] of F32 takes 12 bytes, "
               "data_offsets span 8. The file is damaged or not in safetensors format; download or "
               "write it again.");
  EXPECT_EQ(error_of(file).tensor(), "a");
  EXPECT_EQ(error_of(file).source(), "x.safetensors");
}

TEST(SafetensorsHeader, SaysForEachRuleWhatIsWrong) {
  const auto said = [](const std::string& json, std::size_t data) {
    const std::string text = error_of(file_of(json, data)).what();
    const std::string head = "Cannot use 'x.safetensors': ";
    return text.substr(head.size(), text.find(". ") - head.size());
  };
  EXPECT_EQ(said("[1]", 0), "the header is a list, not an object");
  EXPECT_EQ(said("7", 0), "the header is not a JSON object");
  EXPECT_EQ(said(" {}", 0), "the header starts with a blank");
  EXPECT_EQ(said(R"({"a":1})", 0), "tensor 'a': its entry is a number, not an object");
  EXPECT_EQ(said(R"({"a":{}})", 0), "tensor 'a': dtype is missing");
  EXPECT_EQ(said(R"({"__metadata__":{"k":{}}})", 0), "__metadata__ 'k' is an object, not text");
  EXPECT_EQ(said(R"({"__metadata__":3})", 0), "__metadata__ is a number, not an object");
  EXPECT_EQ(said(R"({"__metadata__":{"k":"","k":""}})", 0), "__metadata__ holds 'k' twice");
  EXPECT_EQ(said(R"({"a":{"dtype":"F32","dtype":"F32"}})", 0),
            "tensor 'a': it holds 'dtype' twice");
  EXPECT_EQ(said(entry("[-1]", "[0,4]"), 4),
            "tensor 'a': shape holds a negative number; sizes are whole and not negative");
  EXPECT_EQ(said(entry("[1]", "[0,4,4]"), 4),
            "tensor 'a': data_offsets holds 3 numbers instead of 2");
  EXPECT_EQ(said(entry("[1]", "[4,0]"), 4), "tensor 'a': data_offsets [4, 0] run backwards");
  EXPECT_EQ(said(entry("[1]", "[4,8]"), 8),
            "tensor 'a': begins at 4, where 0 was due: there is a hole");
  EXPECT_EQ(said(entry("[1]", "[0,4]"), 9), "the tensors take 4 bytes, the file holds 9 for them");
  EXPECT_EQ(said(entry("[3]", "[0,2]", "F4"), 2),
            "tensor 'a': shape [3] of F4 does not end at the end of a byte");
}

TEST(SafetensorsHeader, ListsTheKnownDtypesForAnUnknownOne) {
  const std::string text = error_of(file_of(entry("[1]", "[0,4]", "Q9"), 4)).what();
  EXPECT_NE(text.find("unknown dtype 'Q9'; known are BOOL, F4, F6_E2M3"), std::string::npos)
      << text;
}

TEST(SafetensorsHeader, RefusesFieldsOfTheWrongKind) {
  EXPECT_EQ(code_of(R"({"a":{"dtype":1,"shape":[],"data_offsets":[0,4]}})", 4), Code::bad_field);
  EXPECT_EQ(code_of(R"({"a":{"dtype":["F32"],"shape":[],"data_offsets":[0,4]}})", 4),
            Code::bad_field);
  EXPECT_EQ(code_of(entry("4", "[0,4]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("{}", "[0,4]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("[[1]]", "[0,4]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("[\"1\"]", "[0,4]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("[null]", "[0,4]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("[1]", "[0,4.0]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("[1]", "[-1,3]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("[1]", "[]"), 4), Code::bad_field);
  EXPECT_EQ(code_of(entry("[1]", "\"\""), 4), Code::bad_field);
  EXPECT_EQ(code_of(R"({"a":["F32",[],[0,4]]})", 4), Code::bad_field);
  EXPECT_EQ(code_of(R"({"a":null})", 0), Code::bad_field);
  EXPECT_EQ(code_of(R"({"__metadata__":{"a":null}})", 0), Code::metadata_not_text);
  EXPECT_EQ(code_of(R"({"__metadata__":[]})", 0), Code::metadata_not_text);
}

TEST(SafetensorsHeader, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(code_of(entry("[9223372036854775808]", "[0,4]"), 4), Code::shape_overflow);
  EXPECT_EQ(code_of(entry("[18446744073709551616]", "[0,4]"), 4), Code::bad_shape);
  EXPECT_EQ(code_of(entry("[4611686018427387904,4,0]", "[0,0]"), 0), Code::shape_overflow);
  EXPECT_EQ(code_of(entry("[1152921504606846976]", "[0,4]"), 4), Code::shape_overflow);
  EXPECT_EQ(code_of(entry("[1]", "[18446744073709551612,18446744073709551615]"), 4),
            Code::size_mismatch);
  EXPECT_EQ(code_of(entry("[1]", "[18446744073709551611,18446744073709551615]"), 4),
            Code::not_contiguous);
  EXPECT_EQ(code_of(entry("[1]", "[0,18446744073709551616]"), 4), Code::bad_field);
}

TEST(SafetensorsHeader, StopsAtDeepNesting) {
  const auto nested = [](int depth) {
    return R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":)" +
           std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}}";
  };
  EXPECT_NO_THROW(parse(file_of(nested(6), 4)));
  EXPECT_EQ(code_of(nested(7), 4), Code::too_deep);
  EXPECT_EQ(code_of(nested(1'000'000), 4), Code::too_deep);
}

TEST(SafetensorsHeader, SkipsFieldsItDoesNotKnow) {
  const Header header = parse(file_of(
      R"({"a":{"x":{"dtype":"Q","shape":[-1],"y":[{}]},"dtype":"F32","z":-1.5,"shape":[],"data_offsets":[0,4]}})",
      4));
  ASSERT_EQ(header.tensors.size(), 1U);
  EXPECT_EQ(header.tensors[0].dtype, Dtype::F32);
  EXPECT_TRUE(header.tensors[0].shape.empty());
}

TEST(SafetensorsHeader, TakesTheLastOfTwoWhenLenient) {
  const std::string file = file_of(
      R"( {"__metadata__":{"k":"1","k":"2"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]},"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}})",
      8);
  const Header header = parse(file, true);
  ASSERT_EQ(header.tensors.size(), 2U);
  EXPECT_EQ(header.tensors[0].dtype, Dtype::I32);
  EXPECT_EQ(header.metadata.at("k"), "2");
}

TEST(SafetensorsHeader, GivesTensorsInTheOrderOfTheirBytes) {
  const Header header = parse(testing::golden("safetensors/ok-any-order.safetensors"));
  ASSERT_EQ(header.tensors.size(), 2U);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[1].begin, 4U);
}

TEST(SafetensorsHeader, IsReadFromTheHeadOfAFileAlone) {
  const std::string file = testing::golden("safetensors/all-dtypes.safetensors");
  const auto bytes = std::as_bytes(std::span(file));
  const std::uint64_t end = safetensors::header_end(bytes.first(8), file.size(), "x");
  const Header header = safetensors::parse_header(bytes.first(end), file.size(), "x");
  EXPECT_EQ(header, parse(file));
  EXPECT_EQ(header.metadata.at("note"), "café");
  EXPECT_THROW(safetensors::parse_header(bytes.first(end - 1), file.size(), "x"), SafetensorsError);
}

TEST(SafetensorsHeader, RefusesAFileCutAtAnyByte) {
  const std::string file = testing::golden("safetensors/all-dtypes.safetensors");
  for (std::size_t size = 0; size < file.size(); ++size) {
    SCOPED_TRACE(size);
    EXPECT_THROW(parse(file.substr(0, size)), SafetensorsError);
  }
}

TEST(SafetensorsHeader, SurvivesAnyChangedByte) {
  // Every byte of a header replaced by each of some telling values: an error or a sound header.
  const std::string file = testing::golden("safetensors/all-dtypes.safetensors");
  const std::size_t header = parse(file).data_start;
  for (std::size_t at = 0; at < header; ++at) {
    for (const char value : {'\0', '"', '{', '}', '[', ']', ',', ':', '-', '9', '\\', '\xff'}) {
      std::string changed = file;
      changed[at] = value;
      try {
        const Header read = parse(changed);
        for (const auto& tensor : read.tensors)
          ASSERT_LE(read.data_start + tensor.end, file.size());
      } catch (const SafetensorsError&) {
      }
    }
  }
}

TEST(SafetensorsHeader, IsEncodedAsItWasRead) {
  for (const char* name : {"written", "no-metadata", "no-tensors"}) {
    SCOPED_TRACE(name);
    const std::string file = testing::golden(std::string("safetensors/") + name + ".safetensors");
    const Header header = parse(file);
    EXPECT_EQ(safetensors::encode_header(header), file.substr(0, header.data_start));
  }
}

TEST(SafetensorsHeader, DoesNotEncodeNamesThatAreNotUtf8) {
  Header header;
  header.tensors.push_back({"a\xff", Dtype::F32});
  EXPECT_THROW(safetensors::encode_header(header), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
