#include "tandem/io/npy.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/files/file_reader.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr size_t kAlignment = 64;

struct NpyDtype {
  std::string_view descr;
  torch::ScalarType dtype;
};
constexpr std::array<NpyDtype, 3> kDtypes = {
    {{"<f4", torch::kFloat32}, {"<f2", torch::kFloat16}, {"<i8", torch::kInt64}}};

std::string_view descr_of(torch::ScalarType dtype, const std::string& where) {
  for (const NpyDtype& each : kDtypes)
    if (each.dtype == dtype) return each.descr;
  throw Error(ErrorKind::kUsage, {.what = "unsupported dtype for a .npy file",
                                  .where = where,
                                  .expected = "float32, float16 or int64",
                                  .found = c10::toString(dtype)});
}

std::string compose_header(const torch::Tensor& tensor, std::string_view descr) {
  std::string shape = fmt::format("{}", fmt::join(tensor.sizes(), ", "));
  if (tensor.dim() == 1) shape += ",";
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  const size_t unpadded = kMagic.size() + 2 + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  std::string header(kMagic);
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

/// Walks over the Python dictionary that np.save writes, whose keys are always sorted.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string where) : rest_(text), where_(std::move(where)) {}

  void expect(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) fail(fmt::format("{} in the header", token));
    rest_.remove_prefix(token.size());
  }

  bool accept(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  torch::ScalarType dtype() {
    skip_spaces();
    for (const NpyDtype& each : kDtypes)
      if (accept(fmt::format("'{}'", each.descr))) return each.dtype;
    fail("descr '<f4', '<f2' or '<i8'");
  }

  int64_t dimension() {
    skip_spaces();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 0) fail("a size in the shape");
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }

  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(ErrorKind::kData, {.what = "unsupported .npy file",
                                   .where = where_,
                                   .expected = expected,
                                   .found = in_quotes(rest_.substr(0, 40))});
  }

 private:
  void skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n'))
      rest_.remove_prefix(1);
  }

  std::string_view rest_;
  std::string where_;
};

struct NpyHeader {
  torch::ScalarType dtype;
  std::vector<int64_t> shape;
};

NpyHeader parse_header(std::string_view text, const std::string& where) {
  HeaderReader reader(text, where);
  NpyHeader header;
  reader.expect("{");
  reader.expect("'descr'");
  reader.expect(":");
  header.dtype = reader.dtype();
  reader.expect(",");
  reader.expect("'fortran_order'");
  reader.expect(":");
  if (reader.accept("True")) reader.fail("C order");
  reader.expect("False");
  reader.expect(",");
  reader.expect("'shape'");
  reader.expect(":");
  reader.expect("(");
  while (!reader.accept(")")) {
    header.shape.push_back(reader.dimension());
    if (!reader.accept(",")) {
      reader.expect(")");
      break;
    }
  }
  reader.accept(",");
  reader.expect("}");
  return header;
}

uint64_t bytes_of(const NpyHeader& header, const std::string& where) {
  auto bytes = static_cast<int64_t>(c10::elementSize(header.dtype));
  bool empty = false;
  for (const int64_t size : header.shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes))
      throw Error(ErrorKind::kData, {.what = "the shape overflows", .where = where});
  }
  return empty ? 0 : static_cast<uint64_t>(bytes);
}

}  // namespace

void save_npy(const std::filesystem::path& path, const torch::Tensor& tensor) {
  const std::string_view descr = descr_of(tensor.scalar_type(), path.string());
  const torch::Tensor content = tensor.detach().cpu().contiguous();
  AtomicFile file(path);
  file.write(compose_header(content, descr));
  file.write(content.const_data_ptr(), content.nbytes());
  file.commit();
}

torch::Tensor load_npy(const std::filesystem::path& path) {
  const FileReader file(path);
  const std::string where = path.string();
  const std::string start = file.read(0, std::min<uint64_t>(file.size(), kMagic.size() + 2));
  if (start.size() < kMagic.size() + 2 || !start.starts_with(kMagic)) {
    throw Error(ErrorKind::kData, {.what = "is not a .npy file of format 1.0", .where = where});
  }
  const uint64_t length = static_cast<uint8_t>(start[8]) + 256U * static_cast<uint8_t>(start[9]);
  const uint64_t data_start = start.size() + length;
  if (data_start > file.size())
    throw Error(ErrorKind::kData, {.what = "the header is truncated", .where = where});
  const NpyHeader header = parse_header(file.read(start.size(), length), where);
  const uint64_t bytes = bytes_of(header, where);
  if (bytes != file.size() - data_start) {
    throw Error(ErrorKind::kData, {.what = "the size does not fit the header",
                                   .where = where,
                                   .expected = fmt::format("{} bytes of numbers", bytes),
                                   .found = std::to_string(file.size() - data_start)});
  }
  torch::Tensor tensor = torch::empty(header.shape, header.dtype);
  file.read(data_start, tensor.data_ptr(), bytes);
  return tensor;
}

}  // namespace tandem
