#include "data/manifest/parquet_pictures.h"

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

constexpr size_t kCacheBytes = size_t{256} << 20;

using Values = std::vector<std::optional<std::string>>;

size_t bytes_of(const Values& values) {
  size_t bytes = 0;
  for (const auto& value : values) bytes += value ? value->size() : 0;
  return bytes;
}

}  // namespace

/// Decoded pages, those used last in front.
class ParquetPictures::Cache {
 public:
  using Key = std::pair<size_t, size_t>;  // part, page

  std::shared_ptr<const Values> find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    pages_.splice(pages_.begin(), pages_, found->second);
    return found->second->values;
  }

  void keep(const Key& key, std::shared_ptr<const Values> values) {
    const size_t bytes = bytes_of(*values);
    const std::lock_guard lock(mutex_);
    if (bytes > kCacheBytes || places_.count(key) != 0) return;
    pages_.push_front({key, std::move(values), bytes});
    places_[key] = pages_.begin();
    bytes_ += bytes;
    while (bytes_ > kCacheBytes) {
      bytes_ -= pages_.back().bytes;
      places_.erase(pages_.back().key);
      pages_.pop_back();
    }
  }

 private:
  struct Page {
    Key key;
    std::shared_ptr<const Values> values;
    size_t bytes;
  };
  std::mutex mutex_;
  std::list<Page> pages_;
  std::map<Key, std::list<Page>::iterator> places_;
  size_t bytes_ = 0;
};

ParquetPictures::ParquetPictures(std::vector<ParquetPart> parts)
    : parts_(std::move(parts)), cache_(std::make_unique<Cache>()) {
  std::vector<std::filesystem::path> paths;
  std::vector<FileStamp> stamps;
  int64_t rows = 0;
  for (const ParquetPart& part : parts_) {
    paths.push_back(part.path);
    stamps.push_back(part.stamp);
    first_rows_.push_back(rows);
    rows += part.file.rows();
  }
  files_ = std::make_unique<ShardFiles>(std::move(paths), std::move(stamps));
}

ParquetPictures::~ParquetPictures() = default;

size_t ParquetPictures::part_of(int64_t row) const {
  const auto after = std::upper_bound(first_rows_.begin(), first_rows_.end(), row);
  return static_cast<size_t>(after - first_rows_.begin()) - 1;
}

std::optional<std::string> ParquetPictures::read(int64_t row) const {
  const size_t index = part_of(row);
  const ParquetPart& part = parts_[index];
  const int64_t local = row - first_rows_[index];
  const auto after = std::upper_bound(
      part.pages.begin(), part.pages.end(), local,
      [](int64_t value, const ParquetPage& page) { return value < page.first_row; });
  const auto page = std::prev(after);
  const Cache::Key key{index, static_cast<size_t>(page - part.pages.begin())};
  auto values = cache_->find(key);
  if (values == nullptr) {
    const std::string dictionary =
        page->dictionary_bytes == 0
            ? std::string()
            : files_->read(index, page->dictionary_offset, page->dictionary_bytes);
    const std::string content = files_->read(index, page->offset, page->bytes);
    try {
      values = std::make_shared<const Values>(
          part.file.decode_page(part.column, *page, dictionary, content));
    } catch (const Error& error) {
      ErrorText text = error.text();
      text.reason = "damaged member";
      throw Error(ErrorKind::kData, std::move(text));
    }
    cache_->keep(key, values);
  }
  return (*values)[static_cast<size_t>(local - page->first_row)];
}

std::string ParquetPictures::name(int64_t row) const {
  const size_t index = part_of(row);
  return fmt::format("{}:{}", parts_[index].path.string(), row - first_rows_[index] + 1);
}

std::string ParquetPictures::hash() const {
  std::string places;
  for (const ParquetPart& part : parts_)
    for (const ParquetPage& page : part.pages)
      places += fmt::format("{} {} {};", page.rows, page.offset, page.bytes);
  return content_hash(places);
}

}  // namespace tandem
