#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "clip_caption/record.h"
#include "common/records/unfinished_lines.h"

namespace tandem::apps {

/// The records of an output that is being written. They are kept in the file OUTPUT.unfinished, one
/// line each. A program that was stopped reads them again and makes only the missing captions.
class UnfinishedOutput {
 public:
  /// `identity` names everything that the captions follow from, `images` among it. Throws kUsage
  /// when the file belongs to another identity, kData when it is damaged, kCannotCreate and kIo.
  UnfinishedOutput(const std::filesystem::path& output, const std::string& identity,
                   const std::vector<std::filesystem::path>& images);

  /// The records so far, in the order of the images.
  [[nodiscard]] const std::vector<CaptionRecord>& records() const { return records_; }
  void add(CaptionRecord record);
  /// Writes all records to the output in `format` and removes the file. Throws kIo.
  void finish(const std::string& format);

 private:
  std::filesystem::path output_;
  std::filesystem::path path_;
  UnfinishedLines lines_;
  std::vector<CaptionRecord> records_;
};

}  // namespace tandem::apps
