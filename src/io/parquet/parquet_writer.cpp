#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include "io/parquet/parquet_content.h"
#include "tandem/core/files.h"
#include "tandem/io/parquet.h"

namespace tandem {
namespace {

constexpr int64_t kGroupRows = 100'000;

/// Arrow's writer over ours, which checks every write and names the file in its errors.
class FileStream : public arrow::io::OutputStream {
 public:
  explicit FileStream(FileWriter& writer) : writer_(writer) {}
  arrow::Status Close() override { return arrow::Status::OK(); }
  [[nodiscard]] bool closed() const override { return false; }
  [[nodiscard]] arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Write(const void* data, int64_t bytes) override {
    writer_.write(data, static_cast<size_t>(bytes));
    position_ += bytes;
    return arrow::Status::OK();
  }
  using arrow::io::OutputStream::Write;

 private:
  FileWriter& writer_;
  int64_t position_ = 0;
};

}  // namespace

struct ParquetWriter::Content {
  Content(const std::filesystem::path& file, const std::vector<std::string>& names)
      : path(file), output(file), stream(std::make_shared<FileStream>(output)) {
    std::vector<std::shared_ptr<arrow::Field>> fields;
    for (const std::string& name : names) fields.push_back(arrow::field(name, arrow::utf8()));
    schema = arrow::schema(fields);
    columns.resize(names.size());
    const auto properties =
        parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
    with_parquet_errors(path, [&] {
      PARQUET_ASSIGN_OR_THROW(
          writer, parquet::arrow::FileWriter::Open(*schema, arrow::system_memory_pool(), stream,
                                                   properties));
    });
  }

  void write_group() {
    if (rows == 0) return;
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    with_parquet_errors(path, [&] {
      for (arrow::StringBuilder& column : columns) {
        PARQUET_ASSIGN_OR_THROW(const auto array, column.Finish());
        arrays.push_back(array);
      }
      PARQUET_THROW_NOT_OK(writer->WriteTable(*arrow::Table::Make(schema, arrays), kGroupRows));
    });
    rows = 0;
  }

  std::filesystem::path path;
  FileWriter output;
  std::shared_ptr<FileStream> stream;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<arrow::StringBuilder> columns;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  int64_t rows = 0;
};

ParquetWriter::ParquetWriter(const std::filesystem::path& path,
                             const std::vector<std::string>& columns)
    : content_(std::make_unique<Content>(path, columns)) {}

ParquetWriter::~ParquetWriter() = default;

void ParquetWriter::add(const std::vector<std::optional<std::string>>& row) {
  with_parquet_errors(content_->path, [&] {
    for (size_t i = 0; i < content_->columns.size(); ++i) {
      arrow::StringBuilder& column = content_->columns[i];
      PARQUET_THROW_NOT_OK(row.at(i) ? column.Append(*row[i]) : column.AppendNull());
    }
  });
  if (++content_->rows == kGroupRows) content_->write_group();
}

void ParquetWriter::commit() {
  content_->write_group();
  with_parquet_errors(content_->path, [&] { PARQUET_THROW_NOT_OK(content_->writer->Close()); });
  content_->output.commit();
}

}  // namespace tandem
