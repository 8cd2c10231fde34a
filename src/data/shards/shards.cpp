#include "tandem/data/shards.h"
#include "tandem/core/error.h"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "data/shards/shard_set.h"
#include "data/shards/tar_index.h"
#include "data/stream/parallel.h"
#include "io/tar/tar_writer.h"
#include "tandem/core/files.h"
#include "tandem/text/tokenizer.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kReadAtOnce = 256;

/// The members of one sample, or why it is left out.
struct Packed {
  std::string members = {};
  std::string reason = {};
};

const char* extension_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg: return "jpg";
    case ImageFormat::kPng: return "png";
    case ImageFormat::kWebp: return "webp";
    case ImageFormat::kBmp: return "bmp";
    case ImageFormat::kUnknown: break;
  }
  return nullptr;
}

std::string json_of(const Source& source, int64_t index, const std::vector<std::string>& captions,
                    const std::string& caption_key) {
  nlohmann::ordered_json object;
  object["key"] = source.key(index);
  object[caption_key] = captions;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string members_of(const Source& source, int64_t index, const ShardOptions& options) {
  const std::string picture = source.picture_file(index, 0);
  const ImageHeader header = sniff_image(picture);
  const char* extension = extension_of(header.format);
  if (extension == nullptr)
    throw Error(ErrorKind::kData,
                {.what = "is not an image", .found = header.found, .reason = "not an image"});
  std::vector<std::string> captions = source.captions(index);
  std::erase_if(captions, [](const std::string& each) { return clean_caption(each).empty(); });
  if (captions.empty())
    throw Error(ErrorKind::kData,
                ErrorText{.what = "the caption is empty", .reason = "empty caption"});
  const std::string key = fmt::format("{:09}", index);
  std::string members = tar_member(key + "." + extension, picture);
  const int64_t label = source.class_of(index);
  if (label >= 0) members += tar_member(key + ".cls", std::to_string(label));
  if (captions.size() > 1)
    members += tar_member(key + ".json", json_of(source, index, captions, options.caption_key));
  return members + tar_member(key + ".txt", captions[0]);
}

Packed pack(const Source& source, int64_t index, const ShardOptions& options) {
  try {
    return {.members = members_of(source, index, options)};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData && error.kind() != ErrorKind::kMissingInput) throw;
    return {.reason = std::string(error.reason())};
  }
}

void write_whole(const fs::path& path, const std::string& content) {
  FileWriter writer(path);
  writer.write(content);
  writer.commit();
}

/// Writes samples one after the other into as many shards as it takes.
class ShardWriter {
 public:
  ShardWriter(fs::path folder, const ShardOptions& options)
      : folder_(std::move(folder)), options_(options) {}

  void add(const std::string& members) {
    const auto bytes = static_cast<int64_t>(members.size());
    const bool full = samples_ >= options_.max_samples || bytes_ + bytes > options_.max_bytes;
    if (writer_ && full && samples_ > 0) close();
    if (!writer_) writer_ = std::make_unique<FileWriter>(folder_ / name());
    writer_->write(members);
    bytes_ += bytes;
    ++samples_;
  }

  /// Returns the number of shards.
  int64_t finish() {
    if (writer_) close();
    write_whole(folder_ / "sizes.json", sizes_.dump(1) + "\n");
    return shards_;
  }

 private:
  [[nodiscard]] std::string name() const { return fmt::format("{:05}.tar", shards_); }
  void close() {
    writer_->write(tar_end());
    writer_->commit();
    writer_.reset();
    sizes_[name()] = samples_;
    ++shards_;
    samples_ = 0;
    bytes_ = 0;
  }

  fs::path folder_;
  ShardOptions options_;
  std::unique_ptr<FileWriter> writer_;
  nlohmann::ordered_json sizes_ = nlohmann::ordered_json::object();
  int64_t shards_ = 0;
  int64_t samples_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace

ShardSummary write_shards(const Source& source, const fs::path& folder,
                          const ShardOptions& options) {
  require_new_folder(folder);
  AtomicDirectory staging(folder);
  ShardWriter writer(staging.path(), options);
  ShardSummary summary;
  for (int64_t first = 0; first < source.size(); first += kReadAtOnce) {
    std::vector<Packed> packed(static_cast<size_t>(std::min(kReadAtOnce, source.size() - first)));
    parallel_for(static_cast<int64_t>(packed.size()), options.threads, [&](int64_t i) {
      packed[static_cast<size_t>(i)] = pack(source, first + i, options);
    });
    for (const Packed& each : packed) {
      if (each.reason.empty()) {
        writer.add(each.members);
        ++summary.samples;
      } else {
        ++summary.left_out[each.reason];
      }
    }
  }
  if (summary.samples == 0)
    throw Error(ErrorKind::kData, {.what = "no sample can be packed", .where = folder.string()});
  summary.shards = writer.finish();
  if (!source.class_names().empty())
    write_whole(staging.path() / "classes.txt",
                fmt::format("{}\n", fmt::join(source.class_names(), "\n")));
  staging.commit();
  return summary;
}

std::vector<fs::path> index_shards(const SourceOptions& options, const SourceContext& context) {
  if (options.kind != SourceKind::kWds) {
    throw Error(ErrorKind::kConfig,
                {.what = "only tar shards have an index", .where = "kind", .expected = "wds"});
  }
  std::vector<fs::path> shards = shard_paths(options, context);
  parallel_for(static_cast<int64_t>(shards.size()), 0, [&](int64_t i) {
    const fs::path& shard = shards[static_cast<size_t>(i)];
    save_index(shard, scan_tar(shard, true));
  });
  return shards;
}

}  // namespace tandem
