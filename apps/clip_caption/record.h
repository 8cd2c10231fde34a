#pragma once

#include <string>
#include <string_view>

#include "tandem/inference/caption.h"

namespace tandem::apps {

/// What is said about one image: its caption, or why it could not be used.
struct CaptionRecord {
  std::string image = {};
  Caption caption = {};
  std::string error = {};   ///< Empty when the image could be used.
  bool is_missing = false;  ///< With an error: whether the image is not there, rather than damaged.
};

/// Returns a record in `format`: text (image, tab, caption), jsonl, or csv, with its line end. An
/// image that could not be used has no line of text.
[[nodiscard]] std::string record_line(const CaptionRecord& record, std::string_view format);
/// Returns what stands before the first record; empty for text and jsonl.
[[nodiscard]] std::string record_header(std::string_view format);

/// Returns the record of a line that record_line has written as jsonl. Throws kData.
[[nodiscard]] CaptionRecord parse_record(const std::string& line);

}  // namespace tandem::apps
