#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem {

/// A value of a pickle. Values refer to each other by their place, as PickleMachine::at takes it.
struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInteger,
    kFloat,
    kText,
    kTuple,
    kDictionary,
    kGlobal,
    kStorage,
    kTensor,
    kObject
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;  ///< Also a bool.
  double number = 0.0;
  /// A text; a global's "module.name"; a storage's key; what an object was made by.
  std::string text = {};
  std::string storage_type = {};  ///< Of a storage: "torch.FloatStorage".
  /// Of a tuple or list; of a dictionary key, value, key, …; of an object its state, if it has one.
  std::vector<size_t> items = {};
};

/// A tensor as the pickle describes it.
struct PickledTensor {
  std::string storage;       ///< Key of the storage's file.
  std::string storage_type;  ///< "torch.FloatStorage".
  int64_t storage_size = 0;  ///< In elements.
  int64_t offset = 0;
  std::vector<int64_t> shape = {};
  std::vector<int64_t> strides = {};
};

/// The state dict that a pickle describes.
struct PickledStateDict {
  std::map<std::string, PickledTensor> tensors = {};
  std::map<std::string, std::string> unread = {};  ///< Other entries of it, and what they are.
  std::string entry = {};                  ///< Where it was: "model.state_dict"; empty at the top.
  std::vector<std::string> left_out = {};  ///< Entries beside it: "optimizer", "epoch".
  /// Of every storage of the pickle: its type and number of elements, by key.
  std::map<std::string, std::pair<std::string, int64_t>> storages = {};
  uint64_t bytes = 0;  ///< Length of the pickle.
};

/// Returns the state dict in `pickle` as load_torch_pickle finds it. Runs nothing. Throws
/// kCheckpoint; `where` names the file in messages.
[[nodiscard]] PickledStateDict read_state_dict(std::string_view pickle, const std::string& where);

/// Returns the texts of a pickle that is a list of them, and its length in bytes. Throws as above.
[[nodiscard]] std::pair<std::vector<std::string>, uint64_t> read_text_list(
    std::string_view pickle, const std::string& where);

/// Returns the length of a pickle of any content. Throws as above.
[[nodiscard]] uint64_t skip_pickle(std::string_view pickle, const std::string& where);

}  // namespace tandem
