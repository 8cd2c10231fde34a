#include "io/parquet/parquet_file.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/util/config.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>

#include "io/files/file_reader.h"
#include "io/parquet/parquet_content.h"

namespace tandem {
namespace {

constexpr int64_t kBatchRows = 4096;
constexpr size_t kShownBytes = 160;

bool is_text(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY)
    return is_text(*static_cast<const arrow::DictionaryType&>(type).value_type());
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
         type.id() == arrow::Type::STRING_VIEW;
}

bool is_bytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY || type.id() == arrow::Type::LARGE_BINARY ||
         type.id() == arrow::Type::BINARY_VIEW;
}

bool is_text_list(const arrow::DataType& type) {
  return (type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST) &&
         is_text(*type.field(0)->type());
}

bool is_picture(const arrow::DataType& type) {
  if (type.id() != arrow::Type::STRUCT) return false;
  const auto bytes = static_cast<const arrow::StructType&>(type).GetFieldByName("bytes");
  return bytes != nullptr && is_bytes(*bytes->type());
}

ParquetKind kind_of(const arrow::DataType& type) {
  if (is_text(type)) return ParquetKind::kText;
  if (is_text_list(type)) return ParquetKind::kTextList;
  if (is_bytes(type)) return ParquetKind::kBytes;
  return is_picture(type) ? ParquetKind::kPicture : ParquetKind::kOther;
}

void add_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const auto& child : field.children) add_leaves(child, leaves);
}

/// The leaf of a struct's member, -1 where there is none.
int member_leaf(const parquet::arrow::SchemaField& field, const std::string& name) {
  for (const auto& child : field.children)
    if (child.field->name() == name && child.is_leaf()) return child.column_index;
  return -1;
}

/// Adds the strings of row `i`; a null adds none.
void add_cell(const arrow::Array& array, int64_t i, ParquetCell& cell) {
  if (array.IsNull(i)) return;
  const auto add = [&](const auto& strings) { cell.emplace_back(strings.GetView(i)); };
  const auto add_list = [&](const auto& list) {
    for (int64_t each = list.value_offset(i); each < list.value_offset(i + 1); ++each)
      add_cell(*list.values(), each, cell);
  };
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return add(static_cast<const arrow::BinaryArray&>(array));
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: return add(static_cast<const arrow::LargeBinaryArray&>(array));
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW: return add(static_cast<const arrow::BinaryViewArray&>(array));
    case arrow::Type::LIST: return add_list(static_cast<const arrow::ListArray&>(array));
    case arrow::Type::LARGE_LIST: return add_list(static_cast<const arrow::LargeListArray&>(array));
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      return add_cell(*coded.dictionary(), coded.GetValueIndex(i), cell);
    }
    case arrow::Type::STRUCT: {
      const auto path = static_cast<const arrow::StructArray&>(array).GetFieldByName("path");
      if (path != nullptr) add_cell(*path, i, cell);
      return;
    }
    default: return;
  }
}

/// By its first bytes, before Arrow looks for the footer at the end.
void require_parquet(const std::filesystem::path& path) {
  const FileReader file(path);
  const std::string mark = file.read(0, std::min<uint64_t>(file.size(), 4));
  if (mark == "PAR1") return;
  throw Error(ErrorKind::kData,
              {.what = mark == "PARE" ? "is an encrypted Parquet file" : "is not a Parquet file",
               .where = path.string()});
}

std::unique_ptr<parquet::arrow::FileReader> open_reader(
    const std::filesystem::path& path, std::shared_ptr<parquet::FileMetaData> metadata) {
  parquet::ArrowReaderProperties options(false);  // one thread
  options.set_batch_size(kBatchRows);
  options.set_pre_buffer(false);
  PARQUET_ASSIGN_OR_THROW(
      auto file, arrow::io::ReadableFile::Open(path.string(), arrow::system_memory_pool()));
  auto reader = parquet::ParquetFileReader::Open(file, parquet_properties(), std::move(metadata));
  PARQUET_ASSIGN_OR_THROW(
      auto opened,
      parquet::arrow::FileReader::Make(arrow::system_memory_pool(), std::move(reader), options));
  return opened;
}

}  // namespace

void fail_parquet(const std::filesystem::path& path, const char* words) {
  std::string found(words);
  found.resize(std::min({found.size(), found.find('\n'), kShownBytes}));
  throw Error(ErrorKind::kData, {.what = "the Parquet file is damaged or not supported",
                                 .where = path.string(),
                                 .found = std::move(found)});
}

bool has_parquet() { return true; }

ParquetFile::ParquetFile(std::filesystem::path path)
    : path_(std::move(path)), content_(std::make_unique<Content>()) {
  require_parquet(path_);
  with_parquet_errors(path_, [&] {
    const auto reader = open_reader(path_, nullptr);
    content_->metadata = reader->parquet_reader()->metadata();
    for (const auto& field : reader->manifest().schema_fields) {
      const ParquetKind kind = kind_of(*field.field->type());
      std::vector<int> leaves;
      if (kind == ParquetKind::kPicture) {
        if (const int path_leaf = member_leaf(field, "path"); path_leaf >= 0) leaves = {path_leaf};
      } else if (kind != ParquetKind::kOther) {
        add_leaves(field, leaves);
      }
      content_->columns.push_back({field.field->name(), kind, field.field->type()->ToString()});
      content_->text_leaves.push_back(leaves);
      content_->byte_leaves.push_back(kind == ParquetKind::kPicture ? member_leaf(field, "bytes")
                                      : kind == ParquetKind::kBytes ? field.column_index
                                                                    : -1);
    }
  });
}

ParquetFile::~ParquetFile() = default;
ParquetFile::ParquetFile(ParquetFile&&) noexcept = default;
ParquetFile& ParquetFile::operator=(ParquetFile&&) noexcept = default;

int64_t ParquetFile::rows() const { return content_->metadata->num_rows(); }
const std::vector<ParquetColumn>& ParquetFile::columns() const { return content_->columns; }

void ParquetFile::read_texts(const std::vector<size_t>& columns, const VisitRow& visit) const {
  std::vector<int> leaves;
  std::vector<int> places(columns.size(), -1);  // in the batches, which lack columns without leaves
  int next = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& own = content_->text_leaves[columns[i]];
    if (!own.empty()) places[i] = next++;
    leaves.insert(leaves.end(), own.begin(), own.end());
  }
  int64_t visited = 0;
  with_parquet_errors(path_, [&] {
    const auto reader = open_reader(path_, content_->metadata);
    std::vector<int> groups(static_cast<size_t>(content_->metadata->num_row_groups()));
    for (size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int>(i);
    PARQUET_ASSIGN_OR_THROW(const auto batches, reader->GetRecordBatchReader(groups, leaves));
    std::shared_ptr<arrow::RecordBatch> batch;
    for (;;) {
      PARQUET_THROW_NOT_OK(batches->ReadNext(&batch));
      if (batch == nullptr) break;
      for (int64_t row = 0; row < batch->num_rows(); ++row, ++visited) {
        std::vector<ParquetCell> cells(columns.size());
        for (size_t i = 0; i < places.size(); ++i)
          if (places[i] >= 0) add_cell(*batch->column(places[i]), row, cells[i]);
        visit(cells);
      }
    }
  });
  if (visited != rows()) fail_parquet(path_, fmt::format("{} of {} rows", visited, rows()).c_str());
}

}  // namespace tandem
