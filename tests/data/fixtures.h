#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/data/loader.h"
#include "tandem/data/source.h"

namespace tandem {

void write_text(const std::filesystem::path& path, const std::string& text);
/// Writes a 24 x 20 picture with a pattern that `seed` decides; the format follows from the name.
void write_picture(const std::filesystem::path& path, int seed = 0);
/// Keeps the first `share` of a file.
void cut_file(const std::filesystem::path& path, double share);

/// A small sentencepiece model, trained once per program.
const Tokenizer& small_tokenizer();

/// Opens a source with small pictures.
std::unique_ptr<Source> open(const SourceOptions& options, bool allow_outside_root = false);

/// Changes the working directory while it lives.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::filesystem::path& path);
  ~WorkingDirectory();
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

 private:
  std::filesystem::path before_;
};

/// Samples in memory: pixels follow from index and seed, and `before` may throw for some of them.
class MemorySource : public Source {
 public:
  explicit MemorySource(int64_t count) : count_(count) {}
  [[nodiscard]] int64_t size() const override { return count_; }
  [[nodiscard]] RawSample sample(int64_t index, uint64_t seed) const override;
  [[nodiscard]] std::string key(int64_t index) const override;
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override;
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return classes_; }
  [[nodiscard]] std::string fingerprint() const override { return "memory"; }

  std::function<void(int64_t)> before = {};
  std::function<std::vector<std::string>(int64_t)> captions_of = {};

 private:
  int64_t count_;
  std::vector<std::string> classes_;
};

/// Options for 16-pixel batches of `batch_size`.
LoaderOptions small_batches(int64_t batch_size, int64_t threads = 2);

/// Whether two batches are the same, value for value.
bool same(const Batch& a, const Batch& b);

}  // namespace tandem
