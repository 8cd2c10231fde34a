#include "data/fixtures.h"

#include <fstream>

#include <torch/types.h>
#include <opencv2/imgcodecs.hpp>

#include "tandem/core/random.h"

namespace tandem {
namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void write_picture(const fs::path& path, int seed) {
  cv::Mat picture(20, 24, CV_8UC3);
  Random random(static_cast<uint64_t>(seed));
  const int shade = static_cast<int>(random.below(128));
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x)
      picture.at<cv::Vec3b>(y, x) =
          cv::Vec3b(static_cast<uint8_t>(shade + 4 * x), static_cast<uint8_t>(shade + 5 * y),
                    static_cast<uint8_t>(random.below(40)));
  ASSERT_TRUE(cv::imwrite(path.string(), picture));
}

void cut_file(const fs::path& path, double share) {
  fs::resize_file(path, static_cast<uintmax_t>(static_cast<double>(fs::file_size(path)) * share));
}

const Tokenizer& small_tokenizer() {
  static const Tokenizer kTokenizer = [] {
    const auto source = open({.kind = SourceKind::kShapes, .shapes = {.count = 400}});
    return train_tokenizer(collect_captions(*source, 400), {.train_vocab_size = 100});
  }();
  return kTokenizer;
}

std::unique_ptr<Source> open(const SourceOptions& options, bool allow_outside_root) {
  return open_source(options, {.allow_outside_root = allow_outside_root, .image_size = 16});
}

WorkingDirectory::WorkingDirectory(const fs::path& path) : before_(fs::current_path()) {
  fs::current_path(path);
}
WorkingDirectory::~WorkingDirectory() { fs::current_path(before_); }

RawSample MemorySource::sample(int64_t index, uint64_t seed) const {
  if (before) before(index);
  RawSample sample{.key = key(index), .image = Image(20, 18), .captions = captions(index)};
  Random random(mix_seed({seed, static_cast<uint64_t>(index)}));
  for (uint8_t& value : sample.image.pixels) value = static_cast<uint8_t>(random.next());
  return sample;
}

std::string MemorySource::key(int64_t index) const { return "memory/" + std::to_string(index); }

std::vector<std::string> MemorySource::captions(int64_t index) const {
  if (captions_of) return captions_of(index);
  return {"a red circle"};
}

LoaderOptions small_batches(int64_t batch_size, int64_t threads) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.image_size = 16;
  options.context_length = 32;
  options.seed = 7;
  options.threads = threads;
  options.max_bad_ratio = 1.0;
  return options;
}

bool same(const Batch& a, const Batch& b) {
  return torch::equal(a.images, b.images) && torch::equal(a.tokens.ids, b.tokens.ids) &&
         torch::equal(a.tokens.cu_seqlens, b.tokens.cu_seqlens) &&
         a.tokens.max_length == b.tokens.max_length && a.keys == b.keys && a.indices == b.indices &&
         torch::equal(a.image_groups, b.image_groups) &&
         torch::equal(a.text_groups, b.text_groups) && a.next_position == b.next_position;
}

}  // namespace tandem
