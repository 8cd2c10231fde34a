#include "tandem/io/safetensors.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "io/files/file_reader.h"
#include "io/files/mapped_file.h"
#include "io/files/utf8.h"
#include "io/safetensors/safetensors_header.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

constexpr uint64_t kFirstBytes = 512;
constexpr size_t kGatheredBytes = 1 << 18;  // so that many small tensors cost few writes

void check_bools(const torch::Tensor& tensor, const TensorEntry& entry, const std::string& where) {
  if (entry.dtype != torch::kBool) return;
  const auto* const bytes = static_cast<const uint8_t*>(tensor.const_data_ptr());
  if (std::all_of(bytes, bytes + tensor.nbytes(), [](uint8_t byte) { return byte <= 1; })) return;
  throw Error(ErrorKind::kCheckpoint,
              {.what = fmt::format("tensor {} of dtype BOOL holds a byte that is neither 0 nor 1",
                                   in_quotes(entry.name)),
               .where = where});
}

/// A file whose header is read and checked.
struct OpenFile {
  FileReader file;
  SafetensorsHeader header;
  uint64_t data_start = 0;

  explicit OpenFile(const std::filesystem::path& path) : file(path) {
    const std::string where = path.string();
    const std::string first = file.read(0, std::min(file.size(), kFirstBytes));
    const uint64_t length = check_header_length(first, file.size(), where);
    data_start = 8 + length;
    header = parse_safetensors_header(file.read(8, length), file.size() - data_start, where);
  }
};

torch::Tensor read_tensor(const OpenFile& source, const TensorEntry& entry) {
  torch::Tensor tensor = torch::empty(entry.shape, entry.dtype);
  source.file.read(source.data_start + entry.begin, tensor.data_ptr(), entry.end - entry.begin);
  return tensor;
}

SafetensorsFile gather(const OpenFile& source,
                       const std::function<torch::Tensor(const TensorEntry&)>& tensor_of) {
  SafetensorsFile result{.metadata = source.header.metadata};
  for (const TensorEntry& entry : source.header.entries) {
    const torch::Tensor tensor = tensor_of(entry);
    check_bools(tensor, entry, source.file.name());
    result.tensors.emplace(entry.name, tensor);
  }
  return result;
}

[[noreturn]] void refuse_to_write(const std::string& what, const std::filesystem::path& path) {
  throw Error(ErrorKind::kUsage, {.what = what, .where = path.string()});
}

TensorEntry describe(const std::string& name, const torch::Tensor& tensor,
                     const std::filesystem::path& path) {
  if (name == "__metadata__" || !is_utf8(name))
    refuse_to_write(in_quotes(name) + " cannot be a tensor's name", path);
  if (!tensor.defined() || tensor.layout() != torch::kStrided)
    refuse_to_write(fmt::format("tensor {} is not a dense tensor", in_quotes(name)), path);
  const auto& dtypes = safetensors_dtypes();
  const bool known = std::any_of(dtypes.begin(), dtypes.end(), [&](const auto& each) {
    return each.dtype == tensor.scalar_type();
  });
  if (!known) {
    refuse_to_write(fmt::format("tensor {} has dtype {}, which safetensors files do not hold",
                                in_quotes(name), c10::toString(tensor.scalar_type())),
                    path);
  }
  return {.name = name, .dtype = tensor.scalar_type(), .shape = tensor.sizes().vec()};
}

/// Larger items first, so that every tensor is aligned to its own item size.
SafetensorsHeader plan(const TensorMap& tensors, const std::filesystem::path& path) {
  SafetensorsHeader header;
  for (const auto& [name, tensor] : tensors) header.entries.push_back(describe(name, tensor, path));
  std::stable_sort(header.entries.begin(), header.entries.end(),
                   [](const TensorEntry& left, const TensorEntry& right) {
                     return c10::elementSize(left.dtype) > c10::elementSize(right.dtype);
                   });
  uint64_t offset = 0;
  for (TensorEntry& entry : header.entries) {
    entry.begin = offset;
    offset += tensors.at(entry.name).nbytes();
    entry.end = offset;
  }
  return header;
}

}  // namespace

SafetensorsFile load_safetensors(const std::filesystem::path& path) {
  const OpenFile source(path);
  return gather(source, [&](const TensorEntry& entry) { return read_tensor(source, entry); });
}

SafetensorsFile map_safetensors(const std::filesystem::path& path) {
  const OpenFile source(path);
  const std::shared_ptr<uint8_t> bytes = map_file(source.file);
  return gather(source, [&](const TensorEntry& entry) {
    const uint64_t offset = source.data_start + entry.begin;
    const bool is_aligned = offset % c10::elementSize(entry.dtype) == 0 && entry.end > entry.begin;
    if (!is_aligned) return read_tensor(source, entry);
    return torch::from_blob(
        bytes.get() + offset, entry.shape, [bytes](void*) {}, torch::TensorOptions(entry.dtype));
  });
}

std::string save_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                             const std::map<std::string, std::string>& metadata) {
  SafetensorsHeader header = plan(tensors, path);
  for (const auto& [key, value] : metadata) {
    if (!is_utf8(key) || !is_utf8(value))
      refuse_to_write(fmt::format("metadata {} is not valid UTF-8", in_quotes(key)), path);
  }
  header.metadata = metadata;
  AtomicFile file(path);
  std::string gathered = compose_safetensors_header(header);
  for (const TensorEntry& entry : header.entries) {
    const torch::Tensor tensor = tensors.at(entry.name).detach().cpu().contiguous().resolve_neg();
    const bool small = tensor.nbytes() < kGatheredBytes;
    const std::string_view bytes(static_cast<const char*>(tensor.const_data_ptr()),
                                 tensor.nbytes());
    if (small) gathered += bytes;
    if (!small || gathered.size() >= kGatheredBytes) file.write(std::exchange(gathered, {}));
    if (!small) file.write(bytes);
  }
  file.write(gathered);
  file.commit();
  return file.hash();
}

}  // namespace tandem
