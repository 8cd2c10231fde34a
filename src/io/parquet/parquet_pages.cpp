#include <algorithm>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>

#include "io/files/file_reader.h"
#include "io/parquet/parquet_content.h"

namespace tandem {
namespace {

/// One column chunk as Arrow's page reader wants it. It remembers where its last step began, and
/// can leave one step unread.
class ChunkStream : public arrow::io::InputStream {
 public:
  ChunkStream(const FileReader& file, int64_t begin, int64_t end)
      : file_(file), position_(begin), step_(begin), end_(end) {}

  [[nodiscard]] int64_t position() const { return position_; }
  [[nodiscard]] int64_t last_step() const { return step_; }
  void leave_next_unread() { unread_ = true; }

  arrow::Status Close() override { return arrow::Status::OK(); }
  [[nodiscard]] bool closed() const override { return false; }
  [[nodiscard]] arrow::Result<int64_t> Tell() const override { return position_; }

  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    const int64_t count = std::min(bytes, end_ - position_);
    file_.read(static_cast<uint64_t>(position_), out, static_cast<size_t>(count));
    advance(count);
    return count;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    const int64_t count = std::min(bytes, end_ - position_);
    if (unread_) {
      unread_ = false;
      advance(count);
      return std::make_shared<arrow::Buffer>(nullptr, 0);
    }
    std::string content = file_.read(static_cast<uint64_t>(position_), static_cast<size_t>(count));
    advance(count);
    return arrow::Buffer::FromString(std::move(content));
  }
  arrow::Result<std::string_view> Peek(int64_t bytes) override {
    const int64_t count = std::min(bytes, end_ - position_);
    peeked_ = file_.read(static_cast<uint64_t>(position_), static_cast<size_t>(count));
    return std::string_view(peeked_);
  }

 private:
  void advance(int64_t count) {
    step_ = position_;
    position_ += count;
  }

  const FileReader& file_;
  int64_t position_;
  int64_t step_;
  int64_t end_;
  bool unread_ = false;
  std::string peeked_;
};

/// Where the chunk lies, checked against the file.
std::pair<int64_t, int64_t> chunk_range(const parquet::ColumnChunkMetaData& chunk, uint64_t size) {
  int64_t begin = chunk.data_page_offset();
  if (chunk.has_dictionary_page() && chunk.dictionary_page_offset() > 0)
    begin = std::min(begin, chunk.dictionary_page_offset());
  const int64_t bytes = chunk.total_compressed_size();
  const auto whole = static_cast<int64_t>(size);
  if (begin < 0 || bytes < 0 || begin > whole || bytes > whole - begin)
    throw parquet::ParquetException("a column chunk is outside the file");
  return {begin, begin + bytes};
}

class PageFinder {
 public:
  PageFinder(const FileReader& file, std::vector<ParquetPage>& pages)
      : file_(file), pages_(pages) {}

  void add_chunk(const parquet::ColumnChunkMetaData& chunk,
                 const parquet::ColumnDescriptor& descriptor) {
    const std::pair<int64_t, int64_t> range = chunk_range(chunk, file_.size());
    const int64_t begin = range.first;
    const auto stream = std::make_shared<ChunkStream>(file_, begin, range.second);
    const auto reader = parquet::PageReader::Open(stream, chunk.num_values(), chunk.compression(),
                                                  parquet_properties(), descriptor);
    const size_t first = pages_.size();
    uint64_t dictionary_bytes = 0;
    reader->set_data_page_filter([&](const parquet::DataPageStats& stats) {
      stream->leave_next_unread();
      if (pages_.size() > first) end_page(stream->last_step());
      pages_.push_back({.first_row = rows_,
                        .rows = stats.num_values,
                        .offset = static_cast<uint64_t>(stream->last_step()),
                        .dictionary_offset = static_cast<uint64_t>(begin),
                        .dictionary_bytes = dictionary_bytes,
                        .codec = static_cast<int>(chunk.compression())});
      rows_ += stats.num_values;
      return true;
    });
    while (const auto page = reader->NextPage())
      if (page->type() == parquet::PageType::DICTIONARY_PAGE)
        dictionary_bytes = static_cast<uint64_t>(stream->position() - begin);
    if (pages_.size() > first) end_page(stream->position());
  }

  [[nodiscard]] int64_t rows() const { return rows_; }

 private:
  void end_page(int64_t position) {
    pages_.back().bytes = static_cast<uint64_t>(position) - pages_.back().offset;
  }

  const FileReader& file_;
  std::vector<ParquetPage>& pages_;
  int64_t rows_ = 0;
};

}  // namespace

std::vector<ParquetPage> ParquetFile::find_pages(size_t column) const {
  const int leaf = content_->byte_leaves.at(column);
  std::vector<ParquetPage> pages;
  with_parquet_errors(path_, [&] {
    const FileReader file(path_);
    const parquet::FileMetaData& metadata = *content_->metadata;
    PageFinder finder(file, pages);
    int64_t expected = 0;
    for (int group = 0; group < metadata.num_row_groups(); ++group) {
      const auto rows = metadata.RowGroup(group);
      finder.add_chunk(*rows->ColumnChunk(leaf), *metadata.schema()->Column(leaf));
      expected += rows->num_rows();
      if (finder.rows() != expected)
        throw parquet::ParquetException("the pages of a column do not hold its rows");
    }
  });
  return pages;
}

std::vector<std::optional<std::string>> ParquetFile::decode_page(size_t column,
                                                                 const ParquetPage& page,
                                                                 std::string_view dictionary,
                                                                 std::string_view content) const {
  std::vector<std::optional<std::string>> values;
  with_parquet_errors(path_, [&] {
    const parquet::ColumnDescriptor* const descriptor =
        content_->metadata->schema()->Column(content_->byte_leaves.at(column));
    const auto stream = std::make_shared<arrow::io::BufferReader>(
        arrow::Buffer::FromString(std::string(dictionary).append(content)));
    auto pager = parquet::PageReader::Open(stream, page.rows,
                                           static_cast<parquet::Compression::type>(page.codec),
                                           parquet_properties(), *descriptor);
    const auto reader = std::dynamic_pointer_cast<parquet::ByteArrayReader>(
        parquet::ColumnReader::Make(descriptor, std::move(pager), arrow::system_memory_pool()));
    if (reader == nullptr) throw parquet::ParquetException("a column is not of bytes");
    const auto count = static_cast<size_t>(page.rows);
    const int16_t present = descriptor->max_definition_level();
    std::vector<int16_t> levels(count, present);
    std::vector<parquet::ByteArray> found(count);
    while (values.size() < count && reader->HasNext()) {
      int64_t filled = 0;
      const int64_t got = reader->ReadBatch(static_cast<int64_t>(count - values.size()),
                                            levels.data(), nullptr, found.data(), &filled);
      if (got == 0) break;
      for (int64_t i = 0, next = 0; i < got; ++i) {
        values.emplace_back();
        if (levels[static_cast<size_t>(i)] != present || next >= filled) continue;
        const parquet::ByteArray& value = found[static_cast<size_t>(next++)];
        values.back().emplace(reinterpret_cast<const char*>(value.ptr), value.len);
      }
    }
    if (values.size() != count) throw parquet::ParquetException("a page is too short");
  });
  return values;
}

}  // namespace tandem
