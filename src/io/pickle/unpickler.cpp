// What a pickle of torch.save makes of the classes that it names.
#include "io/pickle/unpickler.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "io/pickle/pickle_machine.h"

namespace tandem {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxRank = 64;

constexpr std::array<std::string_view, 5> kDictionaries = {
    "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict",
    "__builtin__.dict"};
constexpr std::array<std::string_view, 2> kTensors = {"torch._utils._rebuild_tensor_v2",
                                                      "torch._utils._rebuild_tensor"};
constexpr std::array<std::string_view, 2> kParameters = {
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"};
// Plain tensors by another class.
constexpr std::array<std::string_view, 4> kTensorTypes = {"torch.Tensor", "torch._tensor.Tensor",
                                                          "torch.nn.parameter.Parameter",
                                                          "torch.nn.parameter.Buffer"};
constexpr std::string_view kTypedTensor = "torch._tensor._rebuild_from_type_v2";

template <size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

void PickleMachine::push_global(const std::string& module, const std::string& name) {
  push({.kind = Kind::kGlobal, .text = module + "." + name});
}

// ("storage", its type, its key, a device, its number of elements, …)
void PickleMachine::push_persistent() {
  const PickleValue& tuple = values_[pop()];
  const bool shaped = tuple.kind == Kind::kTuple && tuple.items.size() >= 5;
  if (!shaped || values_[tuple.items[0]].text != "storage") {
    push_object("a reference by number");
    return;
  }
  if (tuple.items.size() > 5 && values_[tuple.items[5]].kind != Kind::kNone) {
    push_object("a view of a storage, as PyTorch before 0.4 wrote it");
    return;
  }
  const PickleValue& type = want(tuple.items[1], Kind::kGlobal, "storage type");
  const PickleValue& key = want(tuple.items[2], Kind::kText, "storage key");
  const PickleValue& size = want(tuple.items[4], Kind::kInteger, "storage size");
  storages_[key.text] = {type.text, size.integer};
  push({.kind = Kind::kStorage,
        .integer = size.integer,
        .text = key.text,
        .storage_type = type.text});
}

// The state of an object may hold tensors: a module's parameters. That of a tensor or a dictionary
// (the _metadata of a state dict) is no weight.
void PickleMachine::build() {
  const size_t state = pop();
  if (stack_.empty()) reject("the pickle pops from an empty stack");
  PickleValue& value = values_[stack_.back()];
  if (value.kind == Kind::kObject && values_[state].kind == Kind::kDictionary)
    value.items = {state};
}

// A dictionary made of a list of pairs, as Python 2 wrote an OrderedDict, or an empty one.
void PickleMachine::push_dictionary(const std::vector<size_t>& arguments) {
  push({.kind = Kind::kDictionary});
  if (arguments.empty()) return;
  for (const size_t pair : values_[arguments.front()].items) {
    if (values_[pair].items.size() == 2) append(Kind::kDictionary, values_[pair].items);
  }
}

// (builder, type, the builder's arguments, attributes)
void PickleMachine::rebuild_typed(const std::vector<size_t>& arguments) {
  const bool plain = arguments.size() >= 3 && values_[arguments[0]].text != kTypedTensor &&
                     is_one_of(kTensorTypes, values_[arguments[1]].text);
  if (plain) {
    construct(arguments[0], values_[arguments[2]].items);
  } else {
    push_object(arguments.size() < 2 ? std::string(kTypedTensor) : values_[arguments[1]].text);
  }
}

void PickleMachine::construct(size_t callable, const std::vector<size_t>& arguments) {
  const PickleValue& what = values_[callable];
  const std::string name = what.kind == Kind::kGlobal ? what.text : "no class";
  if (is_one_of(kDictionaries, name)) {
    push_dictionary(name == "collections.defaultdict" ? std::vector<size_t>() : arguments);
  } else if (is_one_of(kTensors, name)) {
    PickledTensor tensor = rebuild(arguments);
    push({.kind = Kind::kTensor});
    tensors_.emplace(stack_.back(), std::move(tensor));
  } else if (is_one_of(kParameters, name)) {
    if (arguments.empty()) reject("a parameter has too few parts");
    stack_.push_back(arguments[0]);
  } else if (name == kTypedTensor) {
    rebuild_typed(arguments);
  } else {
    push_object(name);
  }
}

std::vector<int64_t> PickleMachine::integers(size_t place, const char* what) const {
  const std::vector<size_t>& items = want(place, Kind::kTuple, what).items;
  if (items.size() > kMaxRank) reject("a tensor has too many dimensions");
  std::vector<int64_t> result;
  for (const size_t item : items) result.push_back(want(item, Kind::kInteger, what).integer);
  return result;
}

// (storage, offset, shape, strides, …)
PickledTensor PickleMachine::rebuild(const std::vector<size_t>& arguments) const {
  if (arguments.size() < 4) reject("a tensor has too few parts");
  const PickleValue& storage = want(arguments[0], Kind::kStorage, "storage");
  PickledTensor tensor{.storage = storage.text,
                       .storage_type = storage.storage_type,
                       .storage_size = storage.integer,
                       .offset = want(arguments[1], Kind::kInteger, "offset").integer,
                       .shape = integers(arguments[2], "shape"),
                       .strides = integers(arguments[3], "strides")};
  if (tensor.shape.size() != tensor.strides.size()) reject("a tensor's shape and strides disagree");
  return tensor;
}

}  // namespace tandem
