#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace tandem {

/// One sample that was skipped.
struct BadSample {
  std::string key = {};
  std::string reason = {};
  std::string message = {};
  uint64_t epoch = 0;
};

/// Counts the samples that were skipped, lists them in a file and says so in the log. Not
/// thread-safe.
class BadSamples {
 public:
  /// `file` receives one JSON object per sample, after what it already holds; empty for none.
  explicit BadSamples(std::filesystem::path file) : path_(std::move(file)) {}

  /// Throws kCannotCreate and kIo when the file cannot be written.
  void add(const BadSample& sample);

  [[nodiscard]] uint64_t total() const { return total_; }
  [[nodiscard]] const std::map<std::string, uint64_t>& by_reason() const { return by_reason_; }
  /// "9 missing file, 1 truncated JPEG (for instance: …; …; …)".
  [[nodiscard]] std::string summary() const;

 private:
  void list(const BadSample& sample);
  void report(const BadSample& sample) const;

  std::filesystem::path path_;
  std::ofstream file_;
  uint64_t total_ = 0;
  std::map<std::string, uint64_t> by_reason_;
  std::vector<std::string> examples_;
};

}  // namespace tandem
