#include "tandem/io/torch_pickle.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "io/files/file_reader.h"
#include "io/files/foreign_content.h"
#include "io/files/utf8.h"
#include "io/pickle/unpickler.h"
#include "io/pickle/zip_directory.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr uint64_t kMaxPickleBytes = uint64_t{256} << 20;
// Before version 1.6: one file of five pickles, the tensors' numbers after them.
constexpr uint64_t kMaxOldPickleBytes = uint64_t{64} << 20;
constexpr std::string_view kOldMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
// Tensors may share a storage (tied weights), but not without end.
constexpr uint64_t kMaxShare = 4;

struct StorageType {
  std::string_view name;
  c10::ScalarType dtype;
};
constexpr StorageType kStorageTypes[] = {{"torch.FloatStorage", c10::ScalarType::Float},
                                         {"torch.HalfStorage", c10::ScalarType::Half},
                                         {"torch.BFloat16Storage", c10::ScalarType::BFloat16},
                                         {"torch.DoubleStorage", c10::ScalarType::Double},
                                         {"torch.LongStorage", c10::ScalarType::Long},
                                         {"torch.IntStorage", c10::ScalarType::Int},
                                         {"torch.ShortStorage", c10::ScalarType::Short},
                                         {"torch.CharStorage", c10::ScalarType::Char},
                                         {"torch.ByteStorage", c10::ScalarType::Byte},
                                         {"torch.BoolStorage", c10::ScalarType::Bool}};

[[noreturn]] void reject(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::kCheckpoint, {.what = what, .where = where});
}

std::optional<c10::ScalarType> dtype_of(const std::string& storage_type) {
  for (const StorageType& type : kStorageTypes) {
    if (type.name == storage_type) return type.dtype;
  }
  return std::nullopt;
}

// Returns the number of elements, after checking that all of them lie inside the storage.
int64_t checked_size(const PickledTensor& tensor, const std::string& name,
                     const std::string& where) {
  int64_t count = 1, last = tensor.offset;
  bool fits = tensor.offset >= 0 && tensor.storage_size >= 0;
  for (size_t axis = 0; fits && axis < tensor.shape.size(); ++axis) {
    const int64_t size = tensor.shape[axis], stride = tensor.strides[axis];
    int64_t reach = 0;
    fits = size >= 0 && stride >= 0 && !__builtin_mul_overflow(count, size, &count) &&
           !__builtin_mul_overflow(std::max<int64_t>(size - 1, 0), stride, &reach) &&
           !__builtin_add_overflow(last, reach, &last);
  }
  fits = fits && (count == 0 || (last < tensor.storage_size && count <= tensor.storage_size));
  if (!fits) reject(where, fmt::format("tensor {} exceeds its storage", in_quotes(name)));
  return count;
}

using Places = std::map<std::string, ZipEntry>;

/// Storages of a file by their keys, read once each.
class Storages {
 public:
  Storages(const FileReader& file, Places places, std::string where)
      : file_(file), places_(std::move(places)), where_(std::move(where)) {}

  torch::Tensor get(const PickledTensor& tensor, c10::ScalarType dtype) {
    const auto known = read_.find(tensor.storage);
    if (known != read_.end()) {
      if (known->second.scalar_type() != dtype || known->second.numel() != tensor.storage_size)
        reject(where_, fmt::format("storage {} has two types", in_quotes(tensor.storage)));
      return known->second;
    }
    const auto place = places_.find(tensor.storage);
    if (place == places_.end())
      reject(where_, fmt::format("storage {} is missing", in_quotes(tensor.storage)));
    const ZipEntry& entry = place->second;
    if (entry.packed)
      reject(where_, fmt::format("storage {} is compressed", in_quotes(place->first)));
    const uint64_t size = c10::elementSize(dtype), wanted = entry.bytes / size;
    if (tensor.storage_size < 0 || wanted != static_cast<uint64_t>(tensor.storage_size) ||
        entry.bytes != wanted * size)
      reject(where_, fmt::format("storage {} has the wrong size", in_quotes(tensor.storage)));
    torch::Tensor storage = torch::empty({tensor.storage_size}, dtype);
    file_.read(entry.offset, storage.data_ptr(), entry.bytes);
    return read_.emplace(tensor.storage, storage).first->second;
  }

 private:
  const FileReader& file_;
  Places places_;
  std::string where_;
  std::map<std::string, torch::Tensor> read_;
};

/// What a file describes, and where its storages are.
struct Described {
  PickledStateDict state;
  Places places;
};

// The folder inside the archive that holds data.pkl.
std::string find_prefix(const Places& entries, const std::string& where) {
  for (const auto& [name, entry] : entries) {
    const size_t slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash) == "/data.pkl")
      return name.substr(0, slash + 1);
  }
  reject(where, "the archive has no data.pkl");
}

Described read_archive(const FileReader& file, const std::string& where) {
  const Places entries = read_zip_directory(file, where);
  const std::string prefix = find_prefix(entries, where);
  const auto order = entries.find(prefix + "byteorder");
  if (order != entries.end() && order->second.bytes < 16 &&
      file.read(order->second.offset, order->second.bytes) != "little")
    reject(where, "the file's numbers are not little-endian");
  const ZipEntry pickle = entries.at(prefix + "data.pkl");
  if (pickle.packed) reject(where, "data.pkl is compressed or encrypted");
  if (pickle.bytes > kMaxPickleBytes) reject(where, "data.pkl is larger than 256 MB");
  Described result{.state = read_state_dict(file.read(pickle.offset, pickle.bytes), where),
                   .places = {}};
  const std::string folder = prefix + "data/";
  for (const auto& [name, entry] : entries) {
    if (name.starts_with(folder)) result.places.emplace(name.substr(folder.size()), entry);
  }
  return result;
}

// The pickles of a magic number, a version, the machine, the state dict and the storages' keys;
// then each storage as its number of elements (8 bytes) and these.
Described read_old_file(const FileReader& file, const std::string& where) {
  const std::string start = file.read(0, std::min(file.size(), kMaxOldPickleBytes));
  uint64_t at = kOldMagic.size();
  const auto rest = [&] { return std::string_view(start).substr(at); };
  at += skip_pickle(rest(), where);
  at += skip_pickle(rest(), where);
  Described result{.state = read_state_dict(rest(), where), .places = {}};
  at += result.state.bytes;
  const auto [keys, bytes] = read_text_list(rest(), where);
  at += bytes;
  for (const std::string& key : keys) {
    const auto known = result.state.storages.find(key);
    const auto dtype =
        known == result.state.storages.end() ? std::nullopt : dtype_of(known->second.first);
    if (!dtype) break;  // the place of what follows is not known; a tensor that needs it says so
    uint64_t count = 0;
    file.read(at, &count, sizeof count);
    at += sizeof count;
    if (count > (file.size() - at) / c10::elementSize(*dtype))
      reject(where, "the file is truncated");
    const uint64_t length = count * c10::elementSize(*dtype);
    result.places.emplace(key, ZipEntry{.offset = at, .bytes = length});
    at += length;
  }
  return result;
}

Described read_description(const FileReader& file, const std::string& where) {
  const std::string first = file.read(0, std::min<uint64_t>(file.size(), 512));
  if (first.starts_with("PK")) return read_archive(file, where);
  if (first.starts_with(kOldMagic)) return read_old_file(file, where);
  const auto foreign = recognize_foreign_content(first);
  const bool pickle = foreign && first[0] == '\x80';
  throw Error(ErrorKind::kCheckpoint,
              {.what = "not a file of torch.save",
               .where = where,
               .expected = "the zip format of torch.save, or the older one before PyTorch 1.6",
               .found = foreign ? std::string(foreign->name) : std::string(),
               .hint = foreign && !pickle ? std::string(foreign->hint)
                                          : std::string("load it, and save it with torch.save")});
}

}  // namespace

TorchFile load_torch_pickle(const std::filesystem::path& path) {
  const FileReader file(path);
  const std::string where = path.string();
  Described described = read_description(file, where);
  Storages storages(file, std::move(described.places), where);
  TorchFile result{.tensors = {},
                   .unread = std::move(described.state.unread),
                   .entry = std::move(described.state.entry),
                   .left_out = std::move(described.state.left_out)};
  uint64_t total = 0;
  for (const auto& [name, tensor] : described.state.tensors) {
    const auto dtype = dtype_of(tensor.storage_type);
    if (!dtype) {
      result.unread.emplace(name, "of type " + in_quotes(tensor.storage_type));
      continue;
    }
    total += static_cast<uint64_t>(checked_size(tensor, name, where));
    if (total > kMaxShare * file.size())
      reject(where, "the tensors together are far larger than the file");
    result.tensors.emplace(name, storages.get(tensor, *dtype)
                                     .as_strided(tensor.shape, tensor.strides, tensor.offset)
                                     .clone(at::MemoryFormat::Contiguous));
  }
  return result;
}

}  // namespace tandem
