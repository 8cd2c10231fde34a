#include "tandem/io/torch_pickle.h"

#include <fmt/format.h>

#include "io/file_reader.h"
#include "io/unpickler.h"
#include "io/utf8.h"
#include "io/zip_directory.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr uint64_t kMaxPickleBytes = uint64_t{256} << 20;
constexpr size_t kMaxRank = 64;
// Tensors may share a storage (tied weights), but not without end.
constexpr uint64_t kMaxShare = 4;

struct StorageType {
  std::string_view name;
  c10::ScalarType dtype;
};
constexpr StorageType kStorageTypes[] = {
    {"FloatStorage", c10::ScalarType::Float},       {"HalfStorage", c10::ScalarType::Half},
    {"BFloat16Storage", c10::ScalarType::BFloat16}, {"DoubleStorage", c10::ScalarType::Double},
    {"LongStorage", c10::ScalarType::Long},         {"IntStorage", c10::ScalarType::Int},
    {"ShortStorage", c10::ScalarType::Short},       {"CharStorage", c10::ScalarType::Char},
    {"ByteStorage", c10::ScalarType::Byte},         {"BoolStorage", c10::ScalarType::Bool}};

[[noreturn]] void reject(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::kCheckpoint, {.what = what, .where = where});
}

c10::ScalarType dtype_of(const PickledTensor& tensor) {
  for (const StorageType& type : kStorageTypes) {
    if (type.name == tensor.storage_type) return type.dtype;
  }
  TORCH_CHECK(false, "storage type ", tensor.storage_type);
}

// Returns the number of elements, after checking that all of them lie inside the storage.
int64_t checked_size(const PickledTensor& tensor, const std::string& name,
                     const std::string& where) {
  int64_t count = 1, last = tensor.offset;
  bool fits = tensor.offset >= 0 && tensor.storage_size >= 0 && tensor.shape.size() <= kMaxRank;
  for (size_t axis = 0; fits && axis < tensor.shape.size(); ++axis) {
    const int64_t size = tensor.shape[axis], stride = tensor.strides[axis];
    int64_t reach = 0;
    fits = size >= 0 && stride >= 0 && !__builtin_mul_overflow(count, size, &count) &&
           !__builtin_mul_overflow(std::max<int64_t>(size - 1, 0), stride, &reach) &&
           !__builtin_add_overflow(last, reach, &last);
  }
  fits = fits && (count == 0 || (last < tensor.storage_size && count <= tensor.storage_size));
  if (!fits) reject(where, fmt::format("tensor {} reaches outside its storage", in_quotes(name)));
  return count;
}

/// Storages of an archive, read once each.
class Storages {
 public:
  Storages(const FileReader& file, const std::map<std::string, ZipEntry>& entries,
           std::string prefix, std::string where)
      : file_(file), entries_(entries), prefix_(std::move(prefix)), where_(std::move(where)) {}

  torch::Tensor get(const PickledTensor& tensor) {
    const auto dtype = dtype_of(tensor);
    const auto known = read_.find(tensor.storage);
    if (known != read_.end()) {
      if (known->second.scalar_type() != dtype || known->second.numel() != tensor.storage_size)
        reject(where_, fmt::format("storage {} has two types", in_quotes(tensor.storage)));
      return known->second;
    }
    const auto entry = entries_.find(prefix_ + "data/" + tensor.storage);
    if (entry == entries_.end())
      reject(where_, fmt::format("storage {} is missing", in_quotes(tensor.storage)));
    const uint64_t wanted = static_cast<uint64_t>(tensor.storage_size) * c10::elementSize(dtype);
    if (tensor.storage_size < 0 ||
        entry->second.bytes / c10::elementSize(dtype) !=
            static_cast<uint64_t>(tensor.storage_size) ||
        entry->second.bytes != wanted)
      reject(where_,
             fmt::format("storage {} has another size than it says", in_quotes(tensor.storage)));
    torch::Tensor storage = torch::empty({tensor.storage_size}, dtype);
    file_.read(entry->second.offset, storage.data_ptr(), entry->second.bytes);
    return read_.emplace(tensor.storage, storage).first->second;
  }

 private:
  const FileReader& file_;
  const std::map<std::string, ZipEntry>& entries_;
  std::string prefix_;
  std::string where_;
  std::map<std::string, torch::Tensor> read_;
};

// The folder inside the archive that holds data.pkl.
std::string find_prefix(const std::map<std::string, ZipEntry>& entries, const std::string& where) {
  for (const auto& [name, entry] : entries) {
    if (name.ends_with("/constants.pkl"))
      reject(where, "the file is a TorchScript program, not a state dict");
  }
  for (const auto& [name, entry] : entries) {
    const size_t slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash) == "/data.pkl")
      return name.substr(0, slash + 1);
  }
  reject(where, "the archive has no data.pkl");
}

}  // namespace

TensorMap load_torch_pickle(const std::filesystem::path& path) {
  const FileReader file(path);
  const std::string where = path.string();
  if (file.size() < 4 || file.read(0, 2) != "PK") {
    throw Error(ErrorKind::kCheckpoint,
                {.what = "the file is not a PyTorch archive",
                 .where = where,
                 .expected = "the zip format of torch.save (PyTorch 1.6 and later)",
                 .hint = "load and save it with a newer PyTorch"});
  }
  const auto entries = read_zip_directory(file, where);
  const std::string prefix = find_prefix(entries, where);
  const auto order = entries.find(prefix + "byteorder");
  if (order != entries.end() && order->second.bytes < 16 &&
      file.read(order->second.offset, order->second.bytes) != "little")
    reject(where, "the file's numbers are not little-endian");
  const ZipEntry pickle = entries.at(prefix + "data.pkl");
  if (pickle.bytes > kMaxPickleBytes) reject(where, "data.pkl is larger than 256 MB");
  const auto described = read_state_dict(file.read(pickle.offset, pickle.bytes), where);
  Storages storages(file, entries, prefix, where);
  TensorMap result;
  uint64_t total = 0;
  for (const auto& [name, tensor] : described) {
    total += static_cast<uint64_t>(checked_size(tensor, name, where));
    if (total > kMaxShare * file.size())
      reject(where, "the tensors together are far larger than the file");
    result.emplace(name, storages.get(tensor)
                             .as_strided(tensor.shape, tensor.strides, tensor.offset)
                             .clone(at::MemoryFormat::Contiguous));
  }
  return result;
}

}  // namespace tandem
