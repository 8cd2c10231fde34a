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
    kTensor
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;  ///< Also a bool.
  double number = 0.0;
  std::string text = {};           ///< A text; a global's "module.name"; a storage's key.
  std::string storage_type = {};   ///< Of a storage: "FloatStorage".
  std::vector<size_t> items = {};  ///< Of a tuple or list; of a dictionary key, value, key, …
};

/// A tensor as the pickle describes it.
struct PickledTensor {
  std::string storage;       ///< Key of the storage's file.
  std::string storage_type;  ///< "FloatStorage".
  int64_t storage_size = 0;  ///< In elements.
  int64_t offset = 0;
  std::vector<int64_t> shape = {};
  std::vector<int64_t> strides = {};
};

/// Returns the tensors of the state dict that `pickle` describes, by name. Runs nothing (see
/// load_torch_pickle). Throws kCheckpoint; `where` names the file in messages.
[[nodiscard]] std::map<std::string, PickledTensor> read_state_dict(std::string_view pickle,
                                                                   const std::string& where);

}  // namespace tandem
