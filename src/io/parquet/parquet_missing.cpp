#include "io/parquet/parquet_file.h"
#include "tandem/core/error.h"
#include "tandem/io/parquet.h"

namespace tandem {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw Error(ErrorKind::kUsage,
              {.what = "this build of Tandem does not support Parquet",
               .where = path.string(),
               .hint = "scripts/setup.sh and a build with -DTANDEM_PARQUET=ON, or JSON lines "
                       "(pandas: read_parquet(…).to_json(…, orient=\"records\", lines=True))"});
}

}  // namespace

struct ParquetFile::Content {};

ParquetFile::ParquetFile(std::filesystem::path path) : path_(std::move(path)) { refuse(path_); }
ParquetFile::~ParquetFile() = default;
ParquetFile::ParquetFile(ParquetFile&&) noexcept = default;
ParquetFile& ParquetFile::operator=(ParquetFile&&) noexcept = default;
int64_t ParquetFile::rows() const { refuse(path_); }
const std::vector<ParquetColumn>& ParquetFile::columns() const { refuse(path_); }
void ParquetFile::read_texts(const std::vector<size_t>&, const VisitRow&) const { refuse(path_); }
std::vector<ParquetPage> ParquetFile::find_pages(size_t) const { refuse(path_); }
std::vector<std::optional<std::string>> ParquetFile::decode_page(size_t, const ParquetPage&,
                                                                 std::string_view,
                                                                 std::string_view) const {
  refuse(path_);
}

bool has_parquet() { return false; }

struct ParquetWriter::Content {};

ParquetWriter::ParquetWriter(const std::filesystem::path& path, const std::vector<std::string>&) {
  refuse(path);
}
ParquetWriter::~ParquetWriter() = default;
void ParquetWriter::add(const std::vector<std::optional<std::string>>&) {}
void ParquetWriter::commit() {}

}  // namespace tandem
