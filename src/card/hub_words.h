#pragma once

#include <string_view>

namespace torchhub::card {

/// A license id of the Hub's list (hub-docs, repositories-licenses), `other` included.
bool is_license(std::string_view id);

/// An ISO 639-1 code, three letters, or `code` or `multilingual`.
bool is_language(std::string_view code);

/// A task that the Hub has a page for.
bool is_task(std::string_view tag);

/// How many rows a data set has, as the Hub writes it: "1K<n<10K".
bool is_size_category(std::string_view word);

/// How a data set's texts or annotations came about.
bool is_creator(std::string_view word);

/// "monolingual" and such.
bool is_multilinguality(std::string_view word);

}  // namespace torchhub::card
